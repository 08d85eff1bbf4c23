//! Whether the disk has room for new messages beside the reserve.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::journal::disk::Disk;

/// Bytes written after which the writer looks at the disk again.
pub(super) const LOOK_BYTES: u64 = 8 << 20;

/// How often the writer looks while there is no room: others may make some.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the last look at the disk said.
pub(super) struct Room {
    reserve: u64,
    there: AtomicBool,
}

impl Room {
    /// Looks for the first time.
    pub(super) fn new(reserve: u64, disk: &dyn Disk) -> Self {
        let room = Self { reserve, there: AtomicBool::new(true) };
        room.look(disk);
        room
    }

    /// Looks again. A disk that does not tell leaves the last answer standing.
    pub(super) fn look(&self, disk: &dyn Disk) {
        match disk.free_bytes() {
            Ok(free) => {
                let there = free >= self.reserve;
                if self.there.swap(there, Ordering::Relaxed) != there {
                    tracing::warn!(free, reserve = self.reserve, there, "room on the disk changed");
                }
            }
            Err(error) => tracing::warn!(%error, "the free space of the disk is unknown"),
        }
    }

    /// Whether there is room.
    pub(super) fn is_there(&self) -> bool {
        self.there.load(Ordering::Relaxed)
    }

    /// When the writer looks again by itself.
    pub(super) fn next_look(&self) -> Option<Instant> {
        (!self.is_there()).then(|| Instant::now() + LOOK_EVERY)
    }
}
