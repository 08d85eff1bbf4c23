//! What a version made of one message, to be compared and to be shown.

use millstream_message::{Answers, Outcome, Outgoing};
use serde::Serialize;

/// Bytes of a text that are shown.
const SHOWN_BYTES_MAX: usize = 1 << 10;
/// Outputs of a message that are shown.
const SHOWN_OUTPUTS_MAX: usize = 5;

/// What a version made of one message.
#[derive(Clone, Debug)]
pub(super) enum Answered {
    Ok(Vec<Put>),
    Retry {
        reason: Vec<u8>,
        delay_ms: u32,
    },
    Reject {
        reason: Vec<u8>,
    },
    /// The call failed. The versions' backtraces differ even where they fail alike.
    Failed {
        kind: String,
        error: String,
    },
}

/// One message that was put out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Put {
    topic: Vec<u8>,
    key: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    payload: Vec<u8>,
    delay_ms: u32,
}

/// What a version made of one message, cut to a length that people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// It handled the message and put these out.
    Ok(Vec<Emitted>),
    /// It asked for another delivery.
    Retry(String),
    /// It refused the message.
    Reject(String),
    /// The call failed.
    Failed(String),
}

/// A message that a version put out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Emitted {
    /// The topic that it names, if it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Its key, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Its payload; what is no text in it is replaced.
    pub payload: String,
    /// Its delay in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub delay_ms: u32,
}

impl PartialEq for Answered {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ok(a), Self::Ok(b)) => a == b,
            (Self::Retry { reason: a, delay_ms: c }, Self::Retry { reason: b, delay_ms: d }) => {
                a == b && c == d
            }
            (Self::Reject { reason: a }, Self::Reject { reason: b }) => a == b,
            (Self::Failed { kind: a, .. }, Self::Failed { kind: b, .. }) => a == b,
            _ => false,
        }
    }
}

impl Answered {
    /// The answer about a batch of one.
    pub(super) fn of(answers: &Answers) -> Self {
        let reason = || answers.reasons.get(0).to_vec();
        match answers.outcomes.first() {
            Some(Outcome::Retry) => Self::Retry {
                reason: reason(),
                delay_ms: answers.retry_delays_ms.first().copied().unwrap_or(0),
            },
            Some(Outcome::Reject) => Self::Reject { reason: reason() },
            _ => Self::Ok((0..answers.outgoing.len()).map(|j| put(&answers.outgoing, j)).collect()),
        }
    }

    pub(super) fn is_handled(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    pub(super) fn shown(&self) -> Shown {
        match self {
            Self::Ok(put) => {
                Shown::Ok(put.iter().take(SHOWN_OUTPUTS_MAX).map(Put::shown).collect())
            }
            Self::Retry { reason, .. } => Shown::Retry(text(reason)),
            Self::Reject { reason } => Shown::Reject(text(reason)),
            Self::Failed { kind, error } => {
                Shown::Failed(text(format!("{kind}: {error}").as_bytes()))
            }
        }
    }
}

impl Put {
    fn shown(&self) -> Emitted {
        let named = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes));
        Emitted {
            topic: named(&self.topic),
            key: named(&self.key),
            headers: self.headers.iter().map(|(name, value)| (text(name), text(value))).collect(),
            payload: text(&self.payload),
            delay_ms: self.delay_ms,
        }
    }
}

fn put(outgoing: &Outgoing, j: usize) -> Put {
    let headers = outgoing.headers.slice(j..j + 1);
    Put {
        topic: outgoing.topics.as_ref().map(|topics| topics.get(j).to_vec()).unwrap_or_default(),
        key: outgoing.keys.get(j).to_vec(),
        headers: headers.of(0).map(|(name, value)| (name.into(), value.into())).collect(),
        payload: outgoing.payloads.get(j).to_vec(),
        delay_ms: outgoing.delays_ms.get(j).copied().unwrap_or(0),
    }
}

/// The beginning of it, as text.
fn text(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", String::from_utf8_lossy(shown))
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
