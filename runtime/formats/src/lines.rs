//! Cutting a stream of bytes into lines, within bounded memory.

use memchr::memchr;
use serde::de::IgnoredAny;

use crate::refusal::{Reason, Refused};

/// Cuts a stream into lines, however it is chunked. A line without its end (`\n` or `\r\n`) is one
/// payload, byte for byte; an empty line is skipped and counted; one that is too long is refused
/// without being held in memory.
#[derive(Debug)]
pub struct LineSplitter {
    format: Format,
    line_max: usize,
    /// Lines that have ended.
    lines: u64,
    skipped_empty: u64,
    /// Bytes up to the end of the last line that has ended.
    offset: u64,
    /// The start of a line whose end has not come yet.
    partial: Partial,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON document.
    Ndjson,
    /// One opaque payload.
    Lines,
}

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The first is 1; empty lines count.
    pub number: u64,
    /// Never empty.
    pub payload: &'a [u8],
}

impl LineSplitter {
    /// A splitter that refuses lines longer than `line_max` bytes (line end not counted).
    #[must_use]
    pub fn new(format: Format, line_max: usize) -> Self {
        let partial = Partial::default();
        Self { format, line_max, lines: 0, skipped_empty: 0, offset: 0, partial }
    }

    /// The next line that ends in `input`, which is advanced behind it; `None` when no line ends
    /// there: what was left of `input` is kept and wants more.
    ///
    /// # Errors (inner)
    /// The line is too long or breaks the format; the next call goes on behind it.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<Line<'a>, Refused>> {
        loop {
            self.partial.forget_ended();
            let Some(end) = memchr(b'\n', input) else {
                self.partial.extend(input, self.line_max);
                *input = &[];
                return None;
            };
            let (line, rest) = input.split_at(end);
            *input = &rest[1..];
            let held = self.partial.len > 0;
            if held {
                self.partial.extend(line, self.line_max);
                self.partial.ended = true;
            }
            let (kept, len) = if held { self.partial.parts() } else { (line, line.len() as u64) };
            let empty = len == 0 || (len == 1 && kept == b"\r");
            self.end_line(len + 1, empty);
            if !empty {
                let kept = if held { &self.partial.bytes } else { line };
                return Some(self.judge(kept, len, kept.strip_suffix(b"\r").unwrap_or(kept)));
            }
        }
    }

    /// The last line, when the stream ended without a line end.
    ///
    /// # Errors (inner)
    /// As [`LineSplitter::next`].
    pub fn finish(&mut self) -> Option<Result<Line<'_>, Refused>> {
        self.partial.forget_ended();
        let len = self.partial.len;
        if len == 0 {
            return None;
        }
        self.partial.ended = true;
        self.end_line(len, false);
        Some(self.judge(&self.partial.bytes, len, &self.partial.bytes))
    }

    /// Empty lines skipped so far.
    #[must_use]
    pub fn skipped_empty(&self) -> u64 {
        self.skipped_empty
    }

    /// Lines ended so far, empty and refused ones included.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Bytes of the stream up to the end of the last line that has ended.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes kept of a line that has not ended.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.partial.bytes.len()
    }

    fn end_line(&mut self, bytes: u64, empty: bool) {
        self.lines += 1;
        self.offset += bytes;
        self.skipped_empty += u64::from(empty);
    }

    /// Judges a line of `len` bytes, of which `kept` are the first and `payload` those without
    /// the line end.
    fn judge<'a>(&self, kept: &[u8], len: u64, payload: &'a [u8]) -> Result<Line<'a>, Refused> {
        let refused = |reason| Refused { line: self.lines, reason };
        if len > kept.len() as u64 || payload.len() > self.line_max {
            return Err(refused(too_long(len, self.line_max)));
        }
        self.format.check(payload).map_err(refused)?;
        Ok(Line { number: self.lines, payload })
    }
}

impl Format {
    /// Whether `payload` is what this format says a line is.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn check(self, payload: &[u8]) -> Result<(), Reason> {
        match self {
            Self::Lines => Ok(()),
            Self::Ndjson => check_json(payload),
        }
    }
}

/// JSON is UTF-8 (RFC 8259); serde_json does not look at the text of values that it skips.
fn check_json(payload: &[u8]) -> Result<(), Reason> {
    if let Err(error) = std::str::from_utf8(payload) {
        let at = error.valid_up_to() + 1;
        return Err(Reason::Malformed(format!("not JSON: invalid UTF-8 at byte {at} of the line")));
    }
    serde_json::from_slice::<IgnoredAny>(payload).map(drop).map_err(|error| not_json(&error))
}

/// serde_json's own text without its line number: the reader knows the line.
pub(crate) fn not_json(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    Reason::Malformed(format!("not JSON: {what} at byte {} of the line", error.column()))
}

fn too_long(len: u64, max: usize) -> Reason {
    Reason::TooLarge(format!(
        "{len} bytes long, at most {max} may be: raise max_message or split it"
    ))
}

/// What is kept of a line between chunks.
#[derive(Debug, Default)]
struct Partial {
    /// The first bytes of the line: one more than may be, since the last may be half a line end.
    bytes: Vec<u8>,
    /// Length of the line so far; more than `bytes` when it is too long.
    len: u64,
    /// Whether the line has ended: it stays here only as long as it is borrowed.
    ended: bool,
}

impl Partial {
    fn extend(&mut self, part: &[u8], line_max: usize) {
        let room = (line_max + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&part[..part.len().min(room)]);
        self.len += part.len() as u64;
    }

    fn parts(&self) -> (&[u8], u64) {
        (&self.bytes, self.len)
    }

    fn forget_ended(&mut self) {
        if self.ended {
            self.bytes.clear();
            (self.len, self.ended) = (0, false);
        }
    }
}
