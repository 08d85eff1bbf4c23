//! Reads one segment, record after record, and says what is wrong with the first bad one.

use std::io;

use bytes::Bytes;

use super::frame::{BODY_BYTES_MAX, GAP, HEADER_BYTES, Header, Record, SEAL, u64_at};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, read_full};
use crate::journal::disk::DiskFile;

/// Bytes read at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// What stands next in a segment.
pub(super) enum Found {
    /// A record.
    Record(Record),
    /// What a repair left out: so many records.
    Gap(u64),
    /// The segment's end; the offset behind it.
    Seal(u64),
    /// Zeros, or the file's end.
    End,
    /// Something else.
    Bad(String),
}

/// What stands behind the place where a scan ended.
pub(super) struct Rest {
    /// Bytes up to the last one that is not zero.
    pub(super) bytes: u64,
    /// The highest synced sequence that any readable header tells.
    pub(super) synced: u64,
    /// A seal stands at the very end of the file.
    pub(super) sealed: bool,
}

/// A reading of one segment.
pub(super) struct Scan<'a> {
    file: &'a dyn DiskFile,
    base: u64,
    salt: u32,
    /// Size of the file.
    pub(super) size: u64,
    /// Where it stands.
    pub(super) offset: u64,
    /// Sequence that the next record must have.
    pub(super) next: u64,
    /// The highest synced sequence that the headers so far tell.
    pub(super) synced: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Scan<'a> {
    /// From the first record on.
    pub(super) fn new(file: &'a dyn DiskFile, header: &SegmentHeader) -> io::Result<Self> {
        Ok(Self {
            file,
            base: header.base,
            salt: header.salt(),
            size: file.size()?,
            offset: SEGMENT_HEADER_BYTES,
            next: header.first,
            // The segment before was synced whole before this one was made.
            synced: header.first.saturating_sub(1),
            window: Vec::new(),
            window_at: 0,
        })
    }

    /// Reads what stands next and goes behind it, unless it is the end or bad.
    pub(super) fn step(&mut self) -> io::Result<Found> {
        let (at, salt) = (self.offset, self.salt);
        let bytes = self.bytes(at, HEADER_BYTES as u64)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Found::End);
        }
        let Some(header) = Header::decode(bytes, salt) else {
            return Ok(Found::Bad("the record's header is not readable".to_owned()));
        };
        if header.position != self.base + at {
            let what = format!("the record says it is at position {}", header.position);
            return Ok(Found::Bad(what));
        }
        self.synced = self.synced.max(header.synced);
        self.follow(&header)
    }

    fn follow(&mut self, header: &Header) -> io::Result<Found> {
        let expected = if header.length == SEAL { self.next - 1 } else { self.next };
        if header.sequence != expected {
            let what = format!("sequence {} where {expected} should be", header.sequence);
            return Ok(Found::Bad(what));
        }
        let end = self.offset + header.extent();
        match header.length {
            SEAL => Ok(Found::Seal(end)),
            GAP if header.extent() < HEADER_BYTES as u64 || end > self.size => {
                Ok(Found::Bad("a gap that ends nowhere".to_owned()))
            }
            GAP => {
                let lost = (header.wall_ms + 1).saturating_sub(self.next);
                (self.offset, self.next) = (end, self.next + lost);
                Ok(Found::Gap(lost))
            }
            _ => self.record(header, end),
        }
    }

    fn record(&mut self, header: &Header, end: u64) -> io::Result<Found> {
        let (at, length) = (self.offset + HEADER_BYTES as u64, u64::from(header.length));
        if header.length as usize > BODY_BYTES_MAX || at + length > self.size {
            return Ok(Found::Bad("the file ends before the record does".to_owned()));
        }
        let body = self.bytes(at, length)?;
        if crc32fast::hash(body) != header.body_crc {
            return Ok(Found::Bad("the record's body is not what was written".to_owned()));
        }
        let body = Bytes::copy_from_slice(body);
        (self.offset, self.next) = (end, header.sequence + 1);
        let (position, sequence, stamp) = (header.position, header.sequence, header.stamp());
        Ok(Found::Record(Record { position, sequence, stamp, body }))
    }

    /// Looks at everything from here on, readable or not.
    pub(super) fn rest(&mut self) -> io::Result<Rest> {
        let bytes = self.used()?.saturating_sub(self.offset);
        let mut rest = Rest { bytes, synced: 0, sealed: false };
        let mut from = self.offset;
        while let Some((at, header)) = self.find(from)? {
            rest.synced = rest.synced.max(header.synced);
            rest.sealed = header.length == SEAL && at + header.extent() == self.size;
            from = at + 8;
        }
        Ok(rest)
    }

    /// The next header from `from` on that is readable and where it says it is.
    pub(super) fn find(&mut self, mut from: u64) -> io::Result<Option<(u64, Header)>> {
        let (base, salt) = (self.base, self.salt);
        while from + HEADER_BYTES as u64 <= self.size {
            let window = self.bytes(from, WINDOW_BYTES)?;
            let last = window.len().saturating_sub(HEADER_BYTES);
            let here = (0..=last).step_by(8).find_map(|at| {
                let here = u64_at(window, at + 24) == base + from + at as u64;
                let header = here.then(|| window.get(at..))?;
                Header::decode(header?, salt).map(|header| (from + at as u64, header))
            });
            if here.is_some() {
                return Ok(here);
            }
            from += (last as u64 + 1).next_multiple_of(8);
        }
        Ok(None)
    }

    /// Goes to a header that was found; tells the sequence that is expected there.
    pub(super) fn resume(&mut self, at: u64, header: &Header) -> u64 {
        self.offset = at;
        self.next = if header.length == SEAL { header.sequence + 1 } else { header.sequence };
        self.next
    }

    /// The offset behind the last byte that is not zero.
    fn used(&mut self) -> io::Result<u64> {
        let mut end = self.size;
        while end > 0 {
            let from = end.saturating_sub(WINDOW_BYTES);
            let window = self.bytes(from, end - from)?;
            if let Some(last) = window.iter().rposition(|byte| *byte != 0) {
                return Ok(from + last as u64 + 1);
            }
            end = from;
        }
        Ok(0)
    }

    /// The bytes at an offset, as many as asked unless the file ends before.
    fn bytes(&mut self, at: u64, length: u64) -> io::Result<&[u8]> {
        let length = length.min(self.size.saturating_sub(at));
        let inside =
            at >= self.window_at && at + length <= self.window_at + self.window.len() as u64;
        if !inside {
            let read = length.max(WINDOW_BYTES).min(self.size.saturating_sub(at));
            self.window.resize(read as usize, 0);
            let read = read_full(self.file, at, &mut self.window)?;
            self.window.truncate(read);
            self.window_at = at;
        }
        let from = ((at - self.window_at) as usize).min(self.window.len());
        let to = (from + length as usize).min(self.window.len());
        Ok(&self.window[from..to])
    }
}
