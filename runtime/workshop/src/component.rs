//! Where the component of a plugin folder is, and whether it can be used.

use std::path::{Path, PathBuf};

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
