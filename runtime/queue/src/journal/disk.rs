//! The few things the journal asks of a disk: one folder, flat, with files that grow at their ends.

mod folder;

use std::io;

pub use self::folder::Folder;

/// A folder that holds one journal.
pub trait Disk: Send + Sync + 'static {
    /// Names of the files in it, in no particular order. Folders are left out.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new, empty file. An error where there is one of that name.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// An existing file, to read and write.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in place of what has that name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Puts a file away into a folder beside: it is no longer the journal's, but not lost.
    fn quarantine(&self, name: &str) -> io::Result<()>;
    /// Forces created, renamed and removed names to the disk.
    fn sync(&self) -> io::Result<()>;
    /// Bytes that are free for this process.
    fn free_bytes(&self) -> io::Result<u64>;
    /// Takes the journal for this process, until the value is dropped; none when another has it.
    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>>;
}

/// One file.
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Reads at `offset`; less than asked only at the end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Writes at `offset`; may write less than given, as the system call may.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Forces what was written, and the length, to the disk.
    fn sync(&self) -> io::Result<()>;
    /// Makes the file `size` bytes long with room for them on the disk; what is new reads as zeros.
    fn allocate(&self, size: u64) -> io::Result<()>;
    /// Cuts the file.
    fn truncate(&self, size: u64) -> io::Result<()>;
}
