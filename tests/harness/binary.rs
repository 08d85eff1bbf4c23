//! The binary under test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::lines::finish;
use crate::repository::{PLUGIN_BUILDS, build_folder, plugin_builds, repository};

/// What a finished process left behind.
#[derive(Debug)]
pub struct Output {
    /// The exit code; none when a signal ended the process.
    pub code: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Output {
    /// The exit code and both streams must be as a success has them.
    #[track_caller]
    #[must_use]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// stdout as one JSON document.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Runs `millstream` with `args` in the project's top folder.
pub fn millstream<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    millstream_in(repository(), args)
}

/// Runs `millstream` with `args` in `folder`.
pub fn millstream_in<A: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = A>) -> Output {
    let mut command = command();
    command.current_dir(folder).args(args).stdin(Stdio::null());
    finish(
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts"),
    )
}

/// Runs `millstream` with `args` in the project's top folder, with variables in the environment.
pub fn millstream_with_env<A: AsRef<OsStr>>(
    args: impl IntoIterator<Item = A>,
    env: &[(&str, &Path)],
) -> Output {
    let mut command = command();
    command.current_dir(repository()).args(args).envs(env.iter().copied()).stdin(Stdio::null());
    finish(
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts"),
    )
}

/// Runs `millstream` with `args` in the project's top folder, however long that takes: compilers
/// have their own pace.
#[track_caller]
pub fn millstream_unhurried<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    let mut command = command();
    command.current_dir(repository()).args(args).stdin(Stdio::null());
    let output = command.output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Output { code: output.status.code(), stdout, stderr }
}

/// The folder the binary lies in, for a `PATH`.
#[must_use]
pub fn binary_folder() -> PathBuf {
    path().parent().expect("it lies in a folder").to_owned()
}

/// The binary with a clean environment: what the machine is set to must not decide a test.
pub(crate) fn command() -> Command {
    let mut command = Command::new(path());
    for variable in ["MILLSTREAM_URL", "MILLSTREAM_TOKEN", "MILLSTREAM_LOG", "CARGO_TARGET_DIR"] {
        command.env_remove(variable);
    }
    command.env("XDG_CACHE_HOME", build_folder().join("test-cache")).env("NO_COLOR", "1");
    command.env(PLUGIN_BUILDS, plugin_builds());
    // Whatever its user is to registries.
    command.env("DOCKER_CONFIG", build_folder().join("no-docker"));
    command
}

/// `MILLSTREAM_BIN` where that is set, else built once a test process, so that no test runs
/// yesterday's binary.
#[track_caller]
pub(crate) fn path() -> &'static Path {
    static BINARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let given = || std::env::var_os("MILLSTREAM_BIN").map(PathBuf::from);
    let found = BINARY.get_or_init(|| given().or_else(build)).as_deref();
    found.expect("the binary does not build: see the errors above, or `cargo build -p millstream`")
}

fn build() -> Option<PathBuf> {
    let folder = build_folder();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository()).args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "millstream",
    ]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.stdin(Stdio::null()).status().expect("cargo starts");
    status.success().then(|| folder.join("millstream"))
}
