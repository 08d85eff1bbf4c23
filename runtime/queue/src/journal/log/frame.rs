//! One record as it stands in a segment.
//!
//! Little-endian, at a multiple of 8; the body follows the header and is zero-padded to 8.
//!
//! ```text
//!   0         4         8                  16                 24                 32
//!   ┌─────────┬─────────┬──────────────────┬──────────────────┬──────────────────┐
//!   │ length  │ crc     │ sequence         │ synced           │ position         │
//!   ├─────────┼─────────┼──────────────────┼──────────────────┼──────────────────┘
//!   │ body crc│ outcome │ monotonic ns     │ wall ms          │ body …
//!   └─────────┴─────────┴──────────────────┴──────────────────┴─────────
//!   32        36        40                 48                 56
//! ```
//!
//! - `length`: bytes of the body. Two values mean no record: [`SEAL`], the end of a segment, and
//!   [`GAP`], what a repair left out.
//! - `crc`: CRC-32 of the other 52 bytes, begun with the CRC-32 of the log's id.
//! - `synced`: the highest sequence known to be synced when this was written.
//! - `position`: its own, so that nothing from elsewhere passes for it.
//! - A seal's `sequence` is that of the segment's last record. A gap's `sequence` is the first that
//!   was lost, `monotonic ns` the position where it ends, `wall ms` the last sequence lost.

use std::time::Duration;

use bytes::Bytes;

use crate::clock::Now;

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = 56;
/// The length that marks the end of a segment.
pub(super) const SEAL: u32 = u32::MAX;
/// The length that marks what a repair left out.
pub(super) const GAP: u32 = u32::MAX - 1;
/// Longest body in bytes; stops a body whose length would pass for a mark.
pub(super) const BODY_BYTES_MAX: usize = 1 << 31;

/// When an event happened and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When it was stepped.
    pub(crate) now: Now,
    /// Digest of its outcome.
    pub(crate) outcome: u32,
}

/// What a record holds, with its checksum: made outside of every lock.
#[derive(Debug)]
pub(crate) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) crc: u32,
}

impl Body {
    /// Computes the checksum.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let crc = crc32fast::hash(&bytes);
        Self { bytes, crc }
    }

    /// Bytes of the body.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Where it is.
    pub(crate) position: u64,
    /// Its number.
    pub(crate) sequence: u64,
    /// When it happened.
    pub(crate) stamp: Stamp,
    /// What it holds.
    pub(crate) body: Bytes,
}

/// The header of a record, a seal or a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) length: u32,
    pub(super) sequence: u64,
    pub(super) synced: u64,
    pub(super) position: u64,
    pub(super) body_crc: u32,
    pub(super) outcome: u32,
    pub(super) monotonic_ns: u64,
    pub(super) wall_ms: u64,
}

/// Bytes that a record with a body of this length takes.
pub(super) fn record_bytes(body_len: usize) -> u64 {
    (HEADER_BYTES + body_len).next_multiple_of(8) as u64
}

impl Header {
    /// Of a record.
    pub(super) fn record(
        position: u64,
        sequence: u64,
        synced: u64,
        stamp: Stamp,
        body: &Body,
    ) -> Self {
        Self {
            length: body.len() as u32,
            sequence,
            synced,
            position,
            body_crc: body.crc,
            outcome: stamp.outcome,
            monotonic_ns: u64::try_from(stamp.now.monotonic.as_nanos()).unwrap_or(u64::MAX),
            wall_ms: stamp.now.wall_ms,
        }
    }

    /// Of a seal at `position`, behind the record `last`.
    pub(super) fn seal(position: u64, last: u64, synced: u64) -> Self {
        Self {
            length: SEAL,
            sequence: last,
            synced,
            position,
            body_crc: 0,
            outcome: 0,
            monotonic_ns: 0,
            wall_ms: 0,
        }
    }

    /// Of a gap from `position` to `end`, in place of the records `first` to `last`.
    pub(super) fn gap(position: u64, end: u64, first: u64, last: u64) -> Self {
        let seal = Self::seal(position, first, 0);
        Self { length: GAP, monotonic_ns: end, wall_ms: last, ..seal }
    }

    /// Bytes from this header to the next one.
    pub(super) fn extent(&self) -> u64 {
        match self.length {
            SEAL => HEADER_BYTES as u64,
            GAP => self.monotonic_ns.saturating_sub(self.position),
            length => record_bytes(length as usize),
        }
    }

    /// The stamp of a record.
    pub(super) fn stamp(&self) -> Stamp {
        let monotonic = Duration::from_nanos(self.monotonic_ns);
        Stamp { now: Now { monotonic, wall_ms: self.wall_ms }, outcome: self.outcome }
    }

    /// As bytes; `salt` is the checksum of the log's id.
    pub(super) fn encode(&self, salt: u32) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.synced.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.outcome.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.monotonic_ns.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.wall_ms.to_le_bytes());
        let crc = checksum(&bytes, salt);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// From bytes; none where the checksum is not theirs, or there are not enough.
    pub(super) fn decode(bytes: &[u8], salt: u32) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        (u32_at(bytes, 4) == checksum(bytes, salt)).then(|| Self {
            length: u32_at(bytes, 0),
            sequence: u64_at(bytes, 8),
            synced: u64_at(bytes, 16),
            position: u64_at(bytes, 24),
            body_crc: u32_at(bytes, 32),
            outcome: u32_at(bytes, 36),
            monotonic_ns: u64_at(bytes, 40),
            wall_ms: u64_at(bytes, 48),
        })
    }
}

/// The checksum of all bytes of a header but its own four.
fn checksum(bytes: &[u8; HEADER_BYTES], salt: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt);
    hasher.update(&bytes[..4]);
    hasher.update(&bytes[8..]);
    hasher.finalize()
}

/// The number at `at`; 0 where the bytes end before.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_le_bytes(*four))
}

/// The number at `at`; 0 where the bytes end before.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |eight| u64::from_le_bytes(*eight))
}
