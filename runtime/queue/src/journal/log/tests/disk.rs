//! A disk in memory: it counts its calls, fails at a chosen one, writes short, holds syncs back,
//! and knows what would be left after a power cut.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::journal::disk::{Disk, DiskFile};

#[derive(Default)]
pub(super) struct MemoryDisk {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<String, Content>,
    durable: BTreeMap<String, Content>,
    quarantined: BTreeMap<String, Vec<u8>>,
    /// Changing calls so far, by name.
    calls: Vec<&'static str>,
    /// Writes that are done.
    written: usize,
    fail_at: Option<usize>,
    short: Option<usize>,
    held: bool,
    free: u64,
}

type Content = Arc<Mutex<Bytes>>;

#[derive(Clone, Default)]
struct Bytes {
    now: Vec<u8>,
    synced: Vec<u8>,
}

impl MemoryDisk {
    pub(super) fn new() -> Arc<Self> {
        let disk = Self::default();
        disk.set_free(u64::MAX);
        Arc::new(disk)
    }

    /// The call with this number fails (and none after it).
    pub(super) fn fail_at(&self, call: usize) {
        self.state.lock().fail_at = Some(call);
    }

    /// The changing calls so far, by name.
    pub(super) fn calls(&self) -> Vec<&'static str> {
        self.state.lock().calls.clone()
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.calls().iter().filter(|name| **name == call).count()
    }

    pub(super) fn write_at_most(&self, bytes: usize) {
        self.state.lock().short = Some(bytes);
    }

    pub(super) fn set_free(&self, free: u64) {
        self.state.lock().free = free;
    }

    /// Syncs of files begin but do not return until they are let go.
    pub(super) fn hold_syncs(&self, held: bool) {
        self.state.lock().held = held;
        self.state.changed.notify_all();
    }

    /// Waits until so many writes are done.
    pub(super) fn wait_for_writes(&self, count: usize) {
        self.wait_while(|inner| inner.written < count);
    }

    /// Waits until so many syncs of files have begun.
    pub(super) fn wait_for_syncs(&self, count: usize) {
        self.wait_while(|inner| inner.calls.iter().filter(|call| **call == "sync").count() < count);
    }

    fn wait_while(&self, condition: impl FnMut(&mut Inner) -> bool) {
        let (state, waited) = (&self.state, Duration::from_secs(20));
        let reached = state.changed.wait_timeout_while(state.lock(), waited, condition).unwrap();
        assert!(!reached.1.timed_out(), "the writer did not come so far");
    }

    /// What is left when the process dies now.
    pub(super) fn after_kill(&self) -> Arc<Self> {
        Self::of(&self.state.lock().files, |bytes| bytes.now.clone())
    }

    /// What is left, at least, when the power goes now.
    pub(super) fn after_power_cut(&self) -> Arc<Self> {
        Self::of(&self.state.lock().durable, |bytes| bytes.synced.clone())
    }

    fn of(files: &BTreeMap<String, Content>, left: impl Fn(&Bytes) -> Vec<u8>) -> Arc<Self> {
        let disk = Self::new();
        for (name, content) in files {
            disk.put(name, left(&content.lock().unwrap()));
        }
        disk
    }

    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) {
        let content = Bytes { now: bytes.clone(), synced: bytes };
        let content = Arc::new(Mutex::new(content));
        let mut inner = self.state.lock();
        inner.files.insert(name.to_owned(), content.clone());
        inner.durable.insert(name.to_owned(), content);
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        self.state.lock().files[name].lock().unwrap().now.clone()
    }

    /// Changes the bytes of a file.
    pub(super) fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(name);
        change(&mut bytes);
        self.put(name, bytes);
    }

    /// Names of the segments, oldest first.
    pub(super) fn segments(&self) -> Vec<String> {
        self.state.lock().files.keys().filter(|name| name.ends_with(".log")).cloned().collect()
    }

    pub(super) fn quarantined(&self) -> Vec<String> {
        self.state.lock().quarantined.keys().cloned().collect()
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Counts a call, and fails it if it is the one.
    fn call(&self, name: &'static str) -> io::Result<()> {
        let mut inner = self.lock();
        let number = inner.calls.len();
        inner.calls.push(name);
        self.changed.notify_all();
        if inner.fail_at == Some(number) {
            return Err(io::Error::other("the disk broke"));
        }
        if name == "sync" {
            drop(self.changed.wait_while(inner, |inner| inner.held).unwrap());
        }
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().files.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.state.call("create")?;
        let content = Content::default();
        let mut inner = self.state.lock();
        if inner.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        inner.files.insert(name.to_owned(), content.clone());
        Ok(Box::new(MemoryFile { state: self.state.clone(), content }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let content = self.state.lock().files.get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile { state: self.state.clone(), content }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.state.call("rename")?;
        let mut inner = self.state.lock();
        let content = inner.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        inner.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.state.call("remove")?;
        self.state.lock().files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn quarantine(&self, name: &str) -> io::Result<()> {
        self.state.call("quarantine")?;
        let mut inner = self.state.lock();
        let content = inner.files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        let bytes = content.lock().unwrap().now.clone();
        inner.quarantined.insert(name.to_owned(), bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.state.call("folder sync")?;
        let mut inner = self.state.lock();
        inner.durable = inner.files.clone();
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.state.lock().free)
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        Ok(Some(Box::new(())))
    }
}

struct MemoryFile {
    state: Arc<State>,
    content: Content,
}

impl MemoryFile {
    fn content(&self) -> MutexGuard<'_, Bytes> {
        self.content.lock().unwrap()
    }
}

impl DiskFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.content().now.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let content = self.content();
        let rest = content.now.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(into.len());
        into[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.state.call("write")?;
        let short = self.state.lock().short.unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(short)];
        let mut content = self.content();
        let (from, to) = (offset as usize, offset as usize + bytes.len());
        let size = content.now.len().max(to);
        content.now.resize(size, 0);
        content.now[from..to].copy_from_slice(bytes);
        drop(content);
        self.state.lock().written += 1;
        self.state.changed.notify_all();
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        let written = self.content().now.clone();
        self.state.call("sync")?;
        self.content().synced = written;
        Ok(())
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        self.state.call("allocate")?;
        let mut content = self.content();
        let size = content.now.len().max(size as usize);
        content.now.resize(size, 0);
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.state.call("truncate")?;
        self.content().now.truncate(size as usize);
        Ok(())
    }
}
