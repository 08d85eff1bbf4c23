//! Why dead letters were not moved or shown.

use std::time::Duration;

use thiserror::Error;

/// Why dead letters were not moved or shown. None was moved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeadLetterError {
    /// The subscription drops what it gives up.
    #[error("subscription `{0}` has no dead-letter topic: it drops what it gives up")]
    NoDeadLetterTopic(String),
    /// A redrive of the subscription is under way.
    #[error("a redrive of this subscription is under way: wait for its end, or stop it")]
    JobRunning,
    /// The host is stopping and starts no job any more.
    #[error("the host is stopping")]
    Closed,
    /// A new payload is for one message only.
    #[error("a new payload replaces that of exactly one message: name it by its id")]
    PayloadNeedsOneId,
    /// The new payload is larger than the subscription's topic takes.
    #[error("the new payload is larger than the topic's max_message, {bytes_max} bytes")]
    PayloadTooLarge {
        /// The most bytes it takes.
        bytes_max: u64,
    },
    /// The condition cannot be answered for a letter.
    #[error("{0}")]
    Condition(String),
    /// There are too many letters for such a condition.
    #[error("looking through the dead letters took longer than {0:?}: simplify the condition")]
    TooSlow(Duration),
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] millstream_queue::Ended),
}
