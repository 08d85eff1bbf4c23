//! A checkpoint: the core as it was where a segment begins, so that what came before need not be
//! stepped again. It holds the index only; messages stay in their records.
//!
//! ```text
//!   0  "MILLCKP1"            8   version of the format (u32), of the rules (u32)
//!  16  position (u64)       24   last record's sequence (u64), its monotonic (u64 ns) and wall (u64 ms) time
//!  48  length (u64)         56   crc32 of the core (u32), of these 60 bytes (u32)       64  the core
//! ```
//!
//! It is written under another name, piece by piece, renamed once all of it is synced, and the
//! folder synced. The one before goes only when the new one has been read back.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::disk::{Disk, DiskFile};
use super::log::{Damage, LogError, Stamp, write_full};
use crate::clock::Now;
use crate::codec::Codec;
use crate::core::Core;

const MAGIC: &[u8; 8] = b"MILLCKP1";
const FORMAT: u32 = 4;
const HEADER_BYTES: usize = 64;

/// The most that is read as a checkpoint: what a damaged length could ask for.
const CHECKPOINT_BYTES_MAX: u64 = 16 << 30;

/// Bytes that are written and synced at once. The disk has one queue: a commit beside a checkpoint
/// waits for a piece of it, not for all.
const PIECE_BYTES: usize = 1 << 20;

/// A core and where the log goes on from it.
pub(crate) struct Checkpoint {
    /// Position of the log, a segment's base.
    pub(crate) position: u64,
    /// Sequence and stamp of the last record before it.
    pub(crate) last: (u64, Stamp),
    /// The core; its messages are not fetched yet.
    pub(crate) core: Core,
}

/// The name of the checkpoint at a position.
fn name_of(position: u64) -> String {
    format!("checkpoint-{position:016x}.idx")
}

/// The positions of all checkpoints, the newest first.
pub(crate) fn positions(disk: &dyn Disk) -> Result<Vec<u64>, LogError> {
    let names = disk.list().map_err(LogError::io("listing the journal's folder"))?;
    let position = |name: &String| {
        let hex = name.strip_prefix("checkpoint-")?.strip_suffix(".idx")?;
        u64::from_str_radix(hex, 16).ok().filter(|at| name_of(*at) == *name)
    };
    let mut positions: Vec<u64> = names.iter().filter_map(position).collect();
    positions.sort_unstable_by(|a, b| b.cmp(a));
    Ok(positions)
}

/// The newest checkpoint that can be read; none where there is none. One that is damaged is passed
/// over when an older one is there: the log between them is, too.
pub(crate) fn newest(disk: &dyn Disk) -> Result<Option<Checkpoint>, LogError> {
    let mut first_fault = None;
    for position in positions(disk)? {
        match read(disk, position) {
            Ok(checkpoint) => return Ok(Some(checkpoint)),
            Err(LogError::Damaged(damage)) => {
                tracing::warn!(%damage, "a checkpoint cannot be read");
                first_fault = first_fault.or(Some(damage));
            }
            Err(other) => return Err(other),
        }
    }
    first_fault.map_or(Ok(None), |damage| Err(damage.into()))
}

/// Reads and checks one checkpoint.
pub(crate) fn read(disk: &dyn Disk, position: u64) -> Result<Checkpoint, LogError> {
    let name = name_of(position);
    let damage = |offset, what: &str| LogError::from(Damage::new(&name, offset, what));
    let bytes = read_file(disk, &name)?;
    let header = bytes.get(..HEADER_BYTES).ok_or_else(|| damage(0, "it is too short"))?;
    let u32_at = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    if &header[..8] != MAGIC || crc32fast::hash(&header[..60]) != u32_at(60) {
        return Err(damage(0, "its header is not one of a checkpoint"));
    }
    if u32_at(8) != FORMAT || u32_at(12) != super::RULES {
        return Err(LogError::Format(format!(
            "{name} has format {} and rules {}, this program knows format {FORMAT} and rules {}; \
             use the version of Millstream that wrote it",
            u32_at(8),
            u32_at(12),
            super::RULES
        )));
    }
    if u64_at(16) != position {
        return Err(damage(16, "it is of another position than its name says"));
    }
    let mut body = bytes.slice(HEADER_BYTES..);
    if body.len() as u64 != u64_at(48) {
        return Err(damage(48, "it is not as long as it says"));
    }
    if crc32fast::hash(&body) != u32_at(56) {
        return Err(damage(HEADER_BYTES as u64, "its checksum is wrong"));
    }
    let now = Now { monotonic: Duration::from_nanos(u64_at(32)), wall_ms: u64_at(40) };
    let core = Core::load(&mut body).map_err(|one| damage(HEADER_BYTES as u64, one.0))?;
    Ok(Checkpoint { position, last: (u64_at(24), Stamp { now, outcome: 0 }), core })
}

/// Writes a checkpoint, durably.
pub(crate) fn write(disk: &dyn Disk, checkpoint: &Checkpoint) -> Result<(), LogError> {
    let mut core = Vec::new();
    checkpoint.core.save(&mut core);
    write_saved(disk, checkpoint.position, checkpoint.last, &core)
}

/// As [`write`], of a core that was saved.
pub(crate) fn write_saved(
    disk: &dyn Disk,
    position: u64,
    last: (u64, Stamp),
    core: &[u8],
) -> Result<(), LogError> {
    let name = name_of(position);
    let unfinished = format!("{name}.tmp");
    let doing = || LogError::io(format!("writing {name}"));
    if disk.list().map_err(doing())?.contains(&unfinished) {
        disk.remove(&unfinished).map_err(doing())?;
    }
    let file = disk.create(&unfinished).map_err(doing())?;
    put(&*file, &header(position, last, core), core).map_err(doing())?;
    disk.rename(&unfinished, &name).map_err(doing())?;
    disk.sync().map_err(doing())
}

/// Removes the checkpoints before this one.
pub(crate) fn remove_older(disk: &dyn Disk, than: u64) -> Result<(), LogError> {
    let older: Vec<u64> = positions(disk)?.into_iter().filter(|at| *at < than).collect();
    for position in &older {
        disk.remove(&name_of(*position)).map_err(LogError::io("removing a checkpoint"))?;
    }
    if older.is_empty() {
        return Ok(());
    }
    disk.sync().map_err(LogError::io("syncing the journal's folder"))
}

/// Writes and syncs all of a checkpoint, its header last.
fn put(file: &dyn DiskFile, header: &[u8], core: &[u8]) -> io::Result<()> {
    let mut at = HEADER_BYTES as u64;
    for piece in core.chunks(PIECE_BYTES) {
        write_full(file, at, piece)?;
        file.sync()?;
        at += piece.len() as u64;
    }
    write_full(file, 0, header)?;
    file.sync()
}

fn header(position: u64, (sequence, stamp): (u64, Stamp), body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(MAGIC);
    (FORMAT, super::RULES).put(&mut bytes);
    (position, sequence).put(&mut bytes);
    (stamp.now.monotonic.as_nanos() as u64, stamp.now.wall_ms).put(&mut bytes);
    (body.len() as u64).put(&mut bytes);
    crc32fast::hash(body).put(&mut bytes);
    crc32fast::hash(&bytes).put(&mut bytes);
    bytes
}

fn read_file(disk: &dyn Disk, name: &str) -> Result<Bytes, LogError> {
    let doing = || LogError::io(format!("reading {name}"));
    let file = disk.open(name).map_err(doing())?;
    let size = file.size().map_err(doing())?;
    if size > CHECKPOINT_BYTES_MAX {
        return Err(Damage::new(name, 0, "it is larger than any checkpoint").into());
    }
    let mut bytes = vec![0; size as usize];
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(read as u64, &mut bytes[read..]).map_err(doing())? {
            0 => break,
            more => read += more,
        }
    }
    bytes.truncate(read);
    Ok(bytes.into())
}
