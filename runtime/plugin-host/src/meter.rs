//! Counts what a plugin does and takes, where it happens: with atomics alone, at most a few for each
//! call and none for a message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::failure::CallFailure;
use crate::metrics::{KINDS, Metrics};
use crate::seat::Seat;

/// Counts for one plugin in one subscription.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    calls: AtomicU64,
    messages: AtomicU64,
    cpu_ns: AtomicU64,
    failures: [AtomicU64; KINDS.len()],
    host_faults: AtomicU64,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    instances: AtomicU64,
    starts: AtomicU64,
    starts_failed: AtomicU64,
    recycled: AtomicU64,
    queue_wait_ns: AtomicU64,
    queue_wait_max_ns: AtomicU64,
    late_max_ns: AtomicU64,
    log_dropped: AtomicU64,
}

impl Meter {
    /// A call of `messages` messages ended.
    pub(crate) fn called(&self, messages: usize, failure: Option<&CallFailure>) {
        add(&self.calls, 1);
        add(&self.messages, messages as u64);
        let Some(failure) = failure else { return };
        match KINDS.iter().position(|&kind| kind == failure.kind && !failure.host_fault) {
            Some(kind) => add(&self.failures[kind], 1),
            None => add(&self.host_faults, 1),
        }
    }

    pub(crate) fn start_failed(&self) {
        add(&self.starts_failed, 1);
    }

    /// A guest ran for `time`.
    pub(crate) fn ran(&self, time: Duration) {
        add(&self.cpu_ns, nanos(time));
    }

    /// A guest that could have run waited `time` for a thread.
    pub(crate) fn waited(&self, time: Duration) {
        add(&self.queue_wait_ns, nanos(time));
        self.queue_wait_max_ns.fetch_max(nanos(time), Ordering::Relaxed);
    }

    /// A call was stopped so long after its time was over.
    pub(crate) fn stopped_late(&self, by: Duration) {
        self.late_max_ns.fetch_max(nanos(by), Ordering::Relaxed);
    }

    /// `records` log records were left out.
    pub(crate) fn log_dropped(&self, records: u64) {
        add(&self.log_dropped, records);
    }

    fn read(&self) -> Metrics {
        Metrics {
            calls: get(&self.calls),
            messages: get(&self.messages),
            cpu_time: Duration::from_nanos(get(&self.cpu_ns)),
            failures: std::array::from_fn(|kind| get(&self.failures[kind])),
            host_faults: get(&self.host_faults),
            memory: get(&self.memory),
            memory_peak: get(&self.memory_peak),
            instances: get(&self.instances),
            starts: get(&self.starts),
            starts_failed: get(&self.starts_failed),
            recycled: get(&self.recycled),
            queue_wait: Duration::from_nanos(get(&self.queue_wait_ns)),
            queue_wait_max: Duration::from_nanos(get(&self.queue_wait_max_ns)),
            late_max: Duration::from_nanos(get(&self.late_max_ns)),
            log_dropped: get(&self.log_dropped),
        }
    }
}

/// No order among counters is promised: a reader may see a call whose messages are not there yet.
fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The meters of a plugin by subscription: as many as the pipeline has subscriptions of it.
#[derive(Debug, Default)]
pub(crate) struct Meters(Mutex<BTreeMap<Box<str>, Arc<Meter>>>);

impl Meters {
    /// The meter for `subscription`: asked for once in an instance's life.
    pub(crate) fn of(&self, subscription: &str) -> Arc<Meter> {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(meters.entry(subscription.into()).or_default())
    }

    /// What was counted so far, by subscription.
    pub(crate) fn read(&self) -> Vec<(String, Metrics)> {
        let meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters
            .iter()
            .map(|(subscription, meter)| (subscription.to_string(), meter.read()))
            .collect()
    }
}

/// An instance's life, as its meter sees it.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) seat: Arc<Seat>,
    /// What this instance has added to the meter's memory.
    memory: usize,
}

impl Life {
    /// An instance with `memory` bytes has started.
    pub(crate) fn begin(seat: Arc<Seat>, memory: usize) -> Self {
        add(&seat.meter.starts, 1);
        add(&seat.meter.instances, 1);
        let mut life = Self { seat, memory: 0 };
        life.holds(memory);
        life
    }

    /// The instance has `memory` bytes now; it never gives any back.
    pub(crate) fn holds(&mut self, memory: usize) {
        if memory > self.memory {
            add(&self.seat.meter.memory, (memory - self.memory) as u64);
            self.seat.meter.memory_peak.fetch_max(memory as u64, Ordering::Relaxed);
            self.memory = memory;
        }
    }

    /// The instance will be replaced because it has grown.
    pub(crate) fn outgrown(&self) {
        add(&self.seat.meter.recycled, 1);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.seat.meter.memory.fetch_sub(self.memory as u64, Ordering::Relaxed);
        self.seat.meter.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use millstream_message::FailureKind;

    use super::*;
    use crate::turns::Turns;

    #[test]
    fn memory_is_given_back_when_an_instance_ends_and_the_peak_stays() {
        let (meters, turns) = (Meters::default(), Turns::new(1));
        let seat = || Seat::new(meters.of("a"), Arc::new(turns.lane()));
        let mut first = Life::begin(seat(), 10);
        first.holds(30);
        let second = Life::begin(seat(), 20);
        let [(_, seen)] = meters.read().try_into().unwrap();
        assert_eq!((seen.memory, seen.memory_peak, seen.instances, seen.starts), (50, 30, 2, 2));
        drop((first, second));
        let [(_, seen)] = meters.read().try_into().unwrap();
        assert_eq!((seen.memory, seen.memory_peak, seen.instances, seen.starts), (0, 30, 0, 2));
    }

    #[test]
    fn what_the_host_does_wrong_is_no_failure_of_the_plugin() {
        let meter = Meter::default();
        let failure = |kind, host_fault| CallFailure { kind, message: String::new(), host_fault };
        meter.called(3, Some(&failure(FailureKind::Timeout, false)));
        meter.called(1, Some(&failure(FailureKind::Trap, true)));
        let seen = meter.read();
        assert_eq!((seen.calls, seen.messages, seen.failed(), seen.host_faults), (2, 4, 1, 1));
        assert!(seen.failures().any(|counted| counted == (FailureKind::Timeout, 1)));
    }
}
