//! Where the component of a plugin folder is, and whether it can be used.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::WorkshopError;
use crate::manifest::Manifest;
use crate::sources;

/// The component of the plugin folder `folder`. Never builds.
///
/// # Errors
/// The folder is no plugin; there is no component; it is older than a source in the folder: hidden
/// files, texts, pipelines, and what lies in `build/`, `target/`, `node_modules/` and `cases/` are none.
pub fn component_path(folder: &Path) -> Result<PathBuf, WorkshopError> {
    let component = Manifest::read(folder)?.component(folder);
    let command = format!("millstream build {}", folder.display());
    if !component.is_file() {
        let reason =
            format!("{} is not built: {} is missing", folder.display(), component.display());
        return Err(WorkshopError::Unbuilt { reason, command });
    }
    match sources::newer_than(folder, sources::modified(&component)?)? {
        None => Ok(component),
        Some(source) => {
            let reason = format!("{} is older than {}", component.display(), source.display());
            Err(WorkshopError::Unbuilt { reason, command })
        }
    }
}

/// When anything was last written that the plugin folder `folder` is built from, or its component: it
/// changes whenever there may be another version.
///
/// # Errors
/// The folder is no plugin, or cannot be read.
pub fn last_change(folder: &Path) -> Result<Option<SystemTime>, WorkshopError> {
    let component = sources::modified(&Manifest::read(folder)?.component(folder)).ok();
    Ok(sources::newest(folder)?.max(component))
}
