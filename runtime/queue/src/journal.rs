//! The journal: what was acknowledged is on the disk.
//!
//! The delivery core is deterministic, so the journal records **what happened to it**: every event,
//! with the time at which it was stepped and a digest of what came of it. Starting again is to
//! take the last checkpoint and to step the same events. No rule of delivery is written twice, and
//! a step that comes out differently is noticed.
//!
//! ```text
//!   event ──encode──▶ ┌─ lock ─────────────────────────────┐      ┌─ writer ───────────────────┐
//!                     │ core.step ──▶ effects              │      │ all that waits: one write, │
//!                     │ log.append(body, time, outcome) ───┼────▶ │ one fdatasync              │
//!                     └────────────────────────────────────┘      └──────────────┬─────────────┘
//!   answers, granted messages, taps  ◀────────── wait until it is durable ───────┘
//! ```
//!
//! The core runs ahead of the disk, what leaves it does not: answers wait for their own record,
//! granted messages for the record that holds the newest of them.
//!
//! A folder holds `segment-P.log` (see `log`), `checkpoint-P.idx` (see `checkpoint`), where `P` is a
//! position of the log in hexadecimal, `lock`, and perhaps a folder of files that were put aside.
//!
//! The bodies of records are told in `record`, single values in [`crate::codec`].

pub(crate) mod checkpoint;
mod compaction;
mod disk;
mod inspect;
mod keeper;
mod log;
mod open;
mod record;
mod replica;

pub use self::disk::{Disk, DiskFile, Folder};
pub use self::inspect::{repair, stats, verify};
pub(crate) use self::keeper::{Keeper, Marks};
pub use self::log::Sync as JournalSync;
pub use self::log::{Cut, Damage, Facts, LeftOut, LogError, Repaired, Report, SegmentLine};
pub(crate) use self::log::{Poisoned, Stamp};
pub use self::open::{JournalOptions, OpenError, Recovered};
pub(crate) use self::open::{Started, open};
pub(crate) use self::replica::digest;

/// Version of the rules of delivery: what a step makes of an event. A journal is replayed only by
/// the rules under which it was written; raise this with every change of what a step does.
pub(crate) const RULES: u32 = 3;
