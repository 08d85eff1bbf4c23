//! Compiled code on disk, so that a plugin is compiled once per machine and engine version.
//!
//! What the folder holds is executed, so it must be private: created with mode 0700, refused when
//! someone else owns it. An entry is the machine code followed by its SHA-256; one that does not
//! match is compiled anew.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// All entries together: keeps a machine that loads many versions from filling its disk.
const CACHE_BYTES_MAX: u64 = 1 << 30;
/// Length of the checksum at the end of an entry.
const CHECKSUM_LEN: usize = 32;
/// How entries' names end: nothing else in the folder is ever read or removed.
const EXTENSION: &str = "cwasm";

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
    pub(crate) fn get(&self, digest: Digest) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let mut entry = self.read_own(&path).ok()?;
        let code_len = entry.len().checked_sub(CHECKSUM_LEN);
        let intact = code_len.filter(|&len| Digest::of(&entry[..len]).as_bytes() == &entry[len..]);
        if intact.is_none() {
            tracing::warn!(path = %path.display(), "damaged entry in the compile cache: compiling anew");
        }
        entry.truncate(intact?);
        Some(entry)
    }

    /// Keeps `code`. A failure costs the next start a compile, no more, so it is only logged.
    pub(crate) fn put(&self, digest: Digest, code: &[u8]) {
        let kept = self.write(&self.path(digest), code).and_then(|()| self.evict());
        if let Err(error) = kept {
            tracing::warn!(folder = %self.folder.display(), %error, "compiled code was not kept");
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let key = Digest::of(&[*digest.as_bytes(), *self.compatibility.as_bytes()].concat());
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
    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = File::create(&beside)?;
        let written = file
            .write_all(code)
            .and_then(|()| file.write_all(Digest::of(code).as_bytes()))
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
