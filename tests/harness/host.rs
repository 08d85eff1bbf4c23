//! A host that runs a pipeline.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use crate::api::Api;
use crate::binary::{Output, command, millstream};
use crate::lines::{Guard, Lines, end};
use crate::summary::Summary;

/// `millstream run` while it runs.
pub struct Host {
    process: Guard,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    url: String,
}

/// What a host's stdin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    None,
    /// What the test writes; open until [`Host::end_input`].
    Piped,
}

impl Host {
    /// Starts the pipeline `file` with more `args` and waits until it serves.
    #[track_caller]
    #[must_use]
    pub fn start(file: &Path, input: Input, args: &[&str]) -> Self {
        Self::start_with_env(file, input, args, &[])
    }

    /// As [`Host::start`], with variables in the environment.
    #[track_caller]
    #[must_use]
    pub fn start_with_env(file: &Path, input: Input, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut host = Self::launch(file, input, args, env);
        host.wait_until_it_serves();
        host
    }

    /// Starts the pipeline `file` and waits for nothing.
    #[track_caller]
    #[must_use]
    pub fn launch(file: &Path, input: Input, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = run(file, args);
        command.envs(env.iter().copied()).stdin(if input == Input::Piped {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = command.spawn().expect("the binary starts");
        let stdout = Lines::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Lines::of(child.stderr.take().expect("stderr is piped"));
        let stdin = child.stdin.take();
        Self { process: Guard(child), stdin, stdout, stderr, url: String::new() }
    }

    /// Waits until a launched host serves.
    #[track_caller]
    pub fn wait_until_it_serves(&mut self) {
        let serving = self.stderr.wait_for("serving `");
        let (_, url) = serving.split_once(" at ").expect("the line says where");
        self.url = url.split(';').next().expect("an address").to_owned();
    }

    /// Runs the pipeline `file` to its end, whatever that is.
    #[track_caller]
    pub fn run(file: &Path, args: &[&str], env: &[(&str, &Path)], input: &[u8]) -> Output {
        let mut command = run(file, args);
        let mut child = command
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // It may end before it has read everything.
            let _ = stdin.write_all(&input);
        });
        let output = crate::lines::finish(child);
        writer.join().expect("the writer ends");
        output
    }

    /// The address it serves at.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its HTTP API.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::at(&self.url)
    }

    /// Runs a command of the binary against it.
    #[track_caller]
    pub fn command(&self, args: &[&str]) -> Output {
        millstream([&["--url", &self.url], args].concat())
    }

    /// Writes to its stdin; returns when the host, or the pipe before it, has taken all of it.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stdin.as_mut().expect("the input is piped and open").write_all(bytes)
    }

    /// Ends its stdin: with `--drain` the host ends once everything is handled.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for a line on stderr that holds `text`.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        self.stderr.wait_for(text)
    }

    /// Waits for a line on stdout that holds `text`: what a sink printed.
    #[track_caller]
    pub fn wait_for_output(&mut self, text: &str) -> String {
        self.stdout.wait_for(text)
    }

    /// The most memory that it ever held, in bytes, as the system counts it.
    #[track_caller]
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.0.id());
        let status = std::fs::read_to_string(path).expect("the host is alive");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.expect("the system tells it") << 10
    }

    /// Sends a signal by its name, such as `TERM`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        self.signals(&[name]);
    }

    /// Sends signals by their names, one right after the other.
    #[track_caller]
    pub fn signals(&self, names: &[&str]) {
        let pid = self.process.0.id();
        let kills: Vec<String> = names.iter().map(|name| format!("kill -{name} {pid}")).collect();
        let sent = Command::new("sh").arg("-c").arg(kills.join(" && ")).status();
        assert!(sent.expect("sh starts").success(), "{kills:?} failed");
    }

    /// Ends it by SIGKILL, wherever it is; it must not have ended by itself.
    #[track_caller]
    pub fn kill(self) {
        let Self { mut process, stderr, .. } = self;
        process.0.kill().expect("it can be killed");
        let status = process.0.wait().expect("it can be waited for");
        assert_eq!(status.signal(), Some(9), "it ended by itself, {status}:\n{}", stderr.rest());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(self) -> Output {
        let Self { process, stdout, stderr, stdin: _stdin_stays_open, .. } = self;
        end(process, stdout, stderr)
    }

    /// Ends it by SIGTERM, which must succeed, and takes its summary.
    #[track_caller]
    #[must_use]
    pub fn terminate(self) -> Summary {
        self.signal("TERM");
        Summary::of(&self.finish().success())
    }
}

fn run(file: &Path, args: &[&str]) -> Command {
    let mut command = command();
    command.arg("run").arg(file).args(["--format", "json"]);
    if !args.contains(&"--http") {
        command.args(["--http", "127.0.0.1:0"]);
    }
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
