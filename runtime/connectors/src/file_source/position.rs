//! Where a file was left, and whether it is still the one.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use bytes::{BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64;

use crate::line_source::Mark;

/// What the first byte of a position says it is.
const VERSION: u8 = 1;

/// That byte, then five numbers, little-endian: device, inode, offset, lines, trail.
const BYTES: usize = 1 + 5 * 8;

/// Bytes before the mark whose hash is kept: a file that was cut and written anew in place is still
/// the same inode, and may be long enough.
const TRAIL_BYTES_MAX: u64 = 4 << 10;

/// A place in a file, and what tells that file from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The device that holds the file.
    device: u64,
    /// The file on that device.
    inode: u64,
    pub(super) mark: Mark,
    /// Hash of the last bytes before the mark.
    trail: u64,
}

impl Position {
    /// The place `mark` in `file`; none where the file is a pipe or a device.
    pub(super) fn of(file: &File, mark: Mark) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let (device, inode) = (metadata.dev(), metadata.ino());
        Ok(Some(Self { device, inode, mark, trail: trail(file, mark.offset)? }))
    }

    /// How `file` differs from the one that this is a place in; none where it does not, however
    /// much it has grown.
    pub(super) fn differs_from(&self, file: &File) -> io::Result<Option<String>> {
        let metadata = file.metadata()?;
        let offset = self.mark.offset;
        if !metadata.is_file() {
            return Ok(Some("it was a file, and is a pipe or a device now".to_owned()));
        }
        let now = (metadata.dev(), metadata.ino());
        if now != (self.device, self.inode) {
            return Ok(Some(format!(
                "it is another file now (device {}, inode {}; was device {}, inode {})",
                now.0, now.1, self.device, self.inode
            )));
        }
        if metadata.len() < offset {
            let len = metadata.len();
            return Ok(Some(format!("it has {len} bytes now, {offset} of it were read")));
        }
        let same = trail(file, offset)? == self.trail;
        Ok((!same).then(|| format!("what stands before byte {offset} was written over")))
    }

    pub(super) fn encode(self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(BYTES);
        bytes.put_u8(VERSION);
        let Mark { offset, lines } = self.mark;
        for number in [self.device, self.inode, offset, lines, self.trail] {
            bytes.put_u64_le(number);
        }
        bytes.freeze()
    }

    /// None where the bytes are no position of a file.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, numbers) = bytes.split_first()? else { return None };
        let (numbers, []) = numbers.as_chunks() else { return None };
        let &[device, inode, offset, lines, trail] = numbers else { return None };
        let number = u64::from_le_bytes;
        let mark = Mark { offset: number(offset), lines: number(lines) };
        Some(Self { device: number(device), inode: number(inode), mark, trail: number(trail) })
    }
}

/// Hash of what stands before `offset`, of the last [`TRAIL_BYTES_MAX`]. Where the file was cut
/// meanwhile, of what is left.
fn trail(file: &File, offset: u64) -> io::Result<u64> {
    let len = offset.min(TRAIL_BYTES_MAX);
    let mut bytes = [0; TRAIL_BYTES_MAX as usize];
    let len = read_at(file, &mut bytes[..len as usize], offset - len)?;
    Ok(xxh3_64(&bytes[..len]))
}

/// Reads until `bytes` are full or the file ends: how many.
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
