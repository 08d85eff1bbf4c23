//! One run of the simulation on the copy as it stands.

use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::scratch::Scratch;

/// Seeds played on each mutation.
const SEEDS: &str = "3000";

/// The longest run: a broken core may go round for ever.
const TRIAL_MAX: Duration = Duration::from_secs(240);

/// Bytes of what the simulation prints that are read: a broken core may fail at great length.
const PRINTED_MAX: u64 = 1 << 20;

/// What became of the simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It failed: this is what it found.
    Caught(String),
    /// Nobody noticed anything.
    Survived,
}

/// Builds and runs the simulation.
pub(crate) fn try_out(scratch: &Scratch) -> Result<Outcome> {
    let built = simulation(scratch, &["--no-run"]).output().context("starting cargo")?;
    let errors = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "it does not compile:\n{errors}");
    let mut running = simulation(scratch, &["--", "--nocapture"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("starting cargo")?;
    let printed = running.stdout.take().context("the simulation prints nothing")?;
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let read = printed.take(PRINTED_MAX).read_to_string(&mut text);
        // Nobody listens any more after the longest run.
        let _gone = sender.send(read.map(|_| text));
    });
    let Ok(text) = receiver.recv_timeout(TRIAL_MAX) else {
        running.kill()?;
        running.wait()?;
        return Ok(Outcome::Caught("it goes round for ever".to_owned()));
    };
    let status = running.wait()?;
    let _joined = reader.join();
    Ok(if status.success() { Outcome::Survived } else { Outcome::Caught(finding(&text?)) })
}

fn simulation(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(scratch.folder())
        .args(["test", "--offline", "-p", "millstream-queue", "--test", "simulation"])
        .args(arguments)
        .env("CARGO_TARGET_DIR", scratch.folder().join("target"))
        .env("MILLSTREAM_SEEDS", SEEDS);
    for name in ["MILLSTREAM_SEED", "MILLSTREAM_SEED_FROM", "MILLSTREAM_FAILURES"] {
        cargo.env_remove(name);
    }
    cargo
}

/// The line that names the seed.
fn finding(printed: &str) -> String {
    let line = printed.lines().find(|line| line.starts_with("seed "));
    line.unwrap_or("it failed without naming a seed").chars().take(120).collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(finding) => write!(f, "caught: {finding}"),
            Self::Survived => f.write_str("SURVIVED"),
        }
    }
}
