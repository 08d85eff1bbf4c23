//! One subscription: a position in its topic plus the exceptions to it.

use std::collections::BTreeMap;
use std::time::Duration;

use millstream_message::{BATCH_BYTES_MAX, Batch};

use super::lease::History;
use crate::rules::SubscriptionRules;

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) rules: SubscriptionRules,
    /// Everything from here on was never leased.
    pub(super) cursor: u64,
    /// Absolute number of the log entry that holds the cursor.
    pub(super) cursor_entry: u64,
    /// Runs below the cursor that wait again, by first sequence number: given back, or left to
    /// others by a worker with a key range.
    pub(super) available: BTreeMap<u64, Span>,
    /// Runs under lease: first and one past the last sequence number.
    pub(super) leased: BTreeMap<u64, u64>,
    /// Failed messages by due time (monotonic) and order of parking.
    pub(super) parked: BTreeMap<(Duration, u64), Parked>,
    pub(super) fenced_below: u64,
    pub(super) counters: Counters,
}

/// A run of messages that wait again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) end: u64,
    /// How often they were delivered before.
    pub(super) deliveries: u32,
}

/// A failed message that waits for its retry.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    /// A batch of this one message.
    pub(super) message: Batch,
    pub(super) history: History,
    pub(super) alone: bool,
}

/// Messages since the subscription began, by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) handled: u64,
    pub(super) failed: u64,
    pub(super) rejected: u64,
    pub(super) exhausted: u64,
    pub(super) dropped: u64,
    pub(super) in_flight: u64,
}

impl Subscription {
    pub(super) fn new(rules: SubscriptionRules) -> Self {
        // A lease becomes one batch, which has a bound of its own.
        let batch_bytes = rules.batch_bytes.min(BATCH_BYTES_MAX as u64);
        Self {
            rules: SubscriptionRules { batch_bytes, ..rules },
            cursor: 0,
            cursor_entry: 0,
            available: BTreeMap::new(),
            leased: BTreeMap::new(),
            parked: BTreeMap::new(),
            fenced_below: 0,
            counters: Counters::default(),
        }
    }

    /// The lowest sequence number that is not settled.
    pub(super) fn floor(&self) -> u64 {
        let available = self.available.keys().next();
        let leased = self.leased.keys().next();
        available.into_iter().chain(leased).copied().min().unwrap_or(self.cursor).min(self.cursor)
    }

    /// Messages that wait in the log below the cursor.
    pub(super) fn available_messages(&self) -> u64 {
        self.available.iter().map(|(start, span)| span.end - start).sum()
    }

    pub(super) fn is_parking_full(&self) -> bool {
        self.parked.len() as u64 >= self.rules.max_parked
    }
}
