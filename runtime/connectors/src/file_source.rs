//! The lines of a file.

mod position;

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::PathBuf;

use async_trait::async_trait;

use crate::error::{SourceError, text};
use crate::line_source::{LineSource, Mark};
use crate::source::{Chunk, ChunkLimits, LineRules, Source};
use position::Position;

/// Gives each line of a file as a message, then ends.
///
/// It can resume: a file that was read to its end gives nothing more, one that has grown gives what
/// was added. If its last line had no line end, what was added to that line is a line of its own.
/// Named pipes and devices carry no position and begin anew.
pub struct FileSource {
    lines: LineSource,
    file: File,
    if_changed: IfChanged,
}

/// Which file a [`FileSource`] reads, and how.
#[derive(Clone, Debug)]
pub struct FileSourceRules {
    /// The file.
    pub path: PathBuf,
    /// How its lines become messages.
    pub lines: LineRules,
    /// What to do where it cannot go on as it was left.
    pub if_changed: IfChanged,
}

/// What follows where the file to resume is another one now, is shorter than what was read of it,
/// or was written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfChanged {
    /// It is refused.
    Refuse,
    /// It is read from its start.
    FromStart,
}

impl FileSource {
    /// Opens the file; reads nothing yet. A named pipe waits here for its writer.
    ///
    /// # Errors
    /// The file is missing, a folder, or may not be read.
    pub fn open(rules: FileSourceRules) -> Result<Self, SourceError> {
        let FileSourceRules { path, lines, if_changed } = rules;
        let place = path.display().to_string();
        let failed = |error: io::Error| SourceError::open(&place, &text(&error));
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let read = file.try_clone().map_err(failed)?;
        Ok(Self { lines: LineSource::new(place, Box::new(read), lines), file, if_changed })
    }

    /// The file goes on being read at `left`; the clone that reads stands where this handle does.
    fn go_on(&mut self, left: Mark) -> io::Result<()> {
        let offset = left.offset + rest_of_line_end(&self.file, left.offset)?;
        self.file.seek(SeekFrom::Start(offset))?;
        self.lines.begin_at(Mark { offset, lines: left.lines });
        Ok(())
    }
}

#[async_trait]
impl Source for FileSource {
    async fn next(&mut self, limits: ChunkLimits) -> Result<Option<Chunk>, SourceError> {
        let Some(mut chunk) = self.lines.next(limits).await? else { return Ok(None) };
        let mark = self.lines.mark();
        let position = Position::of(&self.file, mark)
            .map_err(|error| SourceError::broke_off(self.place(), mark.lines, &error))?;
        chunk.position = position.map(Position::encode);
        Ok(Some(chunk))
    }

    fn resume(&mut self, at: &[u8]) -> Result<(), SourceError> {
        let failed = |error: io::Error| SourceError::open(self.lines.place(), &text(&error));
        let left = Position::decode(at);
        let differs = match &left {
            Some(left) => left.differs_from(&self.file).map_err(failed)?,
            None => Some("what was left there is not the place in a file".to_owned()),
        };
        match (differs, left) {
            (None, Some(left)) => self.go_on(left.mark).map_err(|error| {
                SourceError::broke_off(self.lines.place(), left.mark.lines, &error)
            }),
            (Some(what), _) if self.if_changed == IfChanged::Refuse => {
                Err(SourceError::changed(self.lines.place(), &what))
            }
            _ => Ok(()),
        }
    }

    fn place(&self) -> &str {
        self.lines.place()
    }
}

/// Bytes of the line end at `offset` that came after its line was given, as the last of a file
/// without one: it ends no further line.
fn rest_of_line_end(file: &File, offset: u64) -> io::Result<u64> {
    let Some(before) = offset.checked_sub(1) else { return Ok(0) };
    let mut around = [0; 3];
    let len = position::read_at(file, &mut around, before)?;
    Ok(match &around[..len] {
        [b'\n', ..] => 0,
        [_, b'\n', ..] => 1,
        [_, b'\r', b'\n'] => 2,
        _ => 0,
    })
}
