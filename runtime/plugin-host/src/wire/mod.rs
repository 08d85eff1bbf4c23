//! The guest contract's types as they cross the border: borrowed on the way in, so that a column is
//! copied once, straight into the guest; owned on the way out.

mod answer;
#[cfg(any(test, feature = "fuzzing"))]
mod arbitrary;
mod batch;
mod message;

pub(crate) use batch::{BatchParam, BatchResult, Scratch, decode};
pub(crate) use message::{Collector, MessageParam, MessageResult, check};

/// Why an answer cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It breaks the contract; the text says where.
    Invalid(String),
    /// It is larger than the limit.
    TooLarge,
    /// It publishes more messages than the limit.
    TooMany,
}

/// What an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputMax {
    /// Bytes, beside what each message of the call adds.
    pub(crate) bytes: u64,
    /// Messages to publish.
    pub(crate) messages: u64,
}

/// What a message to publish, and a header of one, cost beside their bytes: keeps a guest from
/// returning millions of empty ones.
const MESSAGE_OVERHEAD: u64 = 24;
const HEADER_OVERHEAD: u64 = 8;
/// What each message of the call adds to the limit, for offsets and outcomes.
pub(crate) const ALLOWANCE_PER_MESSAGE: u64 = 64;
