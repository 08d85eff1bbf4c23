//! Sources and sinks: where messages come from and go to without a plugin.
//!
//! A [`Source`] gives [`Chunk`]s of messages that lack only ids and times; a [`Sink`] takes batches
//! and answers for each message. Opening is apart from running: whatever can be wrong with a path,
//! a URL or a schedule is found by `open`, which starts nothing, so that a host opens everything
//! before it runs anything. A source whose chunks carry a position can [`Source::resume`] there.
//!
//! Not here: publishing, backpressure, retries, settling (`runner`); the HTTP source, which is a
//! route of the server.

mod error;
mod file_sink;
mod file_source;
mod http_sink;
mod line_source;
mod line_writer;
mod pass_through;
mod schedule_source;
mod sink;
mod source;
mod stdin_source;
mod stdout_sink;

pub use error::{SinkError, SourceError};
pub use file_sink::{FileSink, FileSinkRules};
pub use file_source::{FileSource, FileSourceRules, IfChanged};
pub use http_sink::{HTTP_IN_FLIGHT_MAX, HttpSink, HttpSinkRules, Ordered};
pub use line_writer::LineForm;
pub use pass_through::PassThrough;
pub use schedule_source::{ScheduleRules, ScheduleSource, WallClock};
pub use sink::Sink;
pub use source::{Chunk, ChunkLimits, LineRules, Source};
pub use stdin_source::StdinSource;
pub use stdout_sink::StdoutSink;

#[cfg(test)]
mod tests;
