//! Reading what lies in a plugin folder, within limits.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Mistake, WorkshopError};

/// The most files looked at in one plugin folder: stops a folder that is the whole disk.
const FILES_MAX: usize = 100_000;
/// Folders that hold no sources: what `millstream build`, cargo, npm and the cases own.
const NOT_SOURCES: [&str; 4] = ["build", "target", "node_modules", "cases"];
/// How files end that no toolchain builds from: texts, and the pipeline beside the plugin.
const NOT_BUILT_FROM: [&str; 3] = [".md", ".yaml", ".pyc"];

/// The text of `path`, which the author wrote.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> Result<String, WorkshopError> {
    String::from_utf8(read(path, bytes_max)?).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        Mistake::of_file(path, format!("not UTF-8 text from byte {byte} on")).into()
    })
}

/// The bytes of `path`; more than `bytes_max` are a mistake.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, WorkshopError> {
    let io = |error| WorkshopError::io("read", path, error);
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(bytes_max + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Mistake::of_file(path, format!("larger than {bytes_max} bytes")).into());
    }
    Ok(bytes)
}

/// A source in `folder` that is newer than `built`, if there is one. Hidden files are no sources,
/// nor are texts and pipelines, nor is what lies in `build/`, `target/`, `node_modules/` and `cases/`.
pub(crate) fn newer_than(
    folder: &Path,
    built: SystemTime,
) -> Result<Option<PathBuf>, WorkshopError> {
    let mut newer = None;
    visit(folder, &mut |path| {
        newer = (modified(&path)? > built).then_some(path);
        Ok(newer.is_none())
    })?;
    Ok(newer)
}

/// When the newest source in `folder` was written; none where there is no source.
pub(crate) fn newest(folder: &Path) -> Result<Option<SystemTime>, WorkshopError> {
    let mut newest = None;
    visit(folder, &mut |path| {
        newest = newest.max(Some(modified(&path)?));
        Ok(true)
    })?;
    Ok(newest)
}

/// Shows every source in `folder`, until `goes_on` says no.
fn visit(
    folder: &Path,
    goes_on: &mut dyn FnMut(PathBuf) -> Result<bool, WorkshopError>,
) -> Result<(), WorkshopError> {
    let mut folders = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(current) = folders.pop() {
        let io = |error| WorkshopError::io("list", &current, error);
        for entry in fs::read_dir(&current).map_err(io)? {
            let entry = entry.map_err(io)?;
            seen += 1;
            if seen > FILES_MAX {
                return Err(Mistake::of_file(folder, format!("more than {FILES_MAX} files")).into());
            }
            if !is_source(&entry.file_name().to_string_lossy(), current == folder) {
                continue;
            }
            let path = entry.path();
            if entry.file_type().map_err(io)?.is_dir() {
                folders.push(path);
            } else if !goes_on(path)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// When `path` was last written.
pub(crate) fn modified(path: &Path) -> Result<SystemTime, WorkshopError> {
    // A link that leads nowhere is judged by itself.
    let metadata = fs::metadata(path).or_else(|_| fs::symlink_metadata(path));
    metadata
        .and_then(|metadata| metadata.modified())
        .map_err(|error| WorkshopError::io("read", path, error))
}

fn is_source(name: &str, in_root: bool) -> bool {
    let skipped = name.starts_with('.')
        || in_root && NOT_SOURCES.contains(&name)
        || NOT_BUILT_FROM.iter().any(|ending| name.ends_with(ending));
    !skipped
}
