//! How messages look outside the runtime: as JSON, as lines, as envelopes.
//!
//! Inwards, an [`Intake`] turns the bytes of a request or file into [`Drafts`]: messages by column
//! that lack only ids and times, which a [`Stamp`] gives them. It is made of a [`LineSplitter`]
//! that cuts a stream into lines within bounded memory, an [`Envelope`] for lines that are
//! messages with key and headers, and a [`Pointer`] that finds a key in a payload. Outwards, a
//! [`MessageJson`] is a message as every endpoint and command shows it.
//!
//! Not here: files and sockets (`connectors`, `server`), clocks and random numbers (parameters),
//! what is done with a refused line (its reader decides).

mod drafts;
mod envelope;
mod header;
mod intake;
mod json;
mod limits;
mod lines;
mod pointer;
mod refusal;

pub use drafts::{Drafts, Stamp};
pub use envelope::{ENVELOPE_MEDIA_TYPE, Envelope};
pub use header::{header_name, header_value};
pub use intake::{Defaults, Form, Intake};
pub use json::{DEAD_LETTER_PREFIX, DeadLetterJson, MessageJson, PayloadError, rfc3339};
pub use limits::MessageLimits;
pub use lines::{Format, Line, LineSplitter};
pub use pointer::{Pointer, PointerError};
pub use refusal::{Reason, Refused};

#[cfg(test)]
mod tests;
