//! The lines of standard input.

use async_trait::async_trait;

use crate::error::SourceError;
use crate::line_source::LineSource;
use crate::source::{Chunk, ChunkLimits, LineRules, Source};

/// Gives each line of standard input as a message, and ends with it. It cannot resume, whatever the
/// broker: what was read and not yet published when the host ends is gone, and whoever starts it
/// again decides what it reads then.
///
/// A thread of its own waits for input, so that a terminal on which nobody types does not keep the
/// host from ending.
pub struct StdinSource {
    lines: LineSource,
}

impl StdinSource {
    /// Takes standard input; reads nothing yet. There should be one such source in a process: two
    /// would share the input between them, block by block.
    #[must_use]
    pub fn open(rules: LineRules) -> Self {
        Self { lines: LineSource::new("stdin".to_owned(), Box::new(std::io::stdin()), rules) }
    }
}

#[async_trait]
impl Source for StdinSource {
    async fn next(&mut self, limits: ChunkLimits) -> Result<Option<Chunk>, SourceError> {
        self.lines.next(limits).await
    }

    fn place(&self) -> &str {
        self.lines.place()
    }
}
