//! Writes payloads to standard output, one a line.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::OnceLock;

use async_trait::async_trait;
use millstream_message::{Answers, Batch};

use crate::error::{SinkError, text};
use crate::line_writer::{LineForm, SharedLineWriter, Tail, Undo};
use crate::sink::Sink;

/// Writes each payload and a newline to standard output. A payload that holds newlines is written
/// as it is.
///
/// All such sinks of the process share one writer, so lines never mix. It writes past the buffer
/// of [`std::io::stdout`], which after a failed write would hand out the same bytes again. A
/// closed pipe is an error like any other; a reader that stops reading holds up a blocking thread
/// of the async runtime.
#[derive(Clone)]
pub struct StdoutSink {
    writer: SharedLineWriter,
}

impl StdoutSink {
    /// Takes standard output.
    ///
    /// # Errors
    /// The process has no file handle left for it.
    pub fn open() -> Result<Self, SinkError> {
        static WRITER: OnceLock<SharedLineWriter> = OnceLock::new();
        let failed = |error: io::Error| SinkError::new("stdout", &text(&error));
        let file = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
        let (undo, tail, form) = (Undo::Impossible, Tail::Whole, LineForm::Payload);
        let new = || SharedLineWriter::new("stdout", file, undo, tail, form);
        Ok(Self { writer: WRITER.get_or_init(new).clone() })
    }
}

#[async_trait]
impl Sink for StdoutSink {
    async fn deliver(&mut self, batch: &Batch) -> Result<Answers, SinkError> {
        self.writer.deliver(batch).await
    }
}
