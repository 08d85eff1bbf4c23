//! The lines of a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use async_trait::async_trait;

use crate::error::{SourceError, text};
use crate::line_source::LineSource;
use crate::source::{Chunk, ChunkLimits, LineRules, Position, Source};

/// Gives each line of a file as a message, then ends.
pub struct FileSource {
    lines: LineSource,
    device: u64,
    inode: u64,
}

impl FileSource {
    /// Opens the file at `path`; reads nothing yet. A named pipe waits here for its writer.
    ///
    /// # Errors
    /// The file is missing, a folder, or may not be read.
    pub fn open(path: &Path, rules: LineRules) -> Result<Self, SourceError> {
        let place = path.display().to_string();
        let failed = |error: io::Error| SourceError::open(&place, &text(&error));
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let lines = LineSource::new(place, Box::new(file), rules);
        Ok(Self { lines, device: metadata.dev(), inode: metadata.ino() })
    }
}

#[async_trait]
impl Source for FileSource {
    async fn next(&mut self, limits: ChunkLimits) -> Result<Option<Chunk>, SourceError> {
        let Some(mut chunk) = self.lines.next(limits).await? else { return Ok(None) };
        let (device, inode) = (self.device, self.inode);
        chunk.position = Some(Position { device, inode, offset: self.lines.offset() });
        Ok(Some(chunk))
    }

    fn place(&self) -> &str {
        self.lines.place()
    }
}
