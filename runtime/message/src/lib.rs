//! The vocabulary of Millstream: what a message, a batch and an answer are.
//!
//! Everything else in the runtime speaks in these types. A [`Batch`] holds its messages by column
//! and is the unit that travels from the socket to the guest and back; a [`Message`] is a borrowed
//! view of one of them; [`Answers`] is what a handler said about a batch; a [`Settlement`] is the
//! one act that ends a delivery.
//!
//! Not here: where messages wait (`queue`), how they look as JSON (`formats`), anything that does
//! I/O, reads a clock or draws random numbers. Times and random bits are parameters.

mod answer;
mod batch;
mod builder;
mod column;
mod headers;
mod id;
mod settlement;

pub use answer::{AnswerError, Answers, Outcome, Outgoing};
pub use batch::{Batch, Iter, MESSAGE_OVERHEAD_BYTES, Message, order_hash_of};
pub use builder::{BATCH_BYTES_MAX, BatchBuilder, BatchTooLarge};
pub use column::{Column, ColumnBuilder, ColumnError, ColumnSlice};
pub use headers::{HeaderBuilder, HeaderColumns, HeaderIter, HeaderSlice};
pub use id::{IdError, MessageId, OutputIds};
pub use settlement::{
    Failure, FailureKind, Output, Settlement, SubscriptionId, TopicId, Verdict, Verdicts,
};
