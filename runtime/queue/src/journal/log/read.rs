//! Reads single records, and sealed segments again.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::Parts;
use super::chain::{self, Link};
use super::damage::{Damage, LogError, Sink};
use super::frame::{BODY_BYTES_MAX, HEADER_BYTES, Header, Record};
use super::replay::{self, Tally};
use super::segment::{file_name, read_full};
use crate::journal::disk::{Disk, DiskFile};

/// Bytes of the first read: a small record comes whole with it.
const FIRST_READ_BYTES: usize = 4096;

/// See [`super::Log::read`].
pub(super) fn read(parts: &Parts, position: u64) -> Result<Record, Damage> {
    let nowhere = |what: String| Damage::new("segments", position, what);
    let (base, file) = parts
        .segments
        .holding(position)
        .map_err(|error| nowhere(format!("opening the segment failed: {error}")))?
        .ok_or_else(|| nowhere("no segment holds this position".to_owned()))?;
    read_at(file, file_name(base), position - base, parts.segments.salt, position)
}

/// Reads the record at `offset` of a segment's file.
pub(super) fn read_at(
    file: Arc<dyn DiskFile>,
    name: String,
    offset: u64,
    salt: u32,
    position: u64,
) -> Result<Record, Damage> {
    let place = Place { file, name, offset };
    let (header, begun) = place.header(salt, position)?;
    let body = place.body(&header, begun)?;
    Ok(Record { position, sequence: header.sequence, stamp: header.stamp(), body })
}

/// Where a record is.
struct Place {
    file: Arc<dyn DiskFile>,
    name: String,
    offset: u64,
}

impl Place {
    /// The header, and what of the body came with it.
    fn header(&self, salt: u32, position: u64) -> Result<(Header, Vec<u8>), Damage> {
        let mut bytes = vec![0; FIRST_READ_BYTES];
        let read = read_full(&*self.file, self.offset, &mut bytes).map_err(|e| self.failed(&e))?;
        bytes.truncate(read);
        let header = Header::decode(&bytes, salt)
            .filter(|header| header.position == position)
            .ok_or_else(|| self.damage("no readable record begins here"))?;
        if header.length as usize > BODY_BYTES_MAX {
            return Err(self.damage("no record begins here"));
        }
        bytes.drain(..HEADER_BYTES);
        Ok((header, bytes))
    }

    fn body(&self, header: &Header, mut body: Vec<u8>) -> Result<Bytes, Damage> {
        let (begun, length) = (body.len(), header.length as usize);
        if begun < length {
            let from = self.offset + (HEADER_BYTES + begun) as u64;
            let size = self.file.size().map_err(|error| self.failed(&error))?;
            if size.saturating_sub(from) < (length - begun) as u64 {
                return Err(self.damage("the file ends before the record does"));
            }
            body.resize(length, 0);
            read_full(&*self.file, from, &mut body[begun..])
                .map_err(|error| self.failed(&error))?;
        }
        body.truncate(length);
        if crc32fast::hash(&body) != header.body_crc {
            return Err(self.damage("the record's body is not what was written"));
        }
        body.shrink_to_fit();
        Ok(Bytes::from(body))
    }

    fn failed(&self, error: &io::Error) -> Damage {
        self.damage(format!("reading failed: {error}"))
    }

    fn damage(&self, what: impl Into<String>) -> Damage {
        Damage::new(&self.name, self.offset, what)
    }
}

/// See [`super::Log::records`].
pub(super) fn records(disk: &dyn Disk, range: Range<u64>, each: Sink<'_>) -> Result<(), LogError> {
    let bases = chain::bases(disk)?;
    let mut tally = Tally::default();
    let mut expected = range.start;
    for base in bases.into_iter().filter(|base| range.contains(base)) {
        if base != expected {
            break;
        }
        let link = Link::read(disk, base)?;
        expected = base + link.size;
        replay::sealed(disk, &link, expected, &mut tally, each)?;
    }
    if expected == range.end {
        return Ok(());
    }
    Err(Damage::new(&file_name(expected), 0, "the segment is missing").into())
}
