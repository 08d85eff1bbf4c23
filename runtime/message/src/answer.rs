//! What a handler says about a batch.

use crate::column::Column;
use crate::headers::HeaderColumns;

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Handled; its outgoing messages are published.
    Ok,
    /// Deliver it again; counts as a failure.
    Retry,
    /// Dead-letter it now.
    Reject,
}

/// A handler's answer to a batch of `n` messages.
#[derive(Clone, Debug)]
pub struct Answers {
    /// `n` outcomes in the order of the batch.
    pub outcomes: Vec<Outcome>,
    /// `n` reasons, UTF-8; meaningless for [`Outcome::Ok`].
    pub reasons: Column,
    /// `n` retry delays in milliseconds, 0 where the subscription's backoff decides; or empty when
    /// it decides everywhere.
    pub retry_delays_ms: Vec<u32>,
    /// What to publish.
    pub outgoing: Outgoing,
}

impl Answers {
    /// Everything handled, nothing to publish.
    #[must_use]
    pub fn all_ok(messages: usize) -> Self {
        Self {
            outcomes: vec![Outcome::Ok; messages],
            reasons: Column::empty(messages),
            retry_delays_ms: Vec::new(),
            outgoing: Outgoing::none(),
        }
    }

    /// Checks that the parts fit together for a batch of `messages` messages.
    ///
    /// # Errors
    /// Names the part that does not fit.
    pub fn check(&self, messages: usize) -> Result<(), AnswerError> {
        let error = |part, found, expected| Err(AnswerError { part, found, expected });
        if self.outcomes.len() != messages {
            return error("outcomes", self.outcomes.len(), messages);
        }
        if self.reasons.len() != messages {
            return error("reasons", self.reasons.len(), messages);
        }
        if !self.retry_delays_ms.is_empty() && self.retry_delays_ms.len() != messages {
            return error("retry-delays-ms", self.retry_delays_ms.len(), messages);
        }
        self.outgoing.check(messages)
    }
}

/// The messages to publish, `m` in all, those of the first input message first.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Input message `i` publishes messages `starts[i] .. starts[i + 1]`: `n + 1` numbers, or
    /// empty when nothing is published.
    pub starts: Vec<u32>,
    /// `m` topics, UTF-8, an empty item meaning the subscription's output; none when all are empty.
    pub topics: Option<Column>,
    /// `m` keys, UTF-8; an empty item means no key.
    pub keys: Column,
    /// The headers of the `m` messages; names in lower case.
    pub headers: HeaderColumns,
    /// `m` bodies.
    pub payloads: Column,
    /// `m` delays in milliseconds, 0 for none; or empty when no message is delayed.
    pub delays_ms: Vec<u32>,
}

impl Outgoing {
    /// Nothing to publish.
    #[must_use]
    pub fn none() -> Self {
        Self {
            starts: Vec::new(),
            topics: None,
            keys: Column::empty(0),
            headers: HeaderColumns::empty(0),
            payloads: Column::empty(0),
            delays_ms: Vec::new(),
        }
    }

    /// Number of messages to publish.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Whether nothing is to be published.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// The outputs of input message `i`.
    #[must_use]
    pub fn of(&self, i: usize) -> std::ops::Range<usize> {
        match self.starts.get(i..i + 2) {
            Some(pair) => pair[0] as usize..pair[1] as usize,
            None => 0..0,
        }
    }

    fn check(&self, messages: usize) -> Result<(), AnswerError> {
        let m = self.len();
        let starts_fit =
            crate::column::check(&self.starts, m).is_ok() && self.starts.len() == messages + 1;
        if !(starts_fit || (self.starts.is_empty() && m == 0)) {
            return Err(AnswerError {
                part: "outgoing.starts",
                found: self.starts.len(),
                expected: messages + 1,
            });
        }
        let topics = self.topics.as_ref().map_or(m, Column::len);
        let delays = if self.delays_ms.is_empty() { m } else { self.delays_ms.len() };
        [
            ("outgoing.topics", topics),
            ("outgoing.keys", self.keys.len()),
            ("outgoing.headers", self.headers.len()),
            ("outgoing.delays-ms", delays),
        ]
        .into_iter()
        .find(|(_, found)| *found != m)
        .map_or(Ok(()), |(part, found)| Err(AnswerError { part, found, expected: m }))
    }
}

/// A part of an answer has the wrong number of items or its positions do not ascend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerError {
    /// The part, as the guest contract names it.
    pub part: &'static str,
    /// Items it holds.
    pub found: usize,
    /// Items it must hold.
    pub expected: usize,
}

impl std::fmt::Display for AnswerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { part, found, expected } = self;
        write!(
            f,
            "{part} holds {found} items that do not fit: expected {expected} in ascending order"
        )
    }
}

impl std::error::Error for AnswerError {}
