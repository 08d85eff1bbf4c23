//! One run of a set's judges on the copy as it stands.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::catalogue::Judge;
use crate::printed::first_failure;
use crate::scratch::Scratch;

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A judge failed: this is what it found.
    Caught(String),
    /// Nobody noticed anything.
    Survived,
}

/// Builds and runs the judges until one fails.
pub(crate) fn try_out(scratch: &Scratch, judges: &[Judge]) -> Result<Outcome> {
    for judge in judges {
        let test = build(scratch, judge)?;
        if let Some(found) = ask(scratch, judge, &test)? {
            return Ok(Outcome::Caught(found));
        }
    }
    Ok(Outcome::Survived)
}

/// The judge's program: run without cargo, so that it can be ended.
fn build(scratch: &Scratch, judge: &Judge) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let built = cargo
        .current_dir(scratch.folder())
        .args(["test", "--offline", "-p", "millstream-queue", "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .args(&judge.target)
        .env("CARGO_TARGET_DIR", scratch.folder().join("target"))
        .output()
        .context("starting cargo")?;
    let errors = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "it does not compile:\n{errors}");
    let messages = String::from_utf8_lossy(&built.stdout);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|one| one["executable"].as_str().map(PathBuf::from));
    programs.next().with_context(|| format!("{:?} is no test", judge.target))
}

/// What the judge finds.
fn ask(scratch: &Scratch, judge: &Judge, test: &Path) -> Result<Option<String>> {
    let (printed, printing) = std::io::pipe()?;
    let mut command = Command::new(test);
    command
        .current_dir(scratch.queue())
        .arg("--nocapture")
        .stdin(Stdio::null())
        .stdout(printing.try_clone()?)
        .stderr(printing);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("MILLSTREAM_")) {
        command.env_remove(name);
    }
    let mut running = command.envs(&judge.environment).spawn().context("starting the tests")?;
    // With its ends of the pipe: the reading ends when the tests do.
    drop(command);
    let found = first_failure(printed).recv_timeout(Duration::from_secs(judge.seconds_max));
    if found != Err(RecvTimeoutError::Disconnected) {
        // The others may take long, or fail for ever.
        running.kill()?;
    }
    let status = running.wait()?;
    Ok(match found {
        Ok(finding) => Some(finding),
        Err(RecvTimeoutError::Timeout) => Some("it goes round, or waits, for ever".to_owned()),
        Err(RecvTimeoutError::Disconnected) if status.success() => None,
        Err(RecvTimeoutError::Disconnected) => Some(format!("the tests ended with {status}")),
    })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(found) => write!(f, "caught: {found}"),
            Self::Survived => f.write_str("SURVIVED"),
        }
    }
}
