//! A plugin of this machine, built and swapped when it is saved.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Error;
use millstream_pipeline::ComponentSource;
use millstream_plugin_host::Digest;
use millstream_runner::{SwapStatus, Swaps};
use millstream_workshop::last_change;

use super::disk::{blocking, modified, up_to_date};
use super::stamp::Stamp;
use super::swapping::{ending, say, serves, swapped};
use crate::pipeline_file::read_component;

/// One plugin of this machine.
pub(super) struct Watched {
    name: String,
    source: Local,
    stamp: Stamp,
    /// Digest of what was there at the last look.
    tried: Option<String>,
}

/// Where it is.
#[derive(Clone, PartialEq, Eq)]
enum Local {
    Folder(PathBuf),
    File(PathBuf),
}

impl Watched {
    pub(super) fn new(name: &str, source: &ComponentSource) -> Option<Self> {
        let source = match source.clone() {
            ComponentSource::Folder(folder) => Local::Folder(folder),
            ComponentSource::File(path) => Local::File(path),
            ComponentSource::Registry(_) => return None,
        };
        Some(Self { name: name.to_owned(), source, stamp: Stamp::default(), tried: None })
    }

    /// Whether both are the same plugin from the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.source == other.source
    }

    pub(super) async fn look(&mut self, swaps: &Swaps) {
        let now = self.changed_at().await;
        if !self.stamp.settled(now) {
            return;
        }
        let said = match self.swap(swaps).await {
            Ok(status) => status.as_ref().map(ending),
            Err(error) => {
                // What a failed build left behind must not start the next one.
                let now = self.changed_at().await;
                self.stamp.act_on(now);
                Some(format!("not swapped, the version before serves: {error:#}"))
            }
        };
        said.iter().for_each(|said| say(&self.name, said));
    }

    async fn changed_at(&self) -> Option<SystemTime> {
        let source = self.source.clone();
        let changed = move || match source {
            // A folder that cannot be read now may be in a moment.
            Local::Folder(folder) => Ok(last_change(&folder).ok().flatten()),
            Local::File(path) => Ok(modified(&path)),
        };
        blocking(changed).await.ok().flatten()
    }

    /// Builds what has changed and swaps; gives how that ended. None where what is there serves
    /// already, as it does when the host has just started, or was tried already: a build changes its
    /// folder.
    async fn swap(&mut self, swaps: &Swaps) -> Result<Option<SwapStatus>, Error> {
        let source = self.source.clone();
        let bytes = blocking(move || {
            let path = match source {
                Local::Folder(folder) => up_to_date(&folder)?,
                Local::File(path) => path,
            };
            let bytes = read_component(&path)?;
            Ok((Digest::of(&bytes).to_string(), bytes))
        });
        let (digest, bytes) = bytes.await?;
        let serves = serves(&self.name, &digest, swaps);
        let before = self.tried.replace(digest);
        if serves || before == self.tried {
            return Ok(None);
        }
        swapped(&self.name, bytes, swaps).await.map(Some)
    }
}
