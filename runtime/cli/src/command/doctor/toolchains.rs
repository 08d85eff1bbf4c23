//! What plugins can be built with here. Only looked for, but for Rust's target, which `rustc` tells.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Check;

const TARGET: &str = "wasm32-unknown-unknown";

pub(super) fn checks() -> Vec<Check> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let sdk = env::var_os("WASI_SDK_PATH").map(PathBuf::from);
    vec![rust(&folders), go(&folders), python(&folders), javascript(&folders), c(&folders, sdk)]
}

fn rust(folders: &[PathBuf]) -> Check {
    const HINT: &str = "for plugins in Rust: https://rustup.rs, then \
                        `rustup target add wasm32-unknown-unknown`";
    let Some(compiler) = find(folders, "rustc") else {
        return Check::missing("rust", "not found", HINT);
    };
    if !has_target(&compiler) {
        let says = format!("{}, without the target {TARGET}", compiler.display());
        return Check::missing("rust", says, HINT);
    }
    Check::fine("rust", format!("{}, with the target {TARGET}", compiler.display()))
}

/// The folder of a target's library is there only once the target is installed.
fn has_target(compiler: &Path) -> bool {
    let asked = Command::new(compiler)
        .args(["--print", "target-libdir", "--target", TARGET])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(answer) = asked else { return false };
    let folder = String::from_utf8_lossy(&answer.stdout);
    answer.status.success() && Path::new(folder.trim()).is_dir()
}

fn go(folders: &[PathBuf]) -> Check {
    let found = find(folders, "go").or_else(|| find(folders, "tinygo"));
    let hint = "for plugins in Go: install Go 1.26 or later, or TinyGo";
    either("go", found.map(|found| vec![found]), hint)
}

fn python(folders: &[PathBuf]) -> Check {
    let hint = "for plugins in Python: install Python, then `pip install componentize-py`";
    either("python", all(folders, &["python3", "componentize-py"]), hint)
}

fn javascript(folders: &[PathBuf]) -> Check {
    let hint =
        "for plugins in JavaScript: install Node.js, then `npm install -g @bytecodealliance/jco`";
    either("javascript", all(folders, &["node", "jco"]), hint)
}

/// A WASI SDK, or a clang beside the WASI library of the system.
fn c(folders: &[PathBuf], sdk: Option<PathBuf>) -> Check {
    let sdks = sdk.into_iter().chain([PathBuf::from("/opt/wasi-sdk")]);
    let of_sdk = sdks.map(|sdk| sdk.join("bin/clang")).find(|clang| clang.is_file());
    let library = ["/usr/lib/wasm32-wasi", "/usr/share/wasi-sysroot"];
    let of_system = || {
        let library = library.iter().map(PathBuf::from).find(|folder| folder.is_dir())?;
        Some(vec![find(folders, "clang")?, library])
    };
    let found = of_sdk.map(|clang| vec![clang]).or_else(of_system);
    let hint = "for plugins in C: install the WASI SDK and let WASI_SDK_PATH name it";
    either("c", found, hint)
}

fn either(name: &'static str, found: Option<Vec<PathBuf>>, hint: &str) -> Check {
    match found {
        Some(found) => {
            let shown: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
            Check::fine(name, shown.join(", "))
        }
        None => Check::missing(name, "not found, or not all of it", hint),
    }
}

fn all(folders: &[PathBuf], names: &[&str]) -> Option<Vec<PathBuf>> {
    names.iter().map(|name| find(folders, name)).collect()
}

fn find(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::{c, go, python, rust};

    #[test]
    fn a_missing_toolchain_comes_with_a_hint_and_breaks_nothing() {
        for check in [rust(&[]), go(&[]), python(&[])] {
            assert_eq!(check.state, State::Missing);
            assert!(check.hint.starts_with("for plugins in "), "{check:?}");
        }
        let nowhere = c(&[], Some("/nowhere".into()));
        assert_ne!(nowhere.state, State::Broken);
    }
}
