//! What holds where the file says nothing.

use std::time::Duration;

use crate::plan::RateLimit;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

pub(crate) const MAX_MESSAGES: u64 = 1_000_000;
pub(crate) const MAX_BYTES: u64 = 1024 * MIB;
pub(crate) const MAX_MESSAGE: u64 = MIB;
pub(crate) const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) const DEDUP_MAX_IDS: u64 = 1_000_000;

pub(crate) const MEMORY_BUDGET: u64 = 256 * MIB;
pub(crate) const RESERVE: u64 = 64 * MIB;
pub(crate) const SEGMENT: u64 = 64 * MIB;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);
pub(crate) const BATCH_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const MEMORY: u64 = 128 * MIB;
pub(crate) const OUTPUT: u64 = 4 * MIB;
pub(crate) const BATCH_OUTPUT: u64 = 16 * MIB;
pub(crate) const OUTPUT_MESSAGES: u64 = 10_000;
pub(crate) const BATCH_OUTPUT_MESSAGES: u64 = 100_000;
/// The largest plugin measured (Python) needs 20,000.
pub(crate) const TABLES: u64 = 40_000;
pub(crate) const LOG_RATE: RateLimit = RateLimit { messages: 1_000, per: Duration::from_secs(1) };
pub(crate) const LOG_BYTES: u64 = MIB;
pub(crate) const HOST_DATA: u64 = 16 * MIB;
/// The slowest plugin measured (StarlingMonkey) takes 10 s, 373 MiB and gives 40 MiB of code.
pub(crate) const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);
pub(crate) const COMPILE_MEMORY: u64 = 1024 * MIB;
pub(crate) const COMPILE_SIZE: u64 = 64 * MIB;

pub(crate) const CONCURRENCY: u32 = 1;
pub(crate) const BATCH_MESSAGES: u32 = 256;
pub(crate) const BATCH_BYTES: u64 = 4 * MIB;
pub(crate) const BATCH_WAIT: Duration = Duration::ZERO;
pub(crate) const ACK_DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const MAX_PARKED: u64 = 100_000;

pub(crate) const MAX_ATTEMPTS: u32 = 5;
pub(crate) const BACKOFF_INITIAL: Duration = Duration::from_millis(100);
pub(crate) const BACKOFF_FACTOR: f64 = 2.0;
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(30);
pub(crate) const BACKOFF_JITTER: f64 = 0.2;

pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
