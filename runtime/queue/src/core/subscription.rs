//! One subscription: a position in its topic plus the exceptions to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use millstream_message::BATCH_BYTES_MAX;

use super::MAX_STEP_MESSAGES;
use super::keys::Keys;
use super::parking::Parking;
use super::pending::Pending;
use super::rate::Bucket;
use super::serving::Serving;
use crate::codec::{Codec, Malformed, codec_struct};
use crate::rules::{Handler, Ordering, SubscriptionRules};

/// What stands for the one key of a strictly ordered subscription.
pub(super) const STRICT: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) rules: SubscriptionRules,
    /// Everything from here on was never looked at.
    pub(super) cursor: u64,
    /// Absolute number of a log entry at or before the one that holds the cursor.
    pub(super) cursor_entry: u64,
    /// Messages from the cursor on that are gone.
    pub(super) gone_ahead: u64,
    /// Runs below the cursor that wait again, by first sequence number: given back, or left to
    /// others by a worker with a key range.
    pub(super) available: BTreeMap<u64, Span>,
    /// Messages in `available`.
    pub(super) available_messages: u64,
    /// For the old version and the one on trial: up to here all of `available` is the other's.
    pub(super) passed: [u64; 2],
    /// Runs under lease: first and one past the last sequence number.
    pub(super) leased: BTreeMap<u64, u64>,
    /// Sequence numbers that copies under lease had in the log.
    pub(super) leased_copies: BTreeSet<u64>,
    pub(super) parking: Parking,
    pub(super) keys: Keys,
    /// The lane that the next lease looks at first, so that neither starves the other.
    pub(super) parked_first: bool,
    pub(super) paused: bool,
    pub(super) bucket: Option<Bucket>,
    pub(super) fenced_below: u64,
    /// Whose workers may have messages.
    pub(super) serving: Serving,
    /// It is removed: its place stays empty.
    pub(super) gone: bool,
    /// Who handled messages last: named by dead letters that no worker saw.
    pub(super) handler: Arc<Handler>,
    pub(super) counters: Counters,
    /// Work that was begun on it, in the words of whoever does it.
    pub(super) errand: Option<Bytes>,
}

/// A run of messages that wait again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) end: u64,
    /// How often they were delivered before.
    pub(super) deliveries: u32,
    /// In how many crashes of the host they were under lease; if any, they are delivered alone.
    pub(super) crashes: u32,
}

/// Messages since the subscription began, by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) offered: u64,
    pub(super) redriven: u64,
    pub(super) handled: u64,
    pub(super) filtered: u64,
    pub(super) failed: u64,
    pub(super) rejected: u64,
    pub(super) exhausted: u64,
    pub(super) expired: u64,
    pub(super) crashed: u64,
    pub(super) expired_dropped: u64,
    pub(super) dropped: u64,
    pub(super) purged: u64,
    pub(super) in_flight: u64,
}

impl Subscription {
    pub(super) fn new(rules: SubscriptionRules) -> Self {
        // A lease becomes one batch, which has a bound of its own, and ends in one step.
        let batch_bytes = rules.batch_bytes.min(BATCH_BYTES_MAX as u64);
        let batch_messages = rules.batch_messages.min(MAX_STEP_MESSAGES as u32);
        let handler = Arc::new(Handler { name: String::new(), digest: String::new() });
        Self {
            bucket: rules.rate.map(Bucket::new),
            rules: SubscriptionRules { batch_bytes, batch_messages, ..rules },
            cursor: 0,
            cursor_entry: 0,
            gone_ahead: 0,
            available: BTreeMap::new(),
            available_messages: 0,
            passed: [0; 2],
            leased: BTreeMap::new(),
            leased_copies: BTreeSet::new(),
            parking: Parking::default(),
            keys: Keys::default(),
            parked_first: true,
            paused: false,
            fenced_below: 0,
            serving: Serving::default(),
            gone: false,
            handler,
            counters: Counters::default(),
            errand: None,
        }
    }

    pub(super) fn by_key(&self) -> bool {
        self.rules.ordering == Ordering::Key
    }

    pub(super) fn strict(&self) -> bool {
        self.rules.ordering == Ordering::Strict
    }

    /// Failed messages and those that wait behind them.
    pub(super) fn parked(&self) -> u64 {
        self.parking.len() + self.keys.waiting()
    }

    pub(super) fn is_parking_full(&self) -> bool {
        self.parked() >= self.rules.max_parked
    }

    /// Messages that wait in the log and are nobody's; `next` is where the log ends.
    pub(super) fn lag(&self, next: u64) -> u64 {
        next - self.cursor - self.gone_ahead + self.available_messages
    }

    /// Messages that are neither handled nor given up.
    pub(super) fn live(&self, next: u64) -> u64 {
        self.lag(next) + self.parked() + self.counters.in_flight
    }

    /// Whether `sequence` is under lease.
    pub(super) fn leases(&self, sequence: u64) -> bool {
        let before = self.leased.range(..=sequence).next_back();
        before.is_some_and(|(_, end)| sequence < *end) || self.leased_copies.contains(&sequence)
    }

    /// These messages are under lease from now on.
    pub(super) fn begin_lease(&mut self, runs: &[Range<u64>], items: Option<&[Pending]>) {
        self.leased.extend(runs.iter().map(|run| (run.start, run.end)));
        self.leased_copies
            .extend(items.unwrap_or_default().iter().filter_map(Pending::copied_from));
    }

    /// These messages are under lease no longer.
    pub(super) fn end_lease(&mut self, runs: &[Range<u64>], items: Option<&[Pending]>) {
        for run in runs {
            self.leased.remove(&run.start);
        }
        for sequence in items.unwrap_or_default().iter().filter_map(Pending::copied_from) {
            self.leased_copies.remove(&sequence);
        }
    }

    /// A run of messages waits again; joined with its neighbours of the same history.
    pub(super) fn add_available(&mut self, run: Range<u64>, deliveries: u32, crashes: u32) {
        self.available_messages += run.end - run.start;
        self.passed.iter_mut().for_each(|passed| *passed = run.start.min(*passed));
        let mut run = run;
        let same = |span: &Span| (span.deliveries, span.crashes) == (deliveries, crashes);
        if let Some(after) = self.available.get(&run.end).copied().filter(same) {
            self.available.remove(&run.end);
            run.end = after.end;
        }
        let before = self.available.range(..run.start).next_back();
        if let Some((&start, _)) = before.filter(|(_, span)| span.end == run.start && same(span)) {
            run.start = start;
        }
        self.available.insert(run.start, Span { end: run.end, deliveries, crashes });
    }

    /// Where a version begins to look for runs that wait again.
    pub(super) fn begin_behind(&mut self, lane: usize) -> u64 {
        let at = self.passed[lane];
        let before = self.available.range(..at).next_back();
        if let Some((&start, &span)) = before.filter(|(_, span)| span.end > at) {
            self.available.insert(start, Span { end: at, ..span });
            self.available.insert(at, span);
        }
        at
    }

    /// Takes one message out of the runs that wait again; answers the run that it was in.
    pub(super) fn remove_available(&mut self, sequence: u64) -> Option<Span> {
        let (&start, &span) = self.available.range(..=sequence).next_back()?;
        if sequence >= span.end {
            return None;
        }
        self.available.remove(&start);
        for part in [start..sequence, sequence + 1..span.end] {
            if !part.is_empty() {
                self.available.insert(part.start, Span { end: part.end, ..span });
            }
        }
        self.available_messages -= 1;
        Some(span)
    }

    /// Whether there may be something for one more worker.
    pub(super) fn has_work(&self, next: u64) -> bool {
        self.cursor + self.gone_ahead < next
            || self.available_messages > 0
            || self.parking.has_timed()
            || self.keys.has_ready()
    }

    /// Whether nothing here will go on by itself: all that is left waits for a stopped key.
    pub(super) fn is_idle(&self, next: u64) -> bool {
        let stopped = (self.strict() && self.keys.is_stopped(STRICT))
            || (self.by_key() && self.is_parking_full());
        self.counters.in_flight == 0
            && self.parking.is_empty()
            && !self.keys.has_ready()
            && (self.lag(next) == 0 || stopped)
    }
}

codec_struct!(Span { end, deliveries, crashes });
codec_struct!(Counters {
    offered,
    redriven,
    handled,
    filtered,
    failed,
    rejected,
    exhausted,
    expired,
    crashed,
    expired_dropped,
    dropped,
    purged,
    in_flight,
});

impl Codec for Subscription {
    fn put(&self, out: &mut Vec<u8>) {
        self.rules.put(out);
        (self.cursor, self.cursor_entry).put(out);
        self.gone_ahead.put(out);
        self.available.put(out);
        self.available_messages.put(out);
        (self.passed[0], self.passed[1]).put(out);
        self.leased.put(out);
        self.leased_copies.put(out);
        self.parking.put(out);
        self.keys.put(out);
        (self.parked_first, self.paused).put(out);
        self.bucket.as_ref().map(Bucket::level).put(out);
        self.fenced_below.put(out);
        self.serving.put(out);
        self.gone.put(out);
        Handler::put(&self.handler, out);
        self.counters.put(out);
        self.errand.put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let rules = SubscriptionRules::get(from)?;
        let (cursor, cursor_entry) = Codec::get(from)?;
        let (gone_ahead, available) = (Codec::get(from)?, Codec::get(from)?);
        let available_messages = Codec::get(from)?;
        let (old, trial) = Codec::get(from)?;
        let (leased, leased_copies) = (Codec::get(from)?, Codec::get(from)?);
        let (parking, keys) = (Codec::get(from)?, Codec::get(from)?);
        let (parked_first, paused) = Codec::get(from)?;
        let level = Option::<(u128, std::time::Duration)>::get(from)?;
        let bucket = rules.rate.zip(level).map(|(rate, level)| Bucket::at(rate, level));
        let (fenced_below, serving) = (Codec::get(from)?, Codec::get(from)?);
        let (gone, handler) = (Codec::get(from)?, Arc::new(Handler::get(from)?));
        let (counters, errand) = (Codec::get(from)?, Codec::get(from)?);
        Ok(Self {
            rules,
            cursor,
            cursor_entry,
            gone_ahead,
            available,
            available_messages,
            passed: [old, trial],
            leased,
            leased_copies,
            parking,
            keys,
            parked_first,
            paused,
            bucket,
            fenced_below,
            serving,
            gone,
            handler,
            counters,
            errand,
        })
    }
}
