//! From a plugin folder to a component.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use millstream_plugin_host::{Host, Inspection, LoadError, componentize, embed_world};

use crate::error::{Mistake, WorkshopError};
use crate::manifest::Manifest;
use crate::{sources, toolchain};

/// How much of a failed build's output its error repeats.
const TAIL_LINES_MAX: usize = 20;
/// Longer lines of a build's output come in pieces: stops a build that never ends a line.
const LINE_BYTES_MAX: u64 = 16 << 10;
/// The largest artifact; the largest toolchain measured makes 18 MiB.
const ARTIFACT_BYTES_MAX: u64 = 256 << 20;

/// How `sh` ends when a command is not there.
const NOT_FOUND: i32 = 127;

/// A component that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The plugin's name.
    pub name: String,
    /// The component.
    pub path: PathBuf,
    /// What it is: size, digest, world, imports, exports.
    pub inspection: Inspection,
}

/// Builds the plugin folder `folder` to `folder/build/NAME.wasm`, which is replaced at once or not
/// at all. Each line that the build command writes goes to `line`, without its line end. Blocks
/// until the command ends.
///
/// # Errors
/// The folder is no plugin, the command fails or cannot start, or what it makes is no plugin.
pub fn build(folder: &Path, line: &mut dyn FnMut(&str)) -> Result<Built, WorkshopError> {
    let manifest = Manifest::read(folder)?;
    let command = manifest.build.clone();
    make(folder, manifest, &command, line)
}

/// As [`build`], by the command that keeps debug info, so that a backtrace tells files and lines.
///
/// # Errors
/// As there; or the plugin names no such command.
pub fn build_debug(folder: &Path, line: &mut dyn FnMut(&str)) -> Result<Built, WorkshopError> {
    let manifest = Manifest::read(folder)?;
    let Some(command) = manifest.debug.clone() else {
        let message = "names no `debug` command: one that builds as `build` does and keeps DWARF, \
                       which not every toolchain can";
        return Err(Mistake::of_file(&folder.join("plugin.toml"), message).into());
    };
    make(folder, manifest, &command, line)
}

fn make(
    folder: &Path,
    manifest: Manifest,
    command: &str,
    line: &mut dyn FnMut(&str),
) -> Result<Built, WorkshopError> {
    run(&manifest, folder, command, line)?;
    let artifact = folder.join(&manifest.artifact);
    let module = sources::read(&artifact, ARTIFACT_BYTES_MAX)
        .map_err(|error| missing(error, folder, &manifest, command))?;
    let unusable = |source| not_a_plugin(&artifact, source);
    let module = typed(module, &manifest, folder).map_err(unusable)?;
    let component = componentize(&module).map_err(unusable)?;
    let inspection = Host::inspect(&component).map_err(unusable)?;
    let path = manifest.component(folder);
    replace(&path, &component)?;
    Ok(Built { name: manifest.name, path, inspection })
}

/// `module` with the world that its toolchain leaves out, where plugin.toml names one.
fn typed(module: Vec<u8>, manifest: &Manifest, folder: &Path) -> Result<Vec<u8>, LoadError> {
    let Some(world) = &manifest.world else { return Ok(module) };
    let wit = manifest.wit.as_ref().map(|wit| folder.join(wit));
    embed_world(&module, world, wit.as_deref())
}

/// Runs `command`; what it writes to stdout and stderr comes as one stream, in its order.
fn run(
    manifest: &Manifest,
    folder: &Path,
    command: &str,
    line: &mut dyn FnMut(&str),
) -> Result<(), WorkshopError> {
    let cannot = |error| WorkshopError::io("run `sh` in", folder, error);
    let (mut child, output) = start(manifest, folder, command).map_err(cannot)?;
    let tail = relay(output, line);
    let status = child.wait().map_err(cannot)?;
    // Not before the child was waited for: it would stay behind as a zombie.
    let tail = tail.map_err(cannot)?;
    if status.success() {
        return Ok(());
    }
    let ending = match status.code() {
        Some(NOT_FOUND) => missing_tool(folder, &manifest.language),
        _ => ending(status),
    };
    let (command, folder) = (command.to_owned(), folder.to_owned());
    Err(WorkshopError::BuildFailed { command, folder, ending, tail })
}

fn missing_tool(folder: &Path, language: &str) -> String {
    let script = toolchain::script(folder, language);
    let install = format!("`sh {}` installs what {language} needs", script.display());
    format!("needs a tool that is not installed or not on the PATH: {install}")
}

fn start(manifest: &Manifest, folder: &Path, command: &str) -> io::Result<(Child, PipeReader)> {
    let (output, input) = io::pipe()?;
    let child = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", toolchain::path(&manifest.language))
        // It would move the artifact away from where plugin.toml says it is.
        .env_remove("CARGO_TARGET_DIR")
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .spawn()?;
    Ok((child, output))
}

/// Hands on each line and returns the last ones.
fn relay(output: PipeReader, line: &mut dyn FnMut(&str)) -> io::Result<String> {
    let mut output = BufReader::new(output);
    let mut tail = VecDeque::with_capacity(TAIL_LINES_MAX);
    let mut bytes = Vec::new();
    while output.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)? > 0 {
        let text = String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
        line(&text);
        if tail.len() == TAIL_LINES_MAX {
            tail.pop_front();
        }
        tail.push_back(text);
        bytes.clear();
    }
    Ok(tail.make_contiguous().join("\n"))
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("failed with exit code {code}"),
        None => "was stopped by a signal".to_owned(),
    }
}

/// An artifact that is not there is a mistake in plugin.toml: the command itself succeeded.
fn missing(
    error: WorkshopError,
    folder: &Path,
    manifest: &Manifest,
    command: &str,
) -> WorkshopError {
    match error {
        WorkshopError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            let artifact = manifest.artifact.display();
            let message = format!("`{command}` succeeded, but made no `artifact` {artifact}");
            Mistake::of_file(&folder.join("plugin.toml"), message).into()
        }
        other => other,
    }
}

fn not_a_plugin(artifact: &Path, source: LoadError) -> WorkshopError {
    WorkshopError::NotAPlugin { path: artifact.to_owned(), source }
}

/// Writes beside `path`, then renames: a host that reads meanwhile sees the old or the new bytes.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), WorkshopError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| WorkshopError::io("create", folder, error))?;
    let new = path.with_extension(format!("wasm.{}", std::process::id()));
    let written = fs::write(&new, bytes).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        // The first error is the one to report.
        let _ = fs::remove_file(&new);
        WorkshopError::io("write", path, error)
    })
}
