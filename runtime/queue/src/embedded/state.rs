//! What the broker's lock guards.

use std::collections::BTreeMap;
use std::time::Duration;

use millstream_message::TopicId;
use tokio::sync::oneshot;

use crate::broker::PublishError;
use crate::core::{Core, Effects, Refusal, Ticket};
use crate::journal::Marks;
use crate::publication::Duplicate;

/// What a publisher in line is told: the answer, and the record that must be durable before it is.
pub(super) type Told = (Result<Vec<Duplicate>, PublishError>, u64);

pub(super) struct State {
    pub(super) core: Core,
    /// Publishers in line.
    pub(super) waiting: BTreeMap<Ticket, oneshot::Sender<Told>>,
    /// When the timekeeper looks next: monotonic time.
    pub(super) armed: Duration,
    /// Which messages of each topic may not be durable yet.
    pub(super) marks: Vec<Marks>,
    /// The last record; 0 without a journal.
    pub(super) last: u64,
}

impl State {
    pub(super) fn new(core: Core) -> Self {
        let (waiting, marks) = (BTreeMap::new(), Vec::new());
        let mut state = Self { core, waiting, armed: Duration::MAX, marks, last: 0 };
        state.mark_new_topics();
        state
    }

    /// What is in a topic that came now is as durable as the record that brought it.
    pub(super) fn mark_new_topics(&mut self) {
        while let Some(end) = self.core.end_of(TopicId(self.marks.len() as u32)) {
            self.marks.push(Marks::from(end));
        }
    }

    /// Tells publishers in line what became of their messages in this step, whose record is
    /// `record`.
    pub(super) fn answer_waiting(&mut self, effects: &Effects, record: u64) {
        let mut answer = |ticket: &Ticket, answer| {
            if let Some(sender) = self.waiting.remove(ticket) {
                // The publisher may have gone; its messages were accepted or refused all the same.
                let _ = sender.send((answer, record));
            }
        };
        for (ticket, repeats) in &effects.admitted {
            answer(ticket, Ok(repeats.clone()));
        }
        for ticket in &effects.expired_tickets {
            answer(ticket, Err(PublishError::Full { waited: Duration::ZERO }));
        }
        for (ticket, refusal) in &effects.turned_away {
            answer(ticket, Err(refused(*refusal)));
        }
    }
}

pub(super) fn refused(refusal: Refusal) -> PublishError {
    match refusal {
        Refusal::TooLarge => PublishError::TooLarge,
        Refusal::Full => PublishError::Rejected,
        Refusal::LineFull => PublishError::Full { waited: Duration::ZERO },
        Refusal::DedupFull => PublishError::DedupFull,
        Refusal::Unknown
        | Refusal::LeaseEnded
        | Refusal::Fenced
        | Refusal::OnTrial
        | Refusal::NoTrial
        | Refusal::LeftOver => PublishError::Unknown,
    }
}
