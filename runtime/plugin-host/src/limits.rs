//! What a plugin may take: the settings, each named as the pipeline file names it.

use std::time::Duration;

use millstream_message::BATCH_BYTES_MAX;

/// No call runs longer, whatever its limit says.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What a plugin may take. A limit that is hit fails the call and ends the instance, except where
/// another end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for a call of one message.
    pub timeout: Duration,
    /// Time for a call of more, and for starting an instance.
    pub batch_timeout: Duration,
    /// Bytes of all memories and tables of one instance: a ceiling, not a reservation.
    pub memory: u64,
    /// Elements of all tables of one instance.
    pub tables: u64,
    /// Instances alive at once; none for as many as are asked for. Whoever wants one more waits.
    pub instances: Option<u32>,
    /// Bytes that a call of one message may return.
    pub output: u64,
    /// Bytes that a call of more may return.
    pub batch_output: u64,
    /// Messages to publish that a call of one message may return.
    pub output_messages: u64,
    /// Messages to publish that a call of more may return.
    pub batch_output_messages: u64,
    /// Log records of all instances together: those beyond are dropped and counted.
    pub log_rate: LogRate,
    /// Bytes of text of the log records of one call: records beyond are dropped and counted.
    pub log_bytes: u64,
    /// Bytes that a guest may hand to the host's functions in one call, all together.
    pub host_data: u64,
    /// What compiling it may take.
    pub compile: CompileLimits,
}

/// So many records in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRate {
    /// Log records.
    pub records: u64,
    /// The time that they are counted over; zero for no bound.
    pub per: Duration,
}

/// What compiling a plugin may take. One that is hit fails the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time, from start to end. A compiler that was kept from the processors, which the host's workers
    /// have first, gets what it missed: up to ten times as long by the clock.
    pub timeout: Duration,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of machine code.
    pub size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
            batch_timeout: Duration::from_secs(5),
            memory: 128 << 20,
            tables: 40_000,
            instances: None,
            output: 4 << 20,
            batch_output: 16 << 20,
            output_messages: 10_000,
            batch_output_messages: 100_000,
            log_rate: LogRate { records: 1_000, per: Duration::from_secs(1) },
            log_bytes: 1 << 20,
            host_data: 16 << 20,
            compile: CompileLimits::default(),
        }
    }
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), memory: 1 << 30, size: 64 << 20 }
    }
}

impl Limits {
    /// Outputs become a batch, so no limit on them may pass what a batch can hold; and a deadline
    /// must be a time that the clock can reach.
    pub(crate) fn bounded(mut self) -> Self {
        self.timeout = self.timeout.min(TIMEOUT_MAX);
        self.batch_timeout = self.batch_timeout.min(TIMEOUT_MAX);
        self.output = self.output.min(BATCH_BYTES_MAX as u64);
        self.batch_output = self.batch_output.min(BATCH_BYTES_MAX as u64);
        self
    }
}
