//! One message on its way through a subscription, outside the ordinary runs of the log.

use std::ops::Range;
use std::time::Duration;

use millstream_message::Batch;

use super::lease::History;
use super::spans::push_joined;
use super::topic::Topic;
use crate::codec::{Codec, Malformed, codec_struct};
use crate::judge::Outcome;
use crate::publication::NEVER;
use crate::stored::Stored;

/// A message that was delivered before, waits behind its key, or was redriven.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) place: Place,
    /// Its key's hash; 0 where nothing orders it.
    pub(super) hash: u64,
    pub(super) history: History,
    /// Whether it travels alone, since it broke its neighbours' call.
    pub(super) alone: bool,
    /// Whether it was redriven: such messages go before all that wait for their key.
    pub(super) redriven: bool,
}

/// Where the message is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the topic's log, under this sequence number.
    Log(u64),
    /// A copy of the subscription's own.
    Copy(Box<Copied>),
}

/// A message that was copied out of the log.
#[derive(Clone, Debug)]
pub(super) struct Copied {
    /// A batch of this one message.
    pub(super) message: Batch,
    /// Milliseconds since the Unix epoch.
    pub(super) expires_ms: u64,
    /// How old it is among the topic's messages: its sequence number, or where the log ended when
    /// it was redriven.
    pub(super) age: u64,
    /// Keeps copies in order that are due at once.
    pub(super) serial: u64,
    /// Where a journal keeps it.
    pub(super) stored: Option<Stored>,
    /// What becomes of it if the version on trial is promoted that failed on it.
    pub(super) withheld: Option<Box<Outcome>>,
}

impl Place {
    /// How old the message is among those of its topic.
    pub(super) fn age(&self) -> (u64, u64) {
        match self {
            Self::Log(sequence) => (*sequence, 0),
            Self::Copy(copied) => (copied.age, copied.serial),
        }
    }
}

impl Pending {
    /// A message of the log that was never delivered.
    pub(super) fn of_log(sequence: u64, hash: u64) -> Self {
        let history = History::default();
        Self { place: Place::Log(sequence), hash, history, alone: false, redriven: false }
    }
}

/// When a parked message is due, and its serial number.
pub(super) type Due = (Duration, u64);

impl Pending {
    /// The copy; none where the message is still in the log.
    pub(super) fn copy(&self) -> Option<&Batch> {
        match &self.place {
            Place::Copy(copied) => Some(&copied.message),
            Place::Log(_) => None,
        }
    }

    /// Forgets what a version on trial made of it.
    pub(super) fn forget_withheld(&mut self) {
        if let Place::Copy(copied) = &mut self.place {
            copied.withheld = None;
        }
    }

    /// The sequence number that a copy had in the log; none for a redriven message, which is not
    /// the log's any more.
    pub(super) fn copied_from(&self) -> Option<u64> {
        match &self.place {
            Place::Copy(copied) if !self.redriven => Some(copied.age),
            Place::Copy(_) | Place::Log(_) => None,
        }
    }

    /// The message, wherever it is.
    pub(super) fn message(&self, topic: &Topic) -> Option<Batch> {
        match &self.place {
            Place::Copy(copied) => Some(copied.message.clone()),
            Place::Log(sequence) => topic.one(*sequence),
        }
    }

    /// When a copy expires; a message of the log is judged by its entry.
    pub(super) fn expires_ms(&self) -> u64 {
        match &self.place {
            Place::Copy(copied) => copied.expires_ms,
            Place::Log(_) => NEVER,
        }
    }

    /// When the message expires, wherever it is.
    pub(super) fn expires_in(&self, topic: &Topic) -> u64 {
        match &self.place {
            Place::Copy(copied) => copied.expires_ms,
            Place::Log(sequence) => {
                topic.find(*sequence).map_or(NEVER, |(entry, i)| entry.expires.at(i))
            }
        }
    }
}

/// The runs of sequence numbers that those of `items` make which are still in the log.
pub(super) fn runs_of(items: &[Pending]) -> Vec<Range<u64>> {
    let mut runs = Vec::new();
    for item in items {
        if let Place::Log(sequence) = item.place {
            push_joined(&mut runs, sequence..sequence + 1);
        }
    }
    runs
}

codec_struct!(Pending { place, hash, history, alone, redriven });

/// A copy is where the journal keeps it; its message is fetched afterwards.
impl Codec for Place {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Log(sequence) => {
                0_u8.put(out);
                sequence.put(out);
            }
            Self::Copy(copied) => {
                1_u8.put(out);
                (copied.expires_ms, copied.age).put(out);
                (copied.serial, copied.stored).put(out);
                copied.withheld.put(out);
            }
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        match u8::get(from)? {
            0 => u64::get(from).map(Self::Log),
            1 => {
                let ((expires_ms, age), (serial, stored)) =
                    (<(u64, u64)>::get(from)?, <(u64, Option<Stored>)>::get(from)?);
                let (message, withheld) = (crate::stored::nothing(), Codec::get(from)?);
                let copied = Copied { message, expires_ms, age, serial, stored, withheld };
                Ok(Self::Copy(Box::new(copied)))
            }
            _ => Err(Malformed("no such place")),
        }
    }
}
