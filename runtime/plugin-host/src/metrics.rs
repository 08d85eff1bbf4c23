//! What a plugin did and took, as others read it.

use std::time::Duration;

use millstream_message::FailureKind;

/// Kinds of failure that a call can end in, in the order of [`Metrics::failures`].
pub(crate) const KINDS: [FailureKind; 5] = [
    FailureKind::Trap,
    FailureKind::Timeout,
    FailureKind::MemoryLimit,
    FailureKind::OutputLimit,
    FailureKind::InvalidResult,
];

/// What a plugin did and took in one subscription, or in several together, since its host started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Calls that have ended, failed ones included.
    pub calls: u64,
    /// Messages of these calls.
    pub messages: u64,
    /// Time that its guests ran, starts included: the time from when a thread takes a guest up
    /// until the guest ends, yields or waits for the host. What else the machine ran meanwhile on
    /// that core counts as well; the system's own clock of a thread would cost as much as a call.
    pub cpu_time: Duration,
    /// Calls that failed by the guest's doing, by kind: `trap`, `timeout`, `memory limit`,
    /// `output limit`, `invalid result`.
    pub failures: [u64; KINDS.len()],
    /// Calls that failed by the host's doing.
    pub host_faults: u64,
    /// Bytes in the memories and tables of all instances alive, as of their last call.
    pub memory: u64,
    /// The most bytes that one instance had.
    pub memory_peak: u64,
    /// Instances alive.
    pub instances: u64,
    /// Instances started.
    pub starts: u64,
    /// Starts that failed: a trap, a limit, or a refused configuration.
    pub starts_failed: u64,
    /// Instances replaced because their memory had grown: nobody's failure.
    pub recycled: u64,
    /// Time that guests which could have run waited for a thread.
    pub queue_wait: Duration,
    /// The longest of these waits.
    pub queue_wait_max: Duration,
    /// How long at most a call that failed went on after its time was over, waits for a thread left
    /// out: the engine's clock stops a guest at a tick, and at none while it copies its whole memory.
    pub late_max: Duration,
    /// Log records left out because they passed a limit.
    pub log_dropped: u64,
}

impl Metrics {
    /// Calls that failed by the guest's doing, for each kind.
    pub fn failures(&self) -> impl Iterator<Item = (FailureKind, u64)> {
        KINDS.into_iter().zip(self.failures)
    }

    /// Calls that failed by the guest's doing.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().sum()
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.calls += other.calls;
        self.messages += other.messages;
        self.cpu_time += other.cpu_time;
        self.failures.iter_mut().zip(other.failures).for_each(|(sum, one)| *sum += one);
        self.host_faults += other.host_faults;
        self.memory += other.memory;
        self.memory_peak = self.memory_peak.max(other.memory_peak);
        self.instances += other.instances;
        self.starts += other.starts;
        self.starts_failed += other.starts_failed;
        self.recycled += other.recycled;
        self.queue_wait += other.queue_wait;
        self.queue_wait_max = self.queue_wait_max.max(other.queue_wait_max);
        self.late_max = self.late_max.max(other.late_max);
        self.log_dropped += other.log_dropped;
        self
    }
}
