//! The floor: what the disk does when nothing stands between it and the bytes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use async_trait::async_trait;
use rustix::fs::{FallocateFlags, fallocate};

use crate::contender::Entry;
use crate::payload::PAYLOAD;
use crate::peer::Peer;

pub(crate) const NAME: &str = "disk";

/// Bytes of one write with many in flight: what a group commit gathers.
const GROUP: usize = 256 << 10;
/// Bytes of one write with one at a time.
const PAGE: usize = 4 << 10;
/// The file is used from the start again, from here on.
const FILE_BYTES: u64 = 1 << 30;

/// A file that is preallocated only, as the others are compared with, and one that was written
/// before: there a write changes nothing but data, and the file system has less to sync.
pub(crate) fn entries() -> [Entry; 2] {
    [
        entry("the disk, file preallocated", "disk-preallocated", Disk::preallocated),
        entry("the disk, file overwritten", "disk-overwritten", Disk::overwritten),
    ]
}

fn entry(label: &str, file: &'static str, open: fn(PathBuf) -> anyhow::Result<Disk>) -> Entry {
    Entry {
        name: NAME,
        label: label.to_owned(),
        settings: "256 KiB write + fdatasync, counted as messages; one at a time: 4 KiB".to_owned(),
        script: None,
        connect: Box::new(move |folder| {
            let path = Path::new(&folder).join(file);
            Box::pin(async move { Ok(Box::new(open(path)?) as Box<dyn Peer>) })
        }),
    }
}

struct Disk {
    file: File,
    path: PathBuf,
    offset: u64,
    /// Whether each round gets a file that was never written.
    afresh: bool,
}

impl Disk {
    fn preallocated(path: PathBuf) -> anyhow::Result<Self> {
        let file = allocate(&path)?;
        Ok(Self { file, path, offset: 0, afresh: true })
    }

    fn overwritten(path: PathBuf) -> anyhow::Result<Self> {
        let file = allocate(&path)?;
        let mut disk = Self { file, path, offset: 0, afresh: false };
        for _ in 0..FILE_BYTES / GROUP as u64 {
            disk.append(&[0; GROUP])?;
        }
        disk.file.sync_all()?;
        Ok(disk)
    }

    fn append(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if self.offset + bytes.len() as u64 > FILE_BYTES {
            self.offset = 0;
            if self.afresh {
                self.file = allocate(&self.path)?;
            }
        }
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// A new file in the place of an old one.
fn allocate(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    fallocate(&file, FallocateFlags::empty(), 0, FILE_BYTES)?;
    file.sync_all()?;
    Ok(file)
}

#[async_trait]
impl Peer for Disk {
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64> {
        let bytes = vec![b'x'; GROUP];
        let mut written = 0;
        while Instant::now() < until {
            self.append(&bytes)?;
            self.file.sync_data()?;
            written += bytes.len();
        }
        Ok((written / PAYLOAD) as u64)
    }

    async fn one(&mut self) -> anyhow::Result<()> {
        self.append(&[b'x'; PAGE])?;
        Ok(self.file.sync_data()?)
    }

    async fn clear(&mut self) -> anyhow::Result<()> {
        if self.afresh {
            self.file = allocate(&self.path)?;
            self.offset = 0;
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The next run writes it anew.
        let _ = std::fs::remove_file(&self.path);
    }
}
