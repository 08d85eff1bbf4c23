//! What a version did for its subscriptions, as it happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use millstream_message::{Settlement, Verdict, Verdicts};

use super::judgement::Sample;

/// Counts what the workers of a version do.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    handled: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
    time_ns: AtomicU64,
    /// Calls that have not ended.
    calls: AtomicU64,
    starts_failed: AtomicU64,
}

impl Figures {
    /// A call begins; it ends when what is given is dropped.
    pub(crate) fn begin_call(&self) -> InCall<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        InCall(self)
    }

    /// A call took so long, whatever came of it.
    pub(crate) fn took(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.time_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// The version answered for `messages` messages, and this follows from it.
    pub(crate) fn count(&self, settlement: &Settlement, messages: usize) {
        let Verdicts::Each(verdicts) = &settlement.verdicts else {
            self.handled.fetch_add(messages as u64, Ordering::Relaxed);
            return;
        };
        for verdict in verdicts {
            match verdict {
                Verdict::Handled => self.handled.fetch_add(1, Ordering::Relaxed),
                Verdict::Failed { .. } => self.failed.fetch_add(1, Ordering::Relaxed),
                Verdict::Rejected(_) => self.rejected.fetch_add(1, Ordering::Relaxed),
                Verdict::Returned | Verdict::Filtered | Verdict::Expired => 0,
            };
        }
    }

    /// A call of one message failed.
    pub(crate) fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// An instance did not start.
    pub(crate) fn fail_start(&self) {
        self.starts_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn starts_failed(&self) -> u64 {
        self.starts_failed.load(Ordering::Relaxed)
    }

    /// Whether a call is under way.
    pub(super) fn busy(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > 0
    }

    /// Messages that it handled, failed on and rejected.
    pub(super) fn outcomes(&self) -> [u64; 3] {
        [&self.handled, &self.failed, &self.rejected].map(|one| one.load(Ordering::Relaxed))
    }

    pub(super) fn sample(&self) -> Sample {
        let [handled, failed, rejected] = self.outcomes();
        let time = Duration::from_nanos(self.time_ns.load(Ordering::Relaxed));
        Sample { messages: handled + failed + rejected, failed: failed + rejected, time }
    }
}

/// A call that has not ended.
pub(crate) struct InCall<'a>(&'a Figures);

impl Drop for InCall<'_> {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}
