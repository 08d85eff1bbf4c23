//! Sources and sinks: where messages come from and go to without a plugin.
//!
//! A [`Source`] gives [`Chunk`]s of messages that lack only ids and times; a [`Sink`] takes batches
//! and answers for each message. Opening is apart from running: whatever can be wrong with a path
//! is found by `open`, which starts nothing, so that a host opens everything before it runs
//! anything.
//!
//! Not here: publishing, backpressure, retries, settling (`runner`); the HTTP source, which is a
//! route of the server.

mod error;
mod file_sink;
mod file_source;
mod line_source;
mod line_writer;
mod pass_through;
mod sink;
mod source;
mod stdin_source;
mod stdout_sink;

pub use error::{SinkError, SourceError};
pub use file_sink::FileSink;
pub use file_source::FileSource;
pub use pass_through::PassThrough;
pub use sink::Sink;
pub use source::{Chunk, ChunkLimits, LineRules, Position, Source};
pub use stdin_source::StdinSource;
pub use stdout_sink::StdoutSink;

#[cfg(test)]
mod tests;
