//! A segment's header, its name, and how one is made.
//!
//! ```text
//!   0                   8         12        16                  24                  32
//!   ┌───────────────────┬─────────┬─────────┬───────────────────┬───────────────────┐
//!   │ "MILLSLOG"        │ version │ rules   │ base              │ first sequence    │
//!   ├───────────────────┴─────────┴─────────┼───────────────────┼─────────┬─────────┤
//!   │ id of the log                         │ size              │ 0       │ crc     │
//!   └───────────────────────────────────────┴───────────────────┴─────────┴─────────┘
//!   32                                      48                  56        60        64
//! ```
//!
//! `size`: bytes the file was preallocated to; shorter without a seal at its end, it is damaged.
//! `crc`: CRC-32 of the 60 bytes before. Magic, version and crc stay where they are in any version.
//!
//! The header stands twice, at 0 and at 512: one bad sector does not make a segment unreadable.
//! Records begin at 576.

use std::io;

use super::damage::{Damage, LogError};
use super::frame::{u32_at, u64_at};
use crate::journal::disk::{Disk, DiskFile};

/// Bytes before the first record: two copies of the header, and zeros between.
pub(super) const SEGMENT_HEADER_BYTES: u64 = 576;
/// Where the copies stand.
const COPIES: [u64; 2] = [0, 512];
const COPY_BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"MILLSLOG";
const VERSION: u32 = 1;

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// Version of the rules its events were stepped by.
    pub(super) rules: u32,
    /// Position of its first byte.
    pub(super) base: u64,
    /// Sequence of its first record.
    pub(super) first: u64,
    /// Identity of the log.
    pub(super) id: u128,
    /// Bytes it was preallocated to.
    pub(super) size: u64,
}

impl SegmentHeader {
    /// What the checksums of this log's headers begin with.
    pub(super) fn salt(&self) -> u32 {
        crc32fast::hash(&self.id.to_le_bytes())
    }

    fn copy(&self) -> [u8; COPY_BYTES] {
        let mut bytes = [0; COPY_BYTES];
        bytes[0..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.rules.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.base.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.id.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.size.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Both copies, as they stand in the file.
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES as usize] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
        for at in COPIES {
            bytes[at as usize..][..COPY_BYTES].copy_from_slice(&self.copy());
        }
        bytes
    }

    /// From a copy; none where it is not readable.
    fn decode(bytes: &[u8]) -> Option<(u32, Self)> {
        let bytes: &[u8; COPY_BYTES] = bytes.first_chunk()?;
        let intact = u32_at(bytes, 60) == crc32fast::hash(&bytes[..60]) && &bytes[..8] == MAGIC;
        let header = Self {
            rules: u32_at(bytes, 12),
            base: u64_at(bytes, 16),
            first: u64_at(bytes, 24),
            id: u128::from(u64_at(bytes, 32)) | u128::from(u64_at(bytes, 40)) << 64,
            size: u64_at(bytes, 48),
        };
        intact.then(|| (u32_at(bytes, 8), header))
    }

    /// Reads the header of a segment and holds it against its name. Also tells the offset of a
    /// copy that is not readable while the other one is.
    pub(super) fn read(
        name: &str,
        base: u64,
        file: &dyn DiskFile,
    ) -> Result<(Self, Option<u64>), LogError> {
        let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
        let read =
            read_full(file, 0, &mut bytes).map_err(LogError::io(format!("reading {name}")))?;
        let copies = COPIES.map(|at| bytes[..read].get(at as usize..).and_then(Self::decode));
        let Some((version, header)) = copies[0].or(copies[1]) else {
            return Err(Damage::new(name, 0, "the segment's header is not readable").into());
        };
        if version != VERSION {
            return Err(LogError::Format(format!(
                "{name} has format version {version}, this program reads version {VERSION}; \
                 use the version of Millstream that wrote it"
            )));
        }
        if header.base != base {
            let what = format!("its header says it is {}", file_name(header.base));
            return Err(Damage::new(name, 0, what).into());
        }
        let flaw = COPIES.into_iter().zip(copies).find(|(_, copy)| copy.is_none());
        Ok((header, flaw.map(|(at, _)| at)))
    }
}

/// The file name of the segment with this base.
pub(super) fn file_name(base: u64) -> String {
    format!("segment-{base:016x}.log")
}

/// The name it has while it is being made.
pub(super) fn unfinished_name(base: u64) -> String {
    format!("segment-{base:016x}.tmp")
}

/// The base in a segment's file name; none for other names.
pub(super) fn base_of(name: &str) -> Option<u64> {
    let hex = name.strip_prefix("segment-")?.strip_suffix(".log")?;
    let base = u64::from_str_radix(hex, 16).ok()?;
    (file_name(base) == name).then_some(base)
}

/// Whether this is a segment that was being made when the process ended.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with("segment-") && name.ends_with(".tmp")
}

/// Makes a segment. It gets its name once all of it is on the disk, and the name is on the disk
/// when this returns.
pub(super) fn create(disk: &dyn Disk, header: &SegmentHeader) -> io::Result<Box<dyn DiskFile>> {
    let name = file_name(header.base);
    let unfinished = unfinished_name(header.base);
    let file = disk.create(&unfinished)?;
    file.allocate(header.size)?;
    write_full(&*file, 0, &header.encode())?;
    file.sync()?;
    disk.rename(&unfinished, &name)?;
    disk.sync()?;
    Ok(file)
}

/// Writes all of `bytes`: a write may take less than it is given.
pub(crate) fn write_full(file: &dyn DiskFile, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(at, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                at += written as u64;
                bytes = bytes.get(written..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until `into` is full or the file ends; tells how much was read.
pub(super) fn read_full(file: &dyn DiskFile, at: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match file.read_at(at + read as u64, &mut into[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
