//! A disk in memory that loses power, fails calls and runs full when a test says so.
//!
//! What was written but not synced is kept as a list of changes: a [`Crash`] is all that is known
//! to the disk at one moment, and any number of images can be drawn from it, each with another
//! part of the unsynced changes. A name, too, is only there for sure once the folder was synced.

mod crash;
mod faults;
mod file;
mod names;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use millstream_queue::journal::{Disk, DiskFile};

pub(crate) use self::crash::Crash;
use self::faults::Faults;
pub(crate) use self::faults::{Call, EIO, ENOSPC, Fault, Trigger};
use self::file::{Change, File};
use self::names::Names;
use crate::random::Random;

/// Looks at a crash just before each sync. Called under the disk's lock: it may not touch the disk.
pub(crate) type SyncHook = Box<dyn Fn(Crash) + Send + Sync>;

/// A folder on the disk. Clones share it.
#[derive(Clone)]
pub(crate) struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    locked: Arc<AtomicBool>,
}

struct State {
    /// By inode; a file stays here after its name is gone.
    files: Vec<File>,
    names: Names,
    faults: Faults,
    /// Bytes that the files may take together.
    capacity: u64,
    hook: Option<SyncHook>,
    /// Decides what a failed sync leaves behind.
    random: Random,
}

impl SimulatedDisk {
    /// An empty disk without a bound.
    pub(crate) fn new() -> Self {
        Self::with(Vec::new(), Names::default())
    }

    fn with(files: Vec<File>, names: Names) -> Self {
        let state = State {
            files,
            names,
            faults: Faults::default(),
            capacity: 1 << 40,
            hook: None,
            random: Random::new(1),
        };
        Self { state: Arc::new(Mutex::new(state)), locked: Arc::default() }
    }

    /// What the disk holds now, and what it may lose.
    pub(crate) fn crash(&self) -> Crash {
        self.state().crash()
    }

    /// How a killed process leaves the disk: nothing is gone, and what was not synced is not yet.
    pub(crate) fn after_kill(&self) -> Self {
        let state = self.state();
        Self::with(state.files.clone(), state.names.clone())
    }

    /// A disk of its own with what reads see now, all of it synced.
    pub(crate) fn copy(&self) -> Self {
        let state = self.state();
        let files = state.files.iter().map(|file| File::durable(file.live.clone())).collect();
        Self::with(files, state.names.all_synced())
    }

    /// `hook` sees the disk just before every sync of a file or of the folder.
    pub(crate) fn on_sync(&self, hook: Option<SyncHook>) {
        self.state().hook = hook;
    }

    /// `fault` happens once, at the call that `trigger` names, counted from the start.
    pub(crate) fn plan(&self, trigger: Trigger, fault: Fault) {
        self.state().faults.plan(trigger, fault);
    }

    /// How often `call` was made.
    pub(crate) fn calls(&self, call: Call) -> u64 {
        self.state().faults.calls(call)
    }

    /// Calls made so far that change the disk.
    pub(crate) fn changes(&self) -> u64 {
        self.state().faults.changes()
    }

    /// How often a file or the folder was forced to the disk, or should have been.
    pub(crate) fn syncs(&self) -> u64 {
        self.calls(Call::SyncFile) + self.calls(Call::SyncFolder)
    }

    /// Whether a file whose sync had failed was synced again.
    pub(crate) fn synced_again(&self) -> bool {
        self.state().files.iter().any(|file| file.synced_again)
    }

    /// Whether the planned fault has happened.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().faults.happened()
    }

    /// Bounds what the files may take together.
    pub(crate) fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// Bytes that the files take.
    pub(crate) fn used(&self) -> u64 {
        self.state().used()
    }

    /// The names and contents of all files as reads see them.
    pub(crate) fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.state();
        let named = state.names.live.iter();
        named.map(|(name, inode)| (name.clone(), state.files[*inode].live.clone())).collect()
    }

    /// Puts `bytes` in place of the file's content, durably: how damage is made.
    pub(crate) fn overwrite(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let inode = state.names.live[name];
        state.files[inode] = File::durable(bytes);
    }

    /// Names of files that were put away.
    pub(crate) fn quarantined(&self) -> Vec<String> {
        self.state().names.quarantined.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn crash(&self) -> Crash {
        Crash::new(self.files.iter().map(|file| file.stored.clone()).collect(), self.names.clone())
    }

    fn used(&self) -> u64 {
        self.names.inodes().map(|inode| self.files[inode].live.len() as u64).sum()
    }

    /// Bytes that still fit.
    fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.used())
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.live.get(name).copied().ok_or(io::ErrorKind::NotFound.into())
    }

    fn before_sync(&self) {
        if let Some(hook) = &self.hook {
            hook(self.crash());
        }
    }

    /// After a failed sync the kernel holds the pages for clean: some made it, some never will.
    fn lose_dirty_pages(&mut self, inode: usize) {
        let share = self.random.pick(&[0, 0, 50]);
        let State { files, random, .. } = self;
        files[inode].sync_failed = true;
        files[inode].stored.lose(|| random.chance(share));
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.faults.check(Call::List)?;
        Ok(state.names.live.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.faults.check(Call::Create)?;
        if state.names.live.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len();
        state.files.push(File::default());
        state.names.create(name, inode);
        Ok(self.handle(inode))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.faults.check(Call::Open)?;
        Ok(self.handle(state.inode(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.faults.check(Call::Rename)?;
        let inode = state.inode(from)?;
        state.names.rename(from, to, inode);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.faults.check(Call::Remove)?;
        state.inode(name)?;
        state.names.remove(name);
        Ok(())
    }

    fn quarantine(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.faults.check(Call::Quarantine)?;
        let inode = state.inode(name)?;
        state.names.quarantine(name, inode);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        state.before_sync();
        if let Err(error) = state.faults.check(Call::SyncFolder) {
            state.names.lose();
            return Err(error);
        }
        state.names.sync();
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let mut state = self.state();
        state.faults.check(Call::FreeBytes)?;
        Ok(state.room())
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.state().faults.check(Call::Lock)?;
        let taken = self.locked.swap(true, Ordering::SeqCst);
        Ok((!taken).then(|| Box::new(Held(Arc::clone(&self.locked))) as Box<dyn Send + Sync>))
    }
}

/// The lock, in the hands of a process.
struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl SimulatedDisk {
    fn handle(&self, inode: usize) -> Box<dyn DiskFile> {
        Box::new(Handle { disk: self.clone(), inode })
    }
}

/// An open file: it stays readable when its name is gone.
struct Handle {
    disk: SimulatedDisk,
    inode: usize,
}

impl Handle {
    fn changed(&self, state: &mut State, change: Change) {
        state.files[self.inode].change(change);
    }
}

impl DiskFile for Handle {
    fn size(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.faults.check(Call::Size)?;
        Ok(state.files[self.inode].live.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.faults.check(Call::Read)?;
        let live = &state.files[self.inode].live;
        let from = live.get(offset as usize..).unwrap_or_default();
        let read = from.len().min(into.len());
        into[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }

    /// A failing write leaves half of the bytes behind, as a disk may.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let fault = state.faults.take(Call::Write);
        let longer =
            (offset + bytes.len() as u64).saturating_sub(state.files[self.inode].live.len() as u64);
        let fits = bytes.len() - longer.saturating_sub(state.room()) as usize;
        if fits == 0 && !bytes.is_empty() {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        let written = if fault.is_some() { fits / 2 } else { fits };
        self.changed(&mut state, Change::Write(offset, bytes[..written].into()));
        match fault {
            Some(Fault::Error(code)) => Err(io::Error::from_raw_os_error(code)),
            Some(Fault::Short) | None => Ok(written),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.before_sync();
        let file = &mut state.files[self.inode];
        file.synced_again |= file.sync_failed;
        if let Err(error) = state.faults.check(Call::SyncFile) {
            state.lose_dirty_pages(self.inode);
            return Err(error);
        }
        state.files[self.inode].stored.sync();
        Ok(())
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.faults.check(Call::Allocate)?;
        let longer = size.saturating_sub(state.files[self.inode].live.len() as u64);
        if longer > state.room() {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        self.changed(&mut state, Change::Grow(size));
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.faults.check(Call::Truncate)?;
        self.changed(&mut state, Change::Cut(size));
        Ok(())
    }
}
