//! Where the project lies.

use std::path::{Path, PathBuf};

/// The project's top folder.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the project")
}

/// Where cargo puts what it builds for this very test: `target/debug`, say.
pub(crate) fn build_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let deps = test.parent().expect("it lies in a folder");
    deps.parent().expect("which is called deps").to_owned()
}

/// Where cargo keeps what it builds of plugins on the way, for all of them: most need the same crates,
/// which are compiled once. As `CARGO_BUILD_BUILD_DIR`; what comes out stays with each plugin.
pub(crate) const PLUGIN_BUILDS: &str = "CARGO_BUILD_BUILD_DIR";

/// The value of [`PLUGIN_BUILDS`].
pub(crate) fn plugin_builds() -> PathBuf {
    build_folder().join("plugin-builds")
}
