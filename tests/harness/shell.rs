//! What documents tell people to type.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::binary_folder;
use crate::repository::{PLUGIN_BUILDS, build_folder, plugin_builds};

/// The blocks of one kind in a document, in order: what stands between lines of three backquotes.
#[must_use]
pub fn blocks(markdown: &str, kind: &str) -> Vec<String> {
    let opening = format!("```{kind}");
    let (mut blocks, mut inside) = (Vec::<String>::new(), false);
    for line in markdown.lines() {
        match line {
            "```" => inside = false,
            line if line == opening => {
                inside = true;
                blocks.push(String::new());
            }
            line => {
                if let (true, Some(block)) = (inside, blocks.last_mut()) {
                    block.push_str(line);
                    block.push('\n');
                }
            }
        }
    }
    blocks
}

/// What types `script` in `folder`, with the binary under test as `millstream`.
#[must_use]
pub fn shell(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", script]).current_dir(folder).stdin(Stdio::null());
    command.env("PATH", path()).env("XDG_CACHE_HOME", build_folder().join("test-cache"));
    command.env_remove("MILLSTREAM_URL").env_remove("MILLSTREAM_TOKEN");
    command.env(PLUGIN_BUILDS, plugin_builds());
    command
}

/// Types `script` in `folder`, however long it takes; it must succeed. What it said on stdout.
#[track_caller]
pub fn type_in(folder: &Path, script: &str) -> String {
    // Where the host is built is not the plugin's affair.
    let output = shell(folder, script).env_remove("CARGO_TARGET_DIR").output().expect("sh starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{script}`: {}\n{said}\n{errors}", output.status);
    said
}

fn path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [binary_folder()].into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).expect("the folders have no colon")
}

/// Says something to whoever runs the tests, also when they pass: what is printed in other ways is
/// kept back then.
pub fn tell(text: &str) {
    // Whoever closed stderr does not want to know.
    let _ = writeln!(std::io::stderr(), "{text}");
}
