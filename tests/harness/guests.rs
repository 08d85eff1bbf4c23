//! Plugins that tests run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::binary::millstream;
use crate::repository::{PLUGIN_BUILDS, plugin_builds, repository};

/// What guests are built for.
const TARGET: &str = "wasm32-unknown-unknown";

/// The folder of the plugin `delays`, built by the binary as its users would.
#[must_use]
pub fn delays() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| plugin("delays"))
}

/// The folder of a plugin of `plugins`, built by the binary as its users would: once a test
/// process, whoever asks first.
#[track_caller]
pub fn plugin(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let folder = repository().join("plugins").join(name);
    // A test that failed while it built has said so itself.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.contains(name) {
        let _ = millstream(["build".as_ref(), folder.as_os_str()]).success();
        built.insert(name.to_owned());
    }
    folder
}

/// A guest of `tests/guests`, as a component's file: a core module with its type embedded.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| build(&[]));
    let path = folder().join(format!("{}.wasm", name.replace('-', "_")));
    assert!(path.is_file(), "there is no guest `{name}`");
    path
}

/// Builds guests; `what` says which, if not all libraries.
pub(crate) fn build(what: &[&str]) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository().join("tests/guests"));
    cargo.args(["build", "--quiet", "--locked", "--release", "--target", TARGET]).args(what);
    // Where the host is built, and how, is not the guests' affair.
    cargo.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").stdin(Stdio::null());
    cargo.env(PLUGIN_BUILDS, plugin_builds());
    assert!(cargo.status().expect("cargo starts").success(), "the guests do not build");
}

/// Where built guests lie.
pub(crate) fn folder() -> PathBuf {
    repository().join("tests/guests/target").join(TARGET).join("release")
}
