//! `matches`: a regular expression found anywhere in a text.

use std::cell::RefCell;

use cel::ExecutionError;
use cel::common::types::{CelBool, CelString};
use cel::common::value::CowVal;
use regex::{Regex, RegexBuilder};

/// Bytes that one compiled pattern may take. The time to match grows with it times the text.
const PATTERN_BYTES_MAX: usize = 64 << 10;

/// Compiled patterns that a thread keeps; the oldest goes. Patterns made from payloads would fill
/// memory otherwise.
const KEPT_MAX: usize = 32;

thread_local! {
    static KEPT: RefCell<Vec<Regex>> = const { RefCell::new(Vec::new()) };
}

/// `text.matches(pattern)`.
pub(super) fn matches<'b, 'v>(
    arguments: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = |i: usize| arguments.get(i).and_then(|value| value.downcast_ref::<CelString<'_>>());
    let (Some(text), Some(pattern)) = (text(0), text(1)) else {
        return Err(ExecutionError::MissingArgumentOrTarget);
    };
    let found = is_match(pattern.inner(), text.inner())
        .map_err(|error| ExecutionError::function_error("matches", told(&error)))?;
    Ok(CowVal::owned(CelBool::from(found)))
}

/// Checks a pattern before there is a text.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    compile(pattern).map(drop).map_err(|error| told(&error))
}

fn is_match(pattern: &str, text: &str) -> Result<bool, regex::Error> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(regex) = kept.iter().find(|regex| regex.as_str() == pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = compile(pattern)?;
        let found = regex.is_match(text);
        if kept.len() == KEPT_MAX {
            kept.remove(0);
        }
        kept.push(regex);
        Ok(found)
    })
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build()
}

/// What is wrong with a pattern, in one line.
fn told(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(max) => {
            format!("the pattern is too large: compiled, it passes {} KiB", max >> 10)
        }
        error => {
            let text = error.to_string();
            let what = text.lines().last().unwrap_or_default();
            format!("not a pattern: {}", what.trim_start_matches("error: "))
        }
    }
}
