//! Cuts a torn tail off the last segment, durably, and keeps what was cut.

use std::io;

use super::damage::Cut;
use super::segment::{read_full, write_full};
use crate::journal::disk::{Disk, DiskFile};

/// Bytes copied or zeroed at once.
const STEP_BYTES: u64 = 1 << 20;

/// Puts what is to be cut into the quarantine, then writes zeros in its place; the caller syncs
/// them, and tells whoever asked. Whenever a crash ends this, the next opening finds the rest and cuts that.
pub(super) fn cut(
    disk: &dyn Disk,
    file: &dyn DiskFile,
    base: u64,
    size: u64,
    cut: &Cut,
) -> io::Result<()> {
    let name = format!("cut-{:016x}.bin", base + cut.offset);
    keep(disk, file, &name, cut.offset, cut.bytes)?;
    if file.size()? < size {
        file.allocate(size)?;
    }
    zero(file, cut.offset, cut.bytes)
}

/// Copies a stretch of a file into a file of its own in the quarantine.
pub(super) fn keep(
    disk: &dyn Disk,
    file: &dyn DiskFile,
    name: &str,
    offset: u64,
    bytes: u64,
) -> io::Result<()> {
    if disk.list()?.iter().any(|there| there == name) {
        disk.remove(name)?;
    }
    let copy = disk.create(name)?;
    let mut step = vec![0; STEP_BYTES.min(bytes) as usize];
    let mut done = 0;
    while done < bytes {
        let wanted = ((bytes - done) as usize).min(step.len());
        let read = read_full(file, offset + done, &mut step[..wanted])?;
        if read == 0 {
            break;
        }
        write_full(&*copy, done, &step[..read])?;
        done += read as u64;
    }
    copy.sync()?;
    disk.quarantine(name)?;
    disk.sync()
}

fn zero(file: &dyn DiskFile, offset: u64, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; STEP_BYTES.min(bytes) as usize];
    let mut done = 0;
    while done < bytes {
        let step = (zeros.len() as u64).min(bytes - done);
        write_full(file, offset + done, &zeros[..step as usize])?;
        done += step;
    }
    Ok(())
}
