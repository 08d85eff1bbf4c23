//! What becomes visible in a topic, in order, without repeats, and without gaps where the topic
//! still keeps what would be missing.
//!
//! Two threads may show two runs the other way round, and a slow client loses runs. Either way the
//! next run begins later than expected: then the topic is asked for what lies between. A run that
//! arrives late is shown as far as it was not seen meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;

use millstream_message::{Batch, TopicId};
use millstream_queue::{Broker, Browsed, Tap};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::yield_now;

use super::seen::Seen;

/// Messages that are read from the topic at once.
const PAGE_MESSAGES_MAX: usize = 256;

/// One reader of one topic.
pub(super) struct Watch {
    broker: Arc<dyn Broker>,
    topic: TopicId,
    live: Tap,
    seen: Seen,
    /// Where the next run should begin; none before the first of a watch that begins now.
    next: Option<u64>,
    gap: Option<Gap>,
    /// Runs were lost since the last one that was shown: at least so many messages.
    lost: u64,
    ready: VecDeque<Sight>,
}

/// What the reader sees.
pub(super) enum Sight {
    Messages(Batch),
    /// So many messages passed unseen.
    Missed(u64),
}

/// A part of the topic that did not come by itself.
struct Gap {
    /// Sequence number of the first message that did not come.
    began: u64,
    /// Sequence number of the next message to look for.
    from: u64,
    /// The run behind it, which waits; none when all that the topic keeps is wanted.
    behind: Option<Browsed>,
    /// Messages that were found.
    found: u64,
}

impl Gap {
    fn new(began: u64, behind: Option<Browsed>) -> Self {
        Self { began, from: began, behind, found: 0 }
    }
}

impl Watch {
    /// Begins at what the topic keeps, or at what comes next; none where there is no such topic.
    pub(super) fn begin(broker: Arc<dyn Broker>, topic: TopicId, earliest: bool) -> Option<Self> {
        // First the live end, so that nothing passes between it and what is kept.
        let live = broker.tap(topic)?;
        let gap = earliest.then(|| Gap::new(0, None));
        let (seen, ready) = (Seen::default(), VecDeque::new());
        Some(Self { broker, topic, live, seen, next: None, gap, lost: 0, ready })
    }

    /// What is seen next; none when the broker has ended.
    pub(super) async fn next(&mut self) -> Option<Sight> {
        loop {
            if let Some(sight) = self.ready.pop_front() {
                return Some(sight);
            }
            if let Some(gap) = self.gap.take() {
                self.look_back(gap);
                yield_now().await;
                continue;
            }
            match self.live.recv().await {
                Ok(run) => self.take(run),
                Err(RecvError::Lagged(runs)) => self.lost += runs,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn take(&mut self, run: Browsed) {
        let expected = self.next.unwrap_or(run.first);
        if run.first > expected {
            return self.gap = Some(Gap::new(expected, Some(run)));
        }
        if self.next.is_none() {
            self.say_missed(self.lost);
        }
        // A run that only came late says nothing of what was lost.
        if run.first == expected {
            self.lost = 0;
        }
        self.show(&run);
    }

    /// One page of what the topic keeps; at the end of the gap, the run behind it.
    fn look_back(&mut self, mut gap: Gap) {
        let end = gap.behind.as_ref().map_or(u64::MAX, |run| run.first);
        let page = self.broker.browse(self.topic, gap.from, PAGE_MESSAGES_MAX);
        let mut parts = page.parts.into_iter().filter_map(|part| below(part, end)).peekable();
        if parts.peek().is_none() {
            return self.end(gap);
        }
        for part in parts {
            gap.from = part.first + part.batch.len() as u64;
            gap.found += part.batch.len() as u64;
            self.show(&part);
        }
        self.gap = Some(gap);
    }

    fn end(&mut self, gap: Gap) {
        let Some(run) = gap.behind else { return };
        if self.lost > 0 {
            // Without a loss the rest is on its way: it only comes late.
            self.say_missed(run.first - gap.began - gap.found);
        }
        self.lost = 0;
        self.show(&run);
    }

    fn show(&mut self, run: &Browsed) {
        let end = run.first + run.batch.len() as u64;
        for part in self.seen.add(run.first..end) {
            let places = (part.start - run.first) as usize..(part.end - run.first) as usize;
            self.ready.push_back(Sight::Messages(run.batch.slice(places)));
        }
        self.next = Some(self.next.map_or(end, |next| next.max(end)));
    }

    fn say_missed(&mut self, messages: u64) {
        if messages > 0 {
            self.ready.push_back(Sight::Missed(messages));
        }
    }
}

/// The part of `run` before sequence number `end`.
fn below(run: Browsed, end: u64) -> Option<Browsed> {
    let messages = end.saturating_sub(run.first).min(run.batch.len() as u64) as usize;
    (messages > 0).then(|| Browsed { first: run.first, batch: run.batch.slice(0..messages) })
}

#[cfg(test)]
mod tests;
