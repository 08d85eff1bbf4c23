//! What a settlement comes to, message by message.

use std::time::Duration;

use millstream_message::{Batch, MessageId, TopicId};

use crate::core::History;
use crate::dead_letter::DeadLetterReason;
use crate::publication::{Arrival, Publication};
use crate::stored::Stored;

/// What the core commits for one delivery.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What becomes of each message.
    pub fates: Fates,
    /// Dead letters and their topic.
    pub dead_letters: Option<(TopicId, Publication)>,
    /// What is published with the settle.
    pub outputs: Vec<(TopicId, Publication)>,
    /// Deliveries that count as failures.
    pub failed: u64,
    /// The state of the rules that were judged by.
    pub revision: u64,
}

/// What becomes of the messages of a delivery.
#[derive(Clone, Debug)]
pub enum Fates {
    /// The ordinary case.
    AllHandled,
    /// All wait again, as if never delivered.
    AllReturned,
    /// One for each message; those without one wait again.
    Each(Vec<Fate>),
}

/// What becomes of one message.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Handled: it is gone for this subscription.
    Handled,
    /// Not for this subscription: gone.
    Filtered,
    /// Given up and dropped, as the rules say.
    Dropped,
    /// Too old and dropped, as the rules say.
    ExpiredDropped,
    /// Given up: its dead letter has this id.
    DeadLettered(DeadLetterReason, MessageId),
    /// It waits for a retry.
    Parked(Box<Parking>),
    /// It waits again, uncounted.
    Returned,
    /// A version on trial failed on it: it waits, with what would become of it, until the trial is
    /// decided.
    Withheld(Box<Withholding>),
}

/// A message that a version on trial failed on.
#[derive(Clone, Debug)]
pub struct Withholding {
    /// A batch of this one message, copied out.
    pub message: Batch,
    /// Where a journal keeps the copy.
    pub stored: Option<Stored>,
    /// What becomes of it if the version is promoted.
    pub outcome: Outcome,
}

/// What becomes of a message once the version that failed on it is promoted. If the version is
/// rolled back it goes to the old one, as if this one had never had it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It waits for a retry.
    Retry {
        /// What happened to it, this failure included.
        history: History,
        /// Whether it travels alone from then on.
        alone: bool,
        /// When it is due: monotonic time.
        due: Duration,
    },
    /// It is given up.
    Letter {
        /// Why.
        reason: DeadLetterReason,
        /// Its dead letter, a batch of one.
        letter: Batch,
        /// Where a journal keeps the dead letter.
        stored: Option<Stored>,
    },
    /// It is given up and dropped, as the rules say: a failed delivery (true) or a rejection.
    Drop {
        /// Whether it counts as a failed delivery.
        failed: bool,
    },
}

impl Outcome {
    /// Whether it counts as a failed delivery; a rejection is a word of the handler's.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Retry { .. } => true,
            Self::Letter { reason, .. } => *reason == DeadLetterReason::Exhausted,
            Self::Drop { failed } => *failed,
        }
    }
}

/// A message that waits for a retry.
#[derive(Clone, Debug)]
pub struct Parking {
    /// A batch of this one message, copied out.
    pub message: Batch,
    /// What happened to it so far.
    pub history: History,
    /// Whether it travels alone from now on.
    pub alone: bool,
    /// When it is due: monotonic time.
    pub due: Duration,
    /// Where a journal keeps the copy.
    pub stored: Option<Stored>,
}

impl Judged {
    /// All messages wait again.
    #[must_use]
    pub fn given_back() -> Self {
        let (fates, outputs) = (Fates::AllReturned, Vec::new());
        Self { fates, dead_letters: None, outputs, failed: 0, revision: 0 }
    }
}

impl Judged {
    /// What was withheld stands at once: the version that failed on it is not on trial any more.
    /// `letters`: where dead letters go.
    pub(crate) fn stand(&mut self, letters: Option<TopicId>) {
        let Fates::Each(fates) = &mut self.fates else { return };
        for fate in fates {
            let Fate::Withheld(one) = fate else { continue };
            self.failed += u64::from(one.outcome.is_failure());
            let one = (**one).clone();
            *fate = match one.outcome {
                Outcome::Retry { history, alone, due } => {
                    let Withholding { message, stored, .. } = one;
                    Fate::Parked(Box::new(Parking { message, history, alone, due, stored }))
                }
                Outcome::Letter { reason, letter, stored } => {
                    let id = letter.get(0).id();
                    let arrival = Arrival::new(letter).map(|one| Arrival { stored, ..one });
                    if let Some(topic) = letters {
                        let (_, all) = self
                            .dead_letters
                            .get_or_insert_with(|| (topic, Publication::default()));
                        all.visible.extend(arrival);
                    }
                    Fate::DeadLettered(reason, id)
                }
                Outcome::Drop { .. } => Fate::Dropped,
            };
        }
    }
}

impl Fates {
    /// How many of `messages` are gone for the subscription, for whatever reason.
    #[must_use]
    pub fn gone(&self, messages: u64) -> u64 {
        match self {
            Self::AllHandled => messages,
            Self::AllReturned => 0,
            Self::Each(fates) => fates.iter().filter(|fate| !fate.waits()).count() as u64,
        }
    }

    /// How many wait for a retry.
    #[must_use]
    pub fn parked(&self) -> u64 {
        match self {
            Self::AllHandled | Self::AllReturned => 0,
            Self::Each(fates) => {
                let parks = |fate: &&Fate| matches!(fate, Fate::Parked(_) | Fate::Withheld(_));
                fates.iter().filter(parks).count() as u64
            }
        }
    }
}

impl Fate {
    /// Whether the subscription is not done with the message.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Parked(_) | Self::Returned | Self::Withheld(_))
    }
}
