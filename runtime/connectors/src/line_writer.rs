//! Writes the messages of a batch as lines with one write, shared by the file and stdout sinks.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use millstream_formats::MessageJson;
use millstream_message::{Answers, Batch};
use tokio::sync::Mutex;

use crate::error::{SinkError, text};

/// Space for lines that is kept between batches; more is given back after a larger batch.
const BUFFER_KEPT_MAX: usize = 8 << 20;

/// A file that several workers append lines to; their lines never mix.
#[derive(Clone)]
pub(crate) struct SharedLineWriter {
    place: Arc<str>,
    form: Arc<LineForm>,
    writer: Arc<Mutex<LineWriter>>,
}

/// What one line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineForm {
    /// The payload as it is. One that holds newlines reads back as several lines.
    Payload,
    /// The message as JSON ([`MessageJson`]), with its id: a reader that remembers ids drops what
    /// was delivered again.
    Message {
        /// The topic that the lines name.
        topic: String,
    },
}

struct LineWriter {
    file: File,
    undo: Undo,
    tail: Tail,
    buffer: Vec<u8>,
}

/// How what is there ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// With a line end, or there is nothing.
    Whole,
    /// In the middle of a line: whoever wrote it died. It is ended, so that it spoils no other one.
    Torn,
}

/// What follows a write that failed half way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    /// Cut the file back to what it was.
    Truncate,
    /// Nothing can: a pipe, a terminal or a device.
    Impossible,
}

impl SharedLineWriter {
    pub(crate) fn new(place: &str, file: File, undo: Undo, tail: Tail, form: LineForm) -> Self {
        let writer = LineWriter { file, undo, tail, buffer: Vec::new() };
        Self { place: place.into(), form: Arc::new(form), writer: Arc::new(Mutex::new(writer)) }
    }

    /// Another that writes lines of this form to the same file; their lines do not mix.
    pub(crate) fn in_form(&self, form: LineForm) -> Self {
        Self { form: Arc::new(form), ..self.clone() }
    }

    /// Writes the batch on a blocking thread; the write goes on if the future is dropped.
    pub(crate) async fn deliver(&self, batch: &Batch) -> Result<Answers, SinkError> {
        let failed = |why: String| SinkError::new(&self.place, &why);
        // Taken here, not on the blocking thread: waiting workers then hold no thread.
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let (copy, form) = (batch.clone(), Arc::clone(&self.form));
        tokio::task::spawn_blocking(move || writer.append(&copy, &form))
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(failed)?;
        Ok(Answers::all_ok(batch.len()))
    }
}

impl LineWriter {
    /// A line for each message, all or nothing where the file can be cut back.
    fn append(&mut self, batch: &Batch, form: &LineForm) -> Result<(), String> {
        self.buffer.clear();
        if self.tail == Tail::Torn {
            self.buffer.push(b'\n');
        }
        match form {
            LineForm::Payload => self.fill_with_payloads(batch),
            LineForm::Message { topic } => self.fill_with_messages(batch, topic)?,
        }
        self.write()?;
        self.tail = Tail::Whole;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT_MAX);
        Ok(())
    }

    fn fill_with_payloads(&mut self, batch: &Batch) {
        let payloads = batch.payloads();
        self.buffer.reserve(payloads.data().len() + payloads.len());
        for i in 0..payloads.len() {
            self.buffer.extend_from_slice(payloads.get(i));
            self.buffer.push(b'\n');
        }
    }

    fn fill_with_messages(&mut self, batch: &Batch, topic: &str) -> Result<(), String> {
        for message in batch {
            serde_json::to_writer(&mut self.buffer, &MessageJson::new(message, topic))
                .map_err(|error| format!("a message cannot be written as JSON: {error}"))?;
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), String> {
        match self.undo {
            Undo::Impossible => self.write_buffer().map_err(|error| text(&error)),
            Undo::Truncate => self.write_or_cut_back(),
        }
    }

    fn write_or_cut_back(&mut self) -> Result<(), String> {
        let len = self.file.metadata().map_err(|error| text(&error))?.len();
        let Err(error) = self.write_buffer() else { return Ok(()) };
        match self.file.set_len(len) {
            Ok(()) => Err(text(&error)),
            Err(cut) => {
                let (error, cut) = (text(&error), text(&cut));
                Err(format!("{error}; what was written behind byte {len} stays there: {cut}"))
            }
        }
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)
    }
}
