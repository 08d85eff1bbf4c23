//! Publishers that wait for room in a topic, first come, first served.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Refusal, Ticket, WAITING_PUBLISHERS_MAX};
use crate::codec::{Codec, Malformed};
use crate::publication::{Arrival, Duplicate, Publication};

#[derive(Debug)]
pub(super) struct Line {
    patience: Duration,
    waiting: VecDeque<Waiting>,
    messages: u64,
}

/// One publisher in line.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) ticket: Ticket,
    pub(super) publication: Publication,
    /// Repeats that were taken out of it already.
    pub(super) repeats: Vec<Duplicate>,
    gives_up: Duration,
}

impl Line {
    /// Everybody waits as long, unless that is altered: the first in line is the first to give up.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, waiting: VecDeque::new(), messages: 0 }
    }

    /// Puts a publisher in line; answers when its patience ends.
    pub(super) fn join(
        &mut self,
        ticket: Ticket,
        publication: Publication,
        repeats: Vec<Duplicate>,
        now: Duration,
    ) -> Result<Duration, Refusal> {
        if self.waiting.len() >= WAITING_PUBLISHERS_MAX {
            return Err(Refusal::LineFull);
        }
        // Where patience was longer before, nobody gives up before those in front of it.
        let last = self.waiting.back().map_or(Duration::ZERO, |last| last.gives_up);
        let gives_up = last.max(now + self.patience);
        self.messages += publication.len() as u64;
        self.waiting.push_back(Waiting { ticket, publication, repeats, gives_up });
        Ok(gives_up)
    }

    pub(super) fn leave_first(&mut self) -> Option<Waiting> {
        let first = self.waiting.pop_front()?;
        self.messages -= first.publication.len() as u64;
        Some(first)
    }

    /// The first in line was not let in after all.
    pub(super) fn return_first(&mut self, first: Waiting) {
        self.messages += first.publication.len() as u64;
        self.waiting.push_front(first);
    }

    /// The first in line, if its patience has ended.
    pub(super) fn give_up(&mut self, now: Duration) -> Option<Ticket> {
        self.waiting.front().filter(|first| first.gives_up <= now)?;
        self.leave_first().map(|first| first.ticket)
    }

    pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut Arrival)) {
        self.waiting.iter_mut().flat_map(|one| one.publication.arrivals_mut()).for_each(visit);
    }

    pub(super) fn next_gives_up(&self) -> Option<Duration> {
        self.waiting.front().map(|first| first.gives_up)
    }

    /// Nobody waits any more.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.messages = 0;
    }

    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Messages of all who wait.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }
}

/// Without the messages: the journal has them.
impl Codec for Line {
    fn put(&self, out: &mut Vec<u8>) {
        self.patience.put(out);
        (self.waiting.len() as u32).put(out);
        for one in &self.waiting {
            one.ticket.0.put(out);
            one.publication.save(out);
            one.repeats.put(out);
            one.gives_up.put(out);
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        let mut line = Self::new(Codec::get(from)?);
        for _ in 0..crate::codec::count(from, 1)? {
            let (ticket, publication) = (Ticket(u64::get(from)?), Publication::load(from)?);
            let (repeats, gives_up) = (Codec::get(from)?, Codec::get(from)?);
            line.messages += publication.stored_len();
            line.waiting.push_back(Waiting { ticket, publication, repeats, gives_up });
        }
        Ok(line)
    }
}
