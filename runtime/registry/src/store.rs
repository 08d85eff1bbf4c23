//! What was fetched, on disk by its digest: a component is fetched once a machine, and a reference that
//! names a digest needs no registry after that. What is read is believed only if its digest is right,
//! so nobody is trusted who can write there.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::digest::{SHA256, digest};

/// All files together: keeps a host that follows tags for months from filling its disk.
const STORE_BYTES_MAX: u64 = 512 << 20;
/// How the names of files end: nothing else in the folder is ever read or removed.
const EXTENSION: &str = "oci";

/// A folder of manifests and components.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The bytes with the digest `of`, which are not more than `bytes_max`; none where they are not
    /// there or damaged.
    pub(crate) fn get(&self, of: &str, bytes_max: u64) -> Option<Bytes> {
        let path = self.path(of)?;
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(bytes_max + 1).read_to_end(&mut bytes).ok()?;
        if digest(&bytes) != of {
            tracing::warn!(path = %path.display(), "damaged copy of what a registry gave: fetching it anew");
            return None;
        }
        Some(bytes.into())
    }

    /// Keeps `bytes`, which have the digest `of`. A failure costs the next start a download, no more.
    pub(crate) fn put(&self, of: &str, bytes: &[u8]) {
        let Some(path) = self.path(of) else { return };
        let kept = self.write(&path, bytes).and_then(|()| self.evict());
        if let Err(error) = kept {
            tracing::warn!(folder = %self.folder.display(), %error, "what a registry gave was not kept");
        }
    }

    /// Digests are made of digits only, so that they name files in the folder.
    fn path(&self, of: &str) -> Option<PathBuf> {
        let digits = of.strip_prefix(SHA256)?;
        let plain = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_hexdigit());
        plain.then(|| self.folder.join(digits).with_extension(EXTENSION))
    }

    /// Writes beside and renames, so that a reader sees a whole file or none.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        let written = File::create(&beside)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// Removes the oldest files until the rest fits.
    fn evict(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                let metadata = fs::metadata(&path)?;
                files.push((metadata.modified()?, metadata.len(), path));
            }
        }
        files.sort();
        let all: u64 = files.iter().map(|(_, len, _)| len).sum();
        let mut excess = all.saturating_sub(STORE_BYTES_MAX);
        for (_, len, path) in files {
            if excess == 0 {
                break;
            }
            fs::remove_file(path)?;
            excess = excess.saturating_sub(len);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {

    use super::Store;
    use crate::digest::digest;

    #[test]
    fn what_was_kept_is_found_by_its_digest_and_not_when_it_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("registry"));
        let of = digest(b"component");
        assert_eq!(store.get(&of, 100), None);
        store.put(&of, b"component");
        assert_eq!(store.get(&of, 100).as_deref(), Some(&b"component"[..]));
        assert_eq!(store.get(&of, 4), None, "it is larger than it may be");
        std::fs::write(store.path(&of).unwrap(), b"something").unwrap();
        assert_eq!(store.get(&of, 100), None, "it was changed");
        assert_eq!(store.get("sha256:../../etc/passwd", 100), None);
    }
}
