//! A broker's own process, run by its script in `brokers/`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::process;

/// Where Linux picks no ports for clients, and far enough from the scripts' own second ports.
const PORTS: std::ops::Range<u16> = 23_000..24_000;

/// `brokers/FILE` and the environment it is run with.
pub(crate) struct Script {
    pub(crate) file: &'static str,
    /// The folder of its data, under the one of the run.
    pub(crate) folder: &'static str,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// Stopped, and its files removed, when dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    script: PathBuf,
    folder: PathBuf,
    pid: u32,
}

impl Server {
    /// Installs what is missing and starts afresh under `dir`.
    ///
    /// # Errors
    /// What the script says is in the way.
    pub(crate) fn start(script: &Script, dir: &Path) -> anyhow::Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("brokers").join(script.file);
        let folder = dir.join(script.folder);
        let run = |arguments: &[&str]| call(&path, &script.environment, arguments);
        run(&["install"])?;
        // A run that was killed may have left a server there.
        let folder_text = folder.to_str().context("the folder's name is not UTF-8")?;
        run(&["stop", folder_text])?;
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        let started = run(&["start", folder_text, &free_port()?.to_string()]);
        if started.is_err() {
            // What is half started keeps its port. Its log stays for who looks for the cause.
            run(&["stop", folder_text])?;
        }
        let (url, pid) = (started?, pid(&folder)?);
        Ok(Self { url, script: path.clone(), folder, pid })
    }

    /// The processor time that it and its children have used.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        process::tree_cpu(self.pid)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let folder = self.folder.to_string_lossy().into_owned();
        match call(&self.script, &[], &["stop", &folder]) {
            Ok(_) => drop(std::fs::remove_dir_all(&self.folder)),
            Err(error) => eprintln!("{} may still run: {error:#}", self.script.display()),
        }
    }
}

/// What the script prints on its last line.
fn call(
    script: &Path,
    environment: &[(&'static str, String)],
    arguments: &[&str],
) -> anyhow::Result<String> {
    let environment = environment.iter().map(|(name, value)| (name, value));
    let output = Command::new("bash").arg(script).args(arguments).envs(environment).output();
    let output = output.context("bash cannot be started")?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        eprint!("{stderr}");
        let last = stderr.lines().rfind(|line| !line.trim().is_empty());
        let script = script.file_name().unwrap_or_default().to_string_lossy();
        let command = arguments.first().unwrap_or(&"");
        anyhow::bail!("`{script} {command}` failed: {}", last.unwrap_or("it does not say why"));
    }
    let stdout = String::from_utf8(output.stdout)?;
    Ok(stdout.lines().last().unwrap_or_default().to_owned())
}

/// The scripts keep "pid start-time".
fn pid(folder: &Path) -> anyhow::Result<u32> {
    let text = std::fs::read_to_string(folder.join("pid"))?;
    let pid = text.split_whitespace().next().context("the script left no process id")?;
    Ok(pid.parse()?)
}

fn free_port() -> anyhow::Result<u16> {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    PORTS.into_iter().find(is_free).with_context(|| format!("no port of {PORTS:?} is free"))
}
