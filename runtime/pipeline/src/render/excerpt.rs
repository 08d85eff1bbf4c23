//! The few lines around a finding, cut to a width that a terminal shows.

use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::finding::Finding;

/// Most characters of a line that are shown: a file on one line is not repeated for each finding.
const LINE_CHARS_MAX: usize = 140;
/// How many of them may stand before the finding.
const LEAD_CHARS: usize = 60;

/// The finding's line with its neighbours.
pub(super) struct Excerpt {
    file: String,
    /// The lines, each with its line end.
    text: String,
    /// Number of the first of them, from 0.
    first_line: usize,
    line_count: usize,
    /// Where in `text` the finding's own line is, and its arrow.
    own_line: SourceSpan,
    arrow: SourceSpan,
    /// Where in the file the finding is, both from 0.
    line: usize,
    column: usize,
}

impl Excerpt {
    /// `None` if the file has no such line, as an empty one.
    pub(super) fn of(lines: &[&str], finding: &Finding) -> Option<Self> {
        let line = finding.line.checked_sub(1)?;
        let (own, arrow) = own_line(lines.get(line)?, finding);
        let first_line = line.saturating_sub(1);
        let mut text = String::new();
        if first_line < line {
            push_line(&mut text, &cut(lines.get(first_line)?, 0));
        }
        let start = text.len();
        push_line(&mut text, &own);
        if let Some(next) = lines.get(line + 1) {
            push_line(&mut text, &cut(next, 0));
        }
        Some(Self {
            file: finding.file.clone(),
            line_count: text.lines().count(),
            text,
            first_line,
            own_line: SourceSpan::new(start.into(), own.len()),
            arrow: SourceSpan::new((start + arrow.start).into(), arrow.len()),
            line,
            column: finding.column.saturating_sub(1),
        })
    }

    pub(super) fn label(&self) -> LabeledSpan {
        LabeledSpan::new_with_span(None, self.arrow)
    }
}

impl SourceCode for Excerpt {
    /// Without context the place itself, which heads the excerpt; else all of it.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let file = printable(&self.file);
        if before > 0 {
            let all = SourceSpan::new(0.into(), self.text.len());
            let contents = MietteSpanContents::new_named(
                file,
                self.text.as_bytes(),
                all,
                self.first_line,
                0,
                self.line_count,
            );
            return Ok(Box::new(contents));
        }
        let start = self.own_line.offset();
        let own = self.text.get(start..start + self.own_line.len()).unwrap_or("");
        Ok(Box::new(MietteSpanContents::new_named(
            file,
            own.as_bytes(),
            *span,
            self.line,
            self.column,
            1,
        )))
    }
}

/// Text that cannot move the cursor or change the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(
            |char| {
                if char.is_control() && char != '\n' && char != '\t' { '\u{fffd}' } else { char }
            },
        )
        .collect()
}

/// The finding's line as it is shown, and which bytes of that the arrow points at.
fn own_line(line: &str, finding: &Finding) -> (String, Range<usize>) {
    let column = finding.column.saturating_sub(1);
    let fits = line.chars().nth(LINE_CHARS_MAX).is_none();
    let from = if fits { 0 } else { column.saturating_sub(LEAD_CHARS) };
    let shown = cut(line, from);
    let start = byte_of(&shown, column - from);
    let end = byte_of(&shown, last_column(finding, line).saturating_sub(from));
    (shown, start..end.max(start))
}

/// The part of a line from a column on; an ellipsis stands where something is left out.
fn cut(line: &str, from: usize) -> String {
    let mut shown: Vec<char> = line.chars().skip(from).take(LINE_CHARS_MAX + 1).collect();
    if let Some(first) = shown.first_mut().filter(|_| from > 0) {
        *first = '…';
    }
    if shown.len() > LINE_CHARS_MAX {
        shown.truncate(LINE_CHARS_MAX - 1);
        shown.push('…');
    }
    printable(&shown.into_iter().collect::<String>())
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn byte_of(line: &str, column: usize) -> usize {
    line.char_indices().nth(column).map_or(line.len(), |(byte, _)| byte)
}

/// The arrow stays on the first line of what it points at.
fn last_column(finding: &Finding, line: &str) -> usize {
    if finding.end_line == finding.line {
        finding.end_column.saturating_sub(1)
    } else {
        line.chars().count()
    }
}
