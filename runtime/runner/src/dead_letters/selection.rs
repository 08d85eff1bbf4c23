//! Which letters are meant.

use std::collections::BTreeSet;

use millstream_formats::{Condition, Subject};
use millstream_message::{Message, MessageId};

use super::error::DeadLetterError;
use super::restored::original_id;

/// Which dead letters of a subscription are meant.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Those of the messages that had these ids, before they were given up.
    Ids(Vec<MessageId>),
    /// Those that meet the condition.
    Where(Condition),
    /// All of them.
    All,
}

/// A selection that is ready to be asked of many letters.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// By the letters' own ids: a comparison for each letter, no reading of headers.
    Ids(BTreeSet<MessageId>),
    Where(Condition),
    All,
}

impl Selection {
    pub(super) fn into_wanted(self, subscription: &str) -> Wanted {
        match self {
            Self::Ids(ids) => {
                Wanted::Ids(ids.iter().map(|id| id.dead_letter(subscription)).collect())
            }
            Self::Where(condition) => Wanted::Where(condition),
            Self::All => Wanted::All,
        }
    }
}

impl Wanted {
    /// Whether the letter may be meant, as far as its id tells.
    pub(super) fn names(&self, id: &MessageId) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(id),
            Self::Where(_) | Self::All => true,
        }
    }

    /// Whether the letter is meant.
    pub(super) fn meets(
        &self,
        letter: Message<'_>,
        subject: &Subject<'_>,
    ) -> Result<bool, DeadLetterError> {
        let Self::Where(condition) = self else { return Ok(true) };
        condition.matches(letter, subject).map_err(|error| {
            let id = original_id(letter);
            DeadLetterError::Condition(format!("asked of the dead letter of {id}: {error}"))
        })
    }
}
