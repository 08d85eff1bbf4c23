//! How a log is kept.

use std::time::Duration;

/// How a log is kept.
#[derive(Clone, Debug)]
pub(crate) struct LogOptions {
    /// When it syncs.
    pub(crate) sync: Sync,
    /// Size of a new segment in bytes, preallocated.
    pub(crate) segment_bytes: u64,
    /// Free bytes of the disk below which there is no room for new messages.
    pub(crate) reserve: u64,
    /// Version of the rules by which the records' events are stepped; segments of another version
    /// are not replayed.
    pub(crate) rules: u32,
    /// Identity of the log if it is begun now: any random number. It salts the checksums, so that
    /// neither another log's records nor a message's payload can pass for a record of this one.
    pub(crate) id: u128,
}

/// When a log syncs. A sealed segment is synced whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before anything is called durable; many waiting records share one sync.
    Always,
    /// At most this long after something was written. Written is called durable.
    Interval(Duration),
    /// Never by itself. Written is called durable.
    Never,
}
