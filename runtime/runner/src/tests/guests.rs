//! Guests for whole pipelines, built on first use.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A guest that hands everything on.
pub(crate) fn echo() -> Vec<u8> {
    std::fs::read(built()[0].join("echo.wasm")).unwrap()
}

/// A guest that refuses every configuration but one.
pub(crate) fn refuse_config() -> Vec<u8> {
    std::fs::read(built()[0].join("refuse_config.wasm")).unwrap()
}

/// A guest that starts three times of four and traps on all that is not `calm`.
pub(super) fn lucky() -> Vec<u8> {
    std::fs::read(built()[1].join("examples/lucky.wasm")).unwrap()
}

/// Where they are, all built by whoever asks first. After that nobody starts a process: one that is
/// being started has for a moment what is open here, with its locks.
pub(crate) fn built() -> &'static [PathBuf; 2] {
    static BUILT: OnceLock<[PathBuf; 2]> = OnceLock::new();
    BUILT.get_or_init(|| {
        let guests = build("tests/guests", &["--locked", "-p", "echo", "-p", "refuse-config"]);
        [guests, build("runtime/plugin-host/tests/guests", &["--example", "lucky"])]
    })
}

/// Builds guests of the workspace in `folder`; answers where they are.
fn build(folder: &str, what: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--target", "wasm32-unknown-unknown"])
        .args(what)
        .current_dir(&folder)
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_BUILD_BUILD_DIR", shared())
        .status();
    assert!(built.unwrap().success(), "the guest does not build");
    folder.join("target/wasm32-unknown-unknown/release")
}

/// Where cargo keeps what it builds of guests on the way: with all other tests, since most guests need the
/// same crates.
fn shared() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("plugin-builds")
}
