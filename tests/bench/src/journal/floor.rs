//! The bare disk: a write and an fdatasync, over and over, into a file that was written before.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use super::place::Place;

/// Bytes of a write that stands for one message.
pub(crate) const PAGE: usize = 4 << 10;
/// Bytes of a write that stands for a group.
pub(crate) const GROUP: usize = 256 << 10;
/// The file is written from its start again from here on.
const FILE_BYTES: u64 = 256 << 20;

pub(crate) struct Floor {
    file: File,
    offset: u64,
    // Goes with the file.
    _place: Place,
}

impl Floor {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let place = Place::new(FILE_BYTES)?;
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create_new(true).open(place.path().join("floor"))?;
        for at in (0..FILE_BYTES).step_by(GROUP) {
            file.write_all_at(&[0; GROUP], at)?;
        }
        file.sync_all()?;
        Ok(Self { file, offset: 0, _place: place })
    }

    /// How long each of `number` writes of `bytes` bytes took, with its fdatasync, shortest first.
    pub(crate) fn round(&mut self, bytes: usize, number: usize) -> anyhow::Result<Vec<Duration>> {
        let data = vec![b'x'; bytes];
        let mut times = Vec::with_capacity(number);
        for _ in 0..number {
            let start = Instant::now();
            self.file.write_all_at(&data, self.offset)?;
            self.file.sync_data()?;
            times.push(start.elapsed());
            self.offset = (self.offset + bytes as u64) % FILE_BYTES;
        }
        times.sort_unstable();
        Ok(times)
    }

    /// Bytes per second of groups.
    pub(crate) fn rate(&mut self, number: usize) -> anyhow::Result<f64> {
        let took: Duration = self.round(GROUP, number)?.iter().sum();
        Ok((GROUP * number) as f64 / took.as_secs_f64())
    }
}
