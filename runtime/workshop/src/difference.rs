//! Where an answer is not what the case expects.

use std::fmt;

use serde_json::Value;

use crate::case::{Expected, ExpectedOutput, ExpectedPayload};
use crate::observed::{Observed, Published};

/// The most that is shown of one value.
const SHOWN_CHARS_MAX: usize = 400;

/// One place where an answer is not what the case expects, or where the two runs disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which message of the case, from 1; none when it is about the plugin's start.
    pub message: Option<usize>,
    /// In which runs.
    pub runs: Runs,
    /// What part of the answer, such as `key of output 1`.
    pub place: String,
    /// What the case says.
    pub expected: String,
    /// What the plugin does.
    pub found: String,
}

/// The ways a case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// As a batch and singly.
    Both,
    /// Only when all messages of the case come as one batch.
    Batch,
    /// Only when each message comes alone.
    Single,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = self.message {
            write!(f, "message {message}, ")?;
        }
        f.write_str(&self.place)?;
        match self.runs {
            Runs::Both => {}
            Runs::Batch => f.write_str(" (only as a batch)")?,
            Runs::Single => f.write_str(" (only singly)")?,
        }
        write!(f, "\n  expected: {}\n  found:    {}", self.expected, self.found)
    }
}

/// A place, what was expected there and what was found.
pub(crate) type Mismatch = (String, String, String);

/// Where `found` is not what is `expected`.
pub(crate) fn compare(expected: &Expected, found: &Observed) -> Vec<Mismatch> {
    match (expected, found) {
        (Expected::Ok(None), Observed::Ok(_)) => Vec::new(),
        (Expected::Ok(Some(expected)), Observed::Ok(found)) => compare_outputs(expected, found),
        (
            Expected::Retry { reason, delay_ms },
            Observed::Retry { reason: text, delay_ms: delay },
        ) => {
            let delay = delay_ms
                .and_then(|expected| unequal("delay of the retry", ms(expected), ms(*delay)));
            [lacks("reason of the retry", reason, text), delay].into_iter().flatten().collect()
        }
        (Expected::Reject(reason), Observed::Reject(text)) => {
            lacks("reason of the rejection", reason, text).into_iter().collect()
        }
        (Expected::Trap(text), Observed::Failed(failure)) => {
            lacks("text of the trap", text, failure).into_iter().collect()
        }
        _ => vec![("outcome".to_owned(), describe(expected), found.to_string())],
    }
}

/// Where the two runs differ, though both may be what the case expects.
pub(crate) fn disagreement(batch: &Observed, single: &Observed) -> Option<Mismatch> {
    let agree = match (batch, single) {
        // Backtraces and positions in the batch may differ.
        (Observed::Failed(_), Observed::Failed(_)) => true,
        (batch, single) => batch == single,
    };
    let mismatch = || {
        let detail = |answer: &Observed| shown(&format!("{answer:?}"));
        let place = "a batch must get the answers that its messages get singly";
        (place.to_owned(), detail(single), detail(batch))
    };
    (!agree).then(mismatch)
}

fn compare_outputs(expected: &[ExpectedOutput], found: &[Published]) -> Vec<Mismatch> {
    if expected.len() != found.len() {
        let list = Observed::Ok(found.to_vec()).to_string();
        return vec![("number of outputs".to_owned(), expected.len().to_string(), list)];
    }
    let pairs = expected.iter().zip(found).enumerate();
    pairs.flat_map(|(i, (expected, found))| compare_output(i + 1, expected, found)).collect()
}

fn compare_output(number: usize, expected: &ExpectedOutput, found: &Published) -> Vec<Mismatch> {
    let place = |part: &str| format!("{part} of output {number}");
    let mut mismatches = match &expected.payload {
        None => Vec::new(),
        Some(ExpectedPayload::Bytes(expected)) if *expected == found.payload => Vec::new(),
        Some(ExpectedPayload::Bytes(expected)) => {
            vec![(place("payload"), bytes(expected), bytes(&found.payload))]
        }
        Some(ExpectedPayload::Json(json)) => compare_payload(json, &found.payload, &place),
    };
    let topic = expected.topic.as_ref().and_then(|topic| {
        let or_default = |topic: &Option<String>| optional(topic, "the subscription's output");
        unequal(&place("topic"), or_default(topic), or_default(&found.topic))
    });
    let key = expected.key.as_ref().and_then(|key| {
        let or_none = |key: &Option<String>| optional(key, "no key");
        unequal(&place("key"), or_none(key), or_none(&found.key))
    });
    let headers = expected.headers.as_ref().and_then(|expected| {
        unequal(&place("headers"), format!("{expected:?}"), format!("{:?}", found.headers))
    });
    let delay =
        expected.delay_ms.and_then(|delay| unequal(&place("delay"), ms(delay), ms(found.delay_ms)));
    mismatches.extend([topic, key, headers, delay].into_iter().flatten());
    mismatches
}

fn compare_payload(
    expected: &Value,
    found: &[u8],
    place: &dyn Fn(&str) -> String,
) -> Vec<Mismatch> {
    match serde_json::from_slice::<Value>(found) {
        Err(_) => {
            vec![(place("payload"), format!("JSON {}", shown(&expected.to_string())), bytes(found))]
        }
        Ok(found) => {
            let mut mismatches = Vec::new();
            compare_json("", expected, &found, &mut |pointer, expected, found| {
                let part =
                    if pointer.is_empty() { "json".to_owned() } else { format!("json {pointer}") };
                mismatches.push((place(&part), expected, found));
            });
            mismatches
        }
    }
}

/// Tells `differ` each JSON pointer at which the two are not the same. Recursion ends where the
/// parsers' own limits on depth do.
fn compare_json(
    pointer: &str,
    expected: &Value,
    found: &Value,
    differ: &mut dyn FnMut(&str, String, String),
) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                match found.get(key) {
                    Some(found) => compare_json(&pointer, value, found, differ),
                    None => differ(&pointer, shown(&value.to_string()), "absent".to_owned()),
                }
            }
            for (key, value) in found.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                differ(&format!("{pointer}/{key}"), "absent".to_owned(), shown(&value.to_string()));
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (i, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare_json(&format!("{pointer}/{i}"), expected, found, differ);
            }
        }
        (Value::Number(expected), Value::Number(found)) if same_number(expected, found) => {}
        (expected, found) if expected == found => {}
        _ => differ(pointer, shown(&expected.to_string()), shown(&found.to_string())),
    }
}

/// JSON knows no difference between 1 and 1.0.
fn same_number(one: &serde_json::Number, other: &serde_json::Number) -> bool {
    one == other || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64())
}

fn lacks(place: &str, part: &str, text: &str) -> Option<Mismatch> {
    let mismatch = || (place.to_owned(), format!("text with {}", quoted(part)), shown(text));
    (!text.contains(part)).then(mismatch)
}

fn unequal(place: &str, expected: String, found: String) -> Option<Mismatch> {
    (expected != found).then(|| (place.to_owned(), expected, found))
}

fn describe(expected: &Expected) -> String {
    match expected {
        Expected::Ok(_) => "ok".to_owned(),
        Expected::Retry { reason, .. } => format!("retry: {reason}"),
        Expected::Reject(reason) => format!("reject: {reason}"),
        Expected::Trap(text) => format!("trap: {text}"),
        Expected::Unsaid => "nothing yet: `--bless` writes down what comes out".to_owned(),
    }
}

fn optional(text: &Option<String>, absent: &str) -> String {
    text.as_deref().map_or_else(|| absent.to_owned(), quoted)
}

fn ms(delay: u32) -> String {
    format!("{delay} ms")
}

/// Bytes as text where they are that.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => quoted(text),
        Err(_) => format!(
            "{} bytes that are not UTF-8: {}",
            bytes.len(),
            shown(&bytes.escape_ascii().to_string())
        ),
    }
}

fn quoted(text: &str) -> String {
    shown(&format!("{text:?}"))
}

/// The beginning of a long text.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests;
