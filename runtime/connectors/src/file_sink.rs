//! Appends messages to a file, one a line.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use millstream_message::{Answers, Batch};

use crate::error::{SinkError, text};
use crate::line_writer::{LineForm, SharedLineWriter, Tail, Undo};
use crate::sink::Sink;

/// Appends a line for each message to a file: its payload, or the message as JSON with its id.
///
/// A batch is one write, acknowledged once the kernel has it: it survives the end of the process,
/// not a power cut (there is no `fsync`). A write that fails half way is undone; a line that a
/// writer tore when it died is ended, and stands there torn. Clones share the
/// file: workers of one subscription each take one, and lines never mix. The file stays locked
/// (advisory) for as long as a clone lives.
#[derive(Clone)]
pub struct FileSink {
    writer: SharedLineWriter,
}

/// Where a [`FileSink`] writes what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSinkRules {
    /// The file, in a folder that exists.
    pub path: PathBuf,
    /// What each line is.
    pub form: LineForm,
}

impl FileSink {
    /// Opens or creates the file and locks it.
    ///
    /// # Errors
    /// The folder is missing, the file may not be written, is a folder, or another sink or
    /// process holds it.
    pub fn open(rules: FileSinkRules) -> Result<Self, SinkError> {
        let FileSinkRules { path, form } = rules;
        let place = path.display().to_string();
        let failed = |why: String| SinkError::new(&place, &why);
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        let file = opened.map_err(|error| failed(open_text(&error, &path)))?;
        let metadata = file.metadata().map_err(|error| failed(text(&error)))?;
        let undo = if metadata.is_file() { Undo::Truncate } else { Undo::Impossible };
        if undo == Undo::Truncate {
            lock(&file).map_err(failed)?;
        }
        let tail = tail(&path, metadata.len()).map_err(|error| failed(text(&error)))?;
        Ok(Self { writer: SharedLineWriter::new(&place, file, undo, tail, form) })
    }

    /// Another that appends lines of this form to the same file.
    #[must_use]
    pub fn in_form(&self, form: LineForm) -> Self {
        Self { writer: self.writer.in_form(form) }
    }
}

#[async_trait]
impl Sink for FileSink {
    async fn deliver(&mut self, batch: &Batch) -> Result<Answers, SinkError> {
        self.writer.deliver(batch).await
    }
}

/// Devices and pipes are not locked: nothing is lost when two write to `/dev/null`.
fn lock(file: &File) -> Result<(), String> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            "it is in use by another sink or another process; give each a file of its own"
                .to_owned()
        }
        TryLockError::Error(error) => format!("it cannot be locked: {}", text(&error)),
    })
}

/// How the file of `len` bytes ends. One that may be written and not read is taken to be whole.
fn tail(path: &Path, len: u64) -> io::Result<Tail> {
    let Some(last) = len.checked_sub(1) else { return Ok(Tail::Whole) };
    let Ok(file) = File::open(path) else { return Ok(Tail::Whole) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(if byte == *b"\n" { Tail::Whole } else { Tail::Torn })
}

fn open_text(error: &io::Error, path: &Path) -> String {
    match (error.kind(), path.parent()) {
        (io::ErrorKind::NotFound, Some(folder)) => {
            format!("there is no folder `{}`, create it first", folder.display())
        }
        _ => text(error),
    }
}
