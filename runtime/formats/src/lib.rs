//! How messages look outside the runtime: as JSON, as lines, as envelopes, in conditions.
//!
//! Inwards, an [`Intake`] turns the bytes of a request or file into [`Drafts`]: messages by column
//! that lack only ids and times, which a [`Stamp`] gives them. It is made of a [`LineSplitter`]
//! that cuts a stream into lines within bounded memory, an [`Envelope`] for lines that are
//! messages with key and headers, and a [`Pointer`] that finds a key in a payload; [`Terms`] say
//! what a message asks for beside being published. Outwards, a [`MessageJson`] is a message as every
//! endpoint and command shows it. Beside them, what people write in files and commands and more than
//! one crate reads: a [`Condition`] over a message, a [`Cron`] expression, a duration
//! ([`parse_period`]), a place in a registry ([`OciReference`]).
//!
//! Not here: files and sockets (`connectors`, `server`), clocks and random numbers (parameters),
//! what is done with a refused line (its reader decides).

mod condition;
mod cron;
mod drafts;
mod envelope;
mod header;
mod intake;
mod json;
mod limits;
mod lines;
mod oci_reference;
mod period;
mod pointer;
mod refusal;
mod terms;

pub use condition::{
    CONDITION_BYTES_MAX, CONDITION_PAYLOAD_MAX, Condition, ConditionError, Subject,
};
pub use cron::{Cron, CronError};
pub use drafts::{Drafted, DraftedBatch, Drafts, Stamp};
pub use envelope::{ENVELOPE_MEDIA_TYPE, Envelope};
pub use header::{all_headers_fit, header_name, header_value};
pub use intake::{Defaults, Form, Intake};
pub use json::{DEAD_LETTER_PREFIX, DeadLetterJson, MessageJson, PayloadError, rfc3339};
pub use limits::MessageLimits;
pub use lines::{Format, Line, LineSplitter};
pub use oci_reference::{OciReference, OciReferenceError};
pub use period::{PeriodError, parse_period};
pub use pointer::{Pointer, PointerError};
pub use refusal::{Reason, Refused};
pub use terms::{DEDUP_ID_BYTES_MAX, Terms, dedup_hash};

#[cfg(test)]
mod tests;
