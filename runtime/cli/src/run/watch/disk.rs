//! What is on the disk: when it was written, and whether it has to be built.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Error};
use millstream_workshop::{WorkshopError, component_path};

/// The component of a plugin folder, built if it is older than its sources.
pub(super) fn up_to_date(folder: &Path) -> Result<PathBuf, Error> {
    match component_path(folder) {
        Err(WorkshopError::Unbuilt { .. }) => {
            // What a build says matters when it fails: then its end is in the error.
            Ok(millstream_workshop::build(folder, &mut |_| {})?.path)
        }
        found => Ok(found?),
    }
}

pub(super) fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// Does what waits for the disk or a build on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.context("watching failed")?
}
