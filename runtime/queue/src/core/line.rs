//! Publishers that wait for room in a topic, first come, first served.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Refusal, Ticket, WAITING_PUBLISHERS_MAX};
use crate::publication::{Duplicate, Publication};

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
    /// Everybody waits as long: the first in line is the first to give up.
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
        let gives_up = now + self.patience;
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

    pub(super) fn next_gives_up(&self) -> Option<Duration> {
        self.waiting.front().map(|first| first.gives_up)
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
