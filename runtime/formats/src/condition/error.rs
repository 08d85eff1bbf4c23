//! What is wrong with a condition.

use cel::{ExecutionError, ParseErrors};
use thiserror::Error;

/// The longest text of an error that quotes values, in characters: a value may be a whole payload.
const QUOTED_MAX: usize = 256;

/// A condition cannot be read, or gives no answer for a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What is wrong, and what would be right.
    pub message: String,
    /// Where in the text of the condition, in bytes, where that is known.
    pub offset: Option<usize>,
}

impl ConditionError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), offset: None }
    }

    pub(super) fn at(offset: Option<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), offset }
    }

    /// The first of the parser's errors: later ones follow from it.
    pub(super) fn reading(errors: &ParseErrors, text: &str) -> Self {
        let Some(first) = errors.errors.first() else { return Self::new("it is no expression") };
        let what = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
        let (line, column) = first.pos;
        Self::at(byte_at(text, line, column), fragment(what))
    }

    pub(super) fn evaluating(error: &ExecutionError) -> Self {
        Self::new(fragment(&error.to_string()))
    }

    pub(super) fn not_boolean(found: &str) -> Self {
        Self::new(format!("it gives a value of type {found}, not true or false"))
    }
}

/// Another's text as ours are: one line, from a lower case letter, not too long.
fn fragment(text: &str) -> String {
    let mut characters = text.lines().next().unwrap_or_default().chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    let mut fragment: String =
        first.into_iter().chain(characters.by_ref().take(QUOTED_MAX)).collect();
    if characters.next().is_some() {
        fragment.push('…');
    }
    fragment
}

/// The byte at `line` and `column`, both from 1, the latter in characters.
fn byte_at(text: &str, line: isize, column: isize) -> Option<usize> {
    let (line, column) = (usize::try_from(line - 1).ok()?, usize::try_from(column - 1).ok()?);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..)?;
    Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
}
