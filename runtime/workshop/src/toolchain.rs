//! Where the languages' tools are: each has a script that installs what a fresh machine lacks.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::new::toolchain_script;

/// The languages that there is such a script for: those with an SDK, then those without.
pub const TOOLCHAINS: [&str; 6] = ["rust", "go", "python", "javascript", "c", "zig"];

/// The folder that `sdk/toolchains/LANGUAGE.sh` installs into: `$MILLSTREAM_TOOLCHAINS/LANGUAGE`,
/// else below `$XDG_DATA_HOME` or `$HOME/.local/share`; none without a home.
#[must_use]
pub fn toolchain(language: &str) -> Option<PathBuf> {
    let absolute =
        |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let all = absolute("MILLSTREAM_TOOLCHAINS").or_else(|| {
        let data = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
        Some(data.join("millstream/toolchains"))
    })?;
    Some(all.join(language))
}

/// Where a build command looks for its tools: the language's own toolchain first, where its script
/// was run, then the PATH.
pub(crate) fn path(language: &str) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let own = toolchain(language).map(|folder| folder.join("bin")).filter(|bin| bin.is_dir());
    let folders = own.into_iter().chain(env::split_paths(&path));
    // A folder with a colon in its name cannot be on a PATH.
    env::join_paths(folders).unwrap_or(path)
}

/// The script that installs the language's tools, as seen from the plugin folder `folder`: beside
/// the SDK that it uses.
pub(crate) fn script(folder: &Path, language: &str) -> PathBuf {
    let name = Path::new("sdk/toolchains").join(language).with_extension("sh");
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let found = folder.ancestors().map(|above| above.join(&name)).find(|path| path.is_file());
    found.unwrap_or(name)
}

/// Whether plugins in a language can be built here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether they can.
    pub ready: bool,
    /// What is there, or what is missing.
    pub says: String,
}

/// Asks the script of one of [`TOOLCHAINS`] whether all that it installs is there. Changes nothing.
///
/// # Errors
/// There is no `sh`.
pub fn readiness(language: &str) -> io::Result<Readiness> {
    let mut child = Command::new("sh")
        .args(["-s", "--", "--check"])
        .env("PATH", path(language))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // A shell that ended early has said all it has to say.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(&toolchain_script(language)));
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or("its toolchain's script says nothing");
    let says = line.strip_prefix(&format!("{language}: ")).unwrap_or(line).to_owned();
    Ok(Readiness { ready: output.status.success(), says })
}

#[cfg(test)]
mod tests {
    use super::{TOOLCHAINS, readiness, script};
    use crate::language::Language;
    use crate::new::toolchain_script;

    #[test]
    fn the_script_is_found_beside_the_sdk_or_above() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let plugin = home.join("plugins/shout");
        std::fs::create_dir_all(&plugin).unwrap();
        assert_eq!(script(&plugin, "go"), std::path::Path::new("sdk/toolchains/go.sh"));
        for place in [home.join("sdk/toolchains"), plugin.join("sdk/toolchains")] {
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join("go.sh"), "").unwrap();
            assert_eq!(script(&plugin, "go"), place.join("go.sh"));
        }
    }

    #[test]
    fn every_toolchain_has_its_script_and_every_language_a_toolchain() {
        assert!(TOOLCHAINS.iter().all(|name| !toolchain_script(name).is_empty()));
        assert!(Language::ALL.iter().all(|language| TOOLCHAINS.contains(&language.sdk())));
    }

    /// These tests are built by it.
    #[test]
    fn rust_is_ready_or_says_what_is_missing() {
        let rust = readiness("rust").unwrap();
        assert!(rust.says.contains("rustc"), "{rust:?}");
        assert_eq!(rust.ready, rust.says.starts_with("ready"), "{rust:?}");
    }
}
