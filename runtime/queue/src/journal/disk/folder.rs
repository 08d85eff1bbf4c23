//! A journal's folder on a real file system.

#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use super::{Disk, DiskFile};

/// Name of the file whose lock says who has the journal.
const LOCK: &str = "lock";

/// Bytes of zeros written at once where a file system cannot preallocate.
const ZEROS: &[u8] = &[0; 64 << 10];

/// Files of one name that a quarantine folder holds at most; ends the search for a free name.
const NAMESAKES_MAX: u32 = 1000;

/// A journal's folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Where this process puts files away; named after the time of the first.
    quarantine: OnceLock<PathBuf>,
    /// Nothing in it changes.
    reads_only: bool,
}

impl Folder {
    /// The folder at `path`, made where there is none, readable by its owner only. The names of
    /// the folders that were made are on the disk when this returns.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        make(&path)?;
        Ok(Self { path, quarantine: OnceLock::new(), reads_only: false })
    }

    /// The folder at `path`, which must exist.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        fs::read_dir(&path)?;
        Ok(Self { path, quarantine: OnceLock::new(), reads_only: false })
    }

    /// As [`Folder::open`], to look at it only: its files are not opened for writing, and every
    /// change is an error.
    pub fn open_to_read(path: impl Into<PathBuf>) -> io::Result<Self> {
        Ok(Self { reads_only: true, ..Self::open(path)? })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error in a folder that is only looked at.
    fn may_change(&self) -> io::Result<()> {
        if self.reads_only { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
    }

    /// The file that is locked: made where there is none, and even who only looks locks it. Where
    /// a folder does not let itself be written, none can be made, and nobody else can begin.
    fn lock_file(&self) -> io::Result<Option<File>> {
        let path = self.path.join(LOCK);
        match OpenOptions::new().read(true).write(!self.reads_only).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened.map(Some),
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let unwritable = |error: &io::Error| {
            use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
            self.reads_only && [PermissionDenied, ReadOnlyFilesystem].contains(&error.kind())
        };
        match options.open(&path) {
            Err(error) if unwritable(&error) => Ok(None),
            made => made.map(Some),
        }
    }

    fn quarantine_folder(&self) -> io::Result<&Path> {
        if let Some(folder) = self.quarantine.get() {
            return Ok(folder);
        }
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
        let folder = self.path.join(format!("quarantine-{time}"));
        make(&folder)?;
        Ok(self.quarantine.get_or_init(|| folder))
    }
}

impl Disk for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.may_change()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        Ok(Box::new(RealFile(options.open(self.path.join(name))?)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file =
            OpenOptions::new().read(true).write(!self.reads_only).open(self.path.join(name))?;
        Ok(Box::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.may_change()?;
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.may_change()?;
        fs::remove_file(self.path.join(name))
    }

    fn quarantine(&self, name: &str) -> io::Result<()> {
        self.may_change()?;
        let folder = self.quarantine_folder()?;
        let free = (0..NAMESAKES_MAX)
            .map(|n| if n == 0 { folder.join(name) } else { folder.join(format!("{name}.{n}")) })
            .find(|target| !target.exists());
        let target = free.ok_or(io::ErrorKind::AlreadyExists)?;
        fs::rename(self.path.join(name), target)?;
        sync_folder(folder)?;
        sync_folder(&self.path)
    }

    fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let facts = statvfs(&self.path)?;
        Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let Some(file) = self.lock_file()? else { return Ok(Some(Box::new(()))) };
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let there = self.size()?;
        if size <= there {
            return Ok(());
        }
        match fallocate(&self.0, FallocateFlags::empty(), there, size - there) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(&self.0, there, size)?,
            done => done?,
        }
        // `sync` is of data only: length and blocks are settled here, once.
        self.0.sync_all()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)?;
        self.0.sync_all()
    }
}

/// Takes the room by writing zeros.
fn fill(file: &File, mut from: u64, to: u64) -> io::Result<()> {
    while from < to {
        let step = (ZEROS.len() as u64).min(to - from);
        file.write_all_at(&ZEROS[..step as usize], from)?;
        from += step;
    }
    Ok(())
}

/// Makes a folder and those above it, and syncs the name of each.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    make(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
