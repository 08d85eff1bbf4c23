//! Compiled code on disk, so that a plugin is compiled once per machine and engine version.
//!
//! What the folder holds is executed, so it must be private: created with mode 0700, refused when
//! someone else owns it. An entry is the machine code, the time that compiling it took, the memory that
//! it was held to, and the SHA-256 of all that; one that does not match is compiled anew.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::digest::Digest;
use crate::limits::CompileLimits;

/// All entries together: keeps a machine that loads many versions from filling its disk.
const CACHE_BYTES_MAX: u64 = 1 << 30;
/// Length of the checksum at the end of an entry.
const CHECKSUM_LEN: usize = 32;
/// Which form entries have: another one is another name, so that no old one is misread.
const FORM: &[u8] = b"code, time taken, memory, checksum";
/// How entries' names end: nothing else in the folder is ever read or removed.
const EXTENSION: &str = "cwasm";

/// Compiled code as it was kept.
pub(crate) struct Entry {
    pub(crate) code: Vec<u8>,
    /// How long compiling it took.
    took: Duration,
    /// The bytes of memory that compiling it was held to.
    memory: u64,
}

impl Entry {
    /// `code` that took so long to compile, with no more `memory` than that.
    pub(crate) fn new(code: Vec<u8>, took: Duration, memory: u64) -> Self {
        Self { code, took, memory }
    }

    /// Whether compiling took no more time and memory than `limits` allow.
    pub(crate) fn made_within(&self, limits: &CompileLimits) -> bool {
        self.took <= limits.timeout && self.memory <= limits.memory
    }

    fn parse(mut bytes: Vec<u8>) -> Option<Self> {
        let whole = bytes.len().checked_sub(CHECKSUM_LEN)?;
        if Digest::of(&bytes[..whole]).as_bytes() != &bytes[whole..] {
            return None;
        }
        bytes.truncate(whole);
        let mut last = || {
            let (rest, number) = bytes.split_last_chunk()?;
            let (rest, number) = (rest.len(), u64::from_le_bytes(*number));
            bytes.truncate(rest);
            Some(number)
        };
        let (memory, took) = (last()?, Duration::from_nanos(last()?));
        Some(Self { code: bytes, took, memory })
    }

    /// What stands behind the code.
    fn end(&self) -> [[u8; 8]; 2] {
        let nanos = u64::try_from(self.took.as_nanos()).unwrap_or(u64::MAX);
        [nanos.to_le_bytes(), self.memory.to_le_bytes()]
    }
}

/// A folder of compiled code for one engine version.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Who owns the folder: this process's user.
    owner: u32,
    /// What this engine can load.
    compatibility: Digest,
}

impl Cache {
    /// Opens `folder`, creating it if need be. The error says what is wrong and how to mend it.
    pub(crate) fn open(folder: PathBuf, compatibility: Digest) -> Result<Self, String> {
        let error = |what: &str, error: io::Error| format!("{what} {}: {error}", folder.display());
        let mut builder = fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|e| error("cannot create", e))?;
        let owner = owner(&folder).map_err(|e| error("cannot use", e))?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&folder, private).map_err(|e| error("cannot make private", e))?;
        Ok(Self { folder, owner, compatibility })
    }

    /// The machine code of the plugin with `digest`, if it was kept and is undamaged.
    pub(crate) fn get(&self, digest: Digest) -> Option<Entry> {
        let path = self.path(digest);
        let entry = Entry::parse(self.read_own(&path).ok()?);
        if entry.is_none() {
            tracing::warn!(path = %path.display(), "damaged entry in the compile cache: compiling anew");
        }
        entry
    }

    /// Keeps `entry`. A failure costs the next start a compile, no more, so it is only logged.
    pub(crate) fn put(&self, digest: Digest, entry: &Entry) {
        let kept = self.write(&self.path(digest), entry).and_then(|()| self.evict());
        if let Err(error) = kept {
            tracing::warn!(folder = %self.folder.display(), %error, "compiled code was not kept");
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let parts = [&digest.as_bytes()[..], self.compatibility.as_bytes(), FORM];
        let key = Digest::of(&parts.concat());
        self.folder.join(key.hex()).with_extension(EXTENSION)
    }

    fn read_own(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.uid() != self.owner || metadata.len() > CACHE_BYTES_MAX {
            tracing::warn!(path = %path.display(), "foreign or oversized entry in the compile cache: ignored");
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut entry = Vec::with_capacity(metadata.len() as usize);
        io::Read::read_to_end(&mut file, &mut entry)?;
        Ok(entry)
    }

    /// Writes beside and renames, so that a reader sees a whole entry or none.
    fn write(&self, path: &Path, entry: &Entry) -> io::Result<()> {
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = File::create(&beside)?;
        let bytes = [&entry.code[..], entry.end().as_flattened()].concat();
        let written = file
            .write_all(&bytes)
            .and_then(|()| file.write_all(Digest::of(&bytes).as_bytes()))
            .and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// Removes the oldest entries until the rest fits.
    fn evict(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                let metadata = fs::metadata(&path)?;
                entries.push((metadata.modified()?, metadata.len(), path));
            }
        }
        entries.sort();
        let mut excess =
            entries.iter().map(|(_, len, _)| len).sum::<u64>().saturating_sub(CACHE_BYTES_MAX);
        for (_, len, path) in entries {
            if excess == 0 {
                break;
            }
            fs::remove_file(path)?;
            excess = excess.saturating_sub(len);
        }
        Ok(())
    }
}

/// The owner of `folder`, who must be the user of this process. A file created there tells who
/// that is.
fn owner(folder: &Path) -> io::Result<u32> {
    let probe = folder.join(format!("{}.owner", std::process::id()));
    let own = File::create(&probe).and_then(|file| file.metadata());
    // Left over or not, the probe says nothing to anyone.
    let _ = fs::remove_file(&probe);
    let (own, folder) = (own?.uid(), fs::metadata(folder)?.uid());
    if own == folder {
        return Ok(own);
    }
    let text =
        format!("it belongs to user {folder}, not to {own} who runs this: name another folder");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}
