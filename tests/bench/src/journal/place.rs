//! Where the journals lie that are measured: a folder on the disk that is meant, gone afterwards.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use millstream_queue::journal::{Disk, Folder};

/// The folder in which everything is measured: `MILLSTREAM_BENCH_DIR`, or `target` here.
pub(crate) fn parent() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("MILLSTREAM_BENCH_DIR").map(PathBuf::from);
    let parent = named.unwrap_or_else(|| PathBuf::from("target"));
    fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
    Ok(parent)
}

/// A folder that is removed with all in it when it goes out of use.
pub(crate) struct Place(PathBuf);

impl Place {
    /// A new one. `needed`: bytes that will be written there; refused where they have no room.
    pub(crate) fn new(needed: u64) -> anyhow::Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = parent()?.join(format!("bench-journal-{}-{serial}", std::process::id()));
        let free = Folder::create(&path)?.free_bytes()?;
        let place = Self(path);
        anyhow::ensure!(
            free > needed + needed / 4,
            "{} has {free} bytes free, this needs {needed} and some; name another folder in \
             MILLSTREAM_BENCH_DIR",
            place.0.display()
        );
        Ok(place)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Bytes of the disk that its files take.
    pub(crate) fn bytes(&self) -> anyhow::Result<u64> {
        const BLOCK_BYTES: u64 = 512;
        let mut blocks = 0;
        for entry in fs::read_dir(&self.0)? {
            blocks += entry?.metadata()?.blocks();
        }
        Ok(blocks * BLOCK_BYTES)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("bench: {} stays: {error}", self.0.display());
        }
    }
}
