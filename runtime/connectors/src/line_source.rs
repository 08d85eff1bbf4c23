//! Messages from the lines of anything that can be read, shared by the file and stdin sources.

use std::io::{self, Read};

use millstream_formats::{Drafted, Drafts, Line, LineSplitter, Pointer, Refused, Terms};
use tokio::sync::mpsc;

use crate::error::SourceError;
use crate::source::{Chunk, ChunkLimits, LineRules};

/// Bytes read at once. Below the size from which allocators map memory anew for each block.
const BLOCK_BYTES: usize = 64 << 10;

/// Blocks read ahead: the reader stops while so many wait.
const BLOCKS_MAX: usize = 4;

/// Reads on a thread of its own, since reading a file or stdin blocks, and a blocked task of the
/// async runtime would keep the process from ending.
pub(crate) struct LineSource {
    place: String,
    rules: LineRules,
    reader: Reader,
    splitter: LineSplitter,
    /// Where the splitter began.
    from: Mark,
    block: Vec<u8>,
    /// What of the block was consumed.
    consumed: usize,
    /// Empty lines that earlier chunks told of.
    reported_empty: u64,
}

/// A place between two lines of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bytes before it.
    pub(crate) offset: u64,
    /// Lines before it, empty and refused ones included.
    pub(crate) lines: u64,
}

enum Reader {
    Opened(Box<dyn Read + Send>),
    Running(mpsc::Receiver<io::Result<Vec<u8>>>),
    Ended,
}

impl LineSource {
    /// A source that will read `input` once it is asked for messages.
    pub(crate) fn new(place: String, input: Box<dyn Read + Send>, rules: LineRules) -> Self {
        Self {
            splitter: LineSplitter::new(rules.format, rules.limits.payload_max),
            place,
            rules,
            reader: Reader::Opened(input),
            from: Mark::default(),
            block: Vec::new(),
            consumed: 0,
            reported_empty: 0,
        }
    }

    /// See [`crate::Source::next`]. Waits only while there is nothing to give, so that a dropped
    /// future has taken nothing.
    pub(crate) async fn next(&mut self, limits: ChunkLimits) -> Result<Option<Chunk>, SourceError> {
        loop {
            let gathered = self.split_block(limits);
            if !gathered.is_empty() {
                return Ok(Some(self.chunk(gathered)));
            }
            if !self.next_block().await? {
                return Ok(self.last_chunk());
            }
        }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Counts on from `from`, where the input stands; before the first chunk.
    pub(crate) fn begin_at(&mut self, from: Mark) {
        self.from = from;
    }

    /// The end of the last line that a chunk covered.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            offset: self.from.offset + self.splitter.offset(),
            lines: self.from.lines + self.splitter.lines(),
        }
    }

    /// What the lines that end in the rest of the block give, within `limits`.
    fn split_block(&mut self, limits: ChunkLimits) -> Gathered {
        let mut gathered = Gathered::new(&self.rules);
        let mut input = &self.block[self.consumed..];
        while !input.is_empty() && !gathered.fills(limits) {
            if let Some(line) = self.splitter.next(&mut input) {
                gathered.take(line, &self.rules);
            }
        }
        self.consumed = self.block.len() - input.len();
        gathered
    }

    /// A last line without a line end, and the empty lines since the last chunk.
    fn last_chunk(&mut self) -> Option<Chunk> {
        let mut gathered = Gathered::new(&self.rules);
        if let Some(line) = self.splitter.finish() {
            gathered.take(line, &self.rules);
        }
        let nothing = gathered.is_empty() && self.splitter.skipped_empty() == self.reported_empty;
        (!nothing).then(|| self.chunk(gathered))
    }

    fn chunk(&mut self, gathered: Gathered) -> Chunk {
        let empty = self.splitter.skipped_empty();
        let skipped_empty = empty - std::mem::replace(&mut self.reported_empty, empty);
        let Drafted { keys, payloads, dedup, .. } = gathered.messages.into_columns();
        let mut refused = gathered.refused;
        refused.iter_mut().for_each(|one| one.line += self.from.lines);
        Chunk { payloads, keys, headers: None, dedup, refused, skipped_empty, position: None }
    }

    /// Waits for the next block; false when there is none.
    async fn next_block(&mut self) -> Result<bool, SourceError> {
        let received = match self.running() {
            Ok(Some(blocks)) => blocks.recv().await.transpose(),
            Ok(None) => return Ok(false),
            Err(error) => Err(error),
        };
        self.consumed = 0;
        match received {
            Ok(block) => {
                let more = block.is_some();
                self.block = block.unwrap_or_default();
                Ok(more)
            }
            Err(error) => Err(self.broke_off(&error)),
        }
    }

    /// Ends the source, half a line and all.
    fn broke_off(&mut self, error: &io::Error) -> SourceError {
        let lines = self.mark().lines;
        self.reader = Reader::Ended;
        self.block = Vec::new();
        self.splitter = LineSplitter::new(self.rules.format, self.rules.limits.payload_max);
        self.reported_empty = 0;
        SourceError::broke_off(&self.place, lines, error)
    }

    /// The blocks of the reading thread, which starts with the first call.
    fn running(&mut self) -> io::Result<Option<&mut mpsc::Receiver<io::Result<Vec<u8>>>>> {
        if let Reader::Opened(_) = self.reader
            && let Reader::Opened(input) = std::mem::replace(&mut self.reader, Reader::Ended)
        {
            self.reader = Reader::Running(start(&self.place, input)?);
        }
        match &mut self.reader {
            Reader::Running(blocks) => Ok(Some(blocks)),
            Reader::Opened(_) | Reader::Ended => Ok(None),
        }
    }
}

/// Starts the thread that reads. It ends at the end of the input, at an error, or after the read
/// during which the source was dropped; nobody waits for it, since stdin may never say a word.
fn start(
    place: &str,
    mut input: Box<dyn Read + Send>,
) -> io::Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (blocks, received) = mpsc::channel(BLOCKS_MAX);
    let read_all = move || {
        while let Some(block) = read_block(&mut *input).transpose() {
            let failed = block.is_err();
            if blocks.blocking_send(block).is_err() || failed {
                break;
            }
        }
    };
    std::thread::Builder::new().name(format!("source {place}")).spawn(read_all)?;
    Ok(received)
}

/// What one read gives, so that a slow writer's line is not held up; none at the end.
fn read_block(input: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match input.read(&mut block) {
            Ok(0) => return Ok(None),
            Ok(len) => {
                block.truncate(len);
                return Ok(Some(block));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
}

/// A chunk in the making.
struct Gathered {
    messages: Drafts,
    refused: Vec<Refused>,
}

impl Gathered {
    fn new(rules: &LineRules) -> Self {
        Self { messages: Drafts::new(rules.limits), refused: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.refused.is_empty()
    }

    /// Whether nothing more may come in. A bound of 0 counts as 1: a chunk of nothing is no step.
    fn fills(&self, limits: ChunkLimits) -> bool {
        let lines = self.messages.len() + self.refused.len();
        lines >= limits.messages_max.max(1) || self.messages.bytes() >= limits.bytes_max.max(1)
    }

    fn take(&mut self, line: Result<Line<'_>, Refused>, rules: &LineRules) {
        let taken = line.and_then(|line| {
            let inside = |pointer: &Option<Pointer>| pointer.as_ref()?.key(line.payload);
            let (key, dedup_id) = (inside(&rules.key_from), inside(&rules.dedup_from));
            let terms = Terms { dedup_id: dedup_id.as_deref(), ..Terms::default() };
            let refused = |reason| Refused { line: line.number, reason };
            self.messages.push(key.as_deref(), [], line.payload, terms).map_err(refused)
        });
        self.refused.extend(taken.err());
    }
}
