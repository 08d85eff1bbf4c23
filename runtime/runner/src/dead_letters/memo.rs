//! What the broker remembers of a redrive with a rate, so that it goes on after a start.
//!
//! A line of JSON, and behind it the new payload where there is one. How far the redrive is stands
//! nowhere: what has moved is no dead letter any more.

use std::time::Duration;

use bytes::Bytes;
use millstream_formats::Condition;
use serde::{Deserialize, Serialize};

use super::rate::Rate;
use super::selection::Wanted;

/// A redrive that was begun.
pub(super) struct Memo {
    /// Letters from this sequence number on came later, and are not meant.
    pub(super) below: u64,
    /// Letters that were meant when it began.
    pub(super) matched: u64,
    pub(super) rate: Rate,
    pub(super) wanted: Wanted,
    pub(super) payload: Option<Bytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    below: u64,
    matched: u64,
    messages: u64,
    seconds: u64,
    wanted: Which,
    payload: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    All,
    Where(String),
    /// The letters' own ids.
    Ids(Vec<String>),
}

impl Memo {
    pub(super) fn write(&self) -> Bytes {
        let line = Line {
            below: self.below,
            matched: self.matched,
            messages: self.rate.messages,
            seconds: self.rate.per.as_secs(),
            wanted: Which::from(&self.wanted),
            payload: self.payload.is_some(),
        };
        // A struct of numbers and texts always has a JSON form.
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(self.payload.as_deref().unwrap_or_default());
        bytes.into()
    }

    /// What was written; none where this program does not understand it.
    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let line: Line = serde_json::from_slice(&bytes[..end]).ok()?;
        Some(Self {
            below: line.below,
            matched: line.matched,
            rate: Rate { messages: line.messages, per: Duration::from_secs(line.seconds) },
            wanted: line.wanted.read()?,
            payload: line.payload.then(|| bytes.slice(end + 1..)),
        })
    }
}

impl From<&Wanted> for Which {
    fn from(wanted: &Wanted) -> Self {
        match wanted {
            Wanted::All => Self::All,
            Wanted::Where(condition) => Self::Where(condition.as_str().to_owned()),
            Wanted::Ids(ids) => Self::Ids(ids.iter().map(ToString::to_string).collect()),
        }
    }
}

impl Which {
    fn read(self) -> Option<Wanted> {
        Some(match self {
            Self::All => Wanted::All,
            Self::Where(text) => Wanted::Where(Condition::parse(&text).ok()?),
            Self::Ids(ids) => {
                Wanted::Ids(ids.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?)
            }
        })
    }
}
