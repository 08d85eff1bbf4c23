//! What a plugin answered, in the form that cases are compared in.

use std::fmt;

use millstream_message::{Answers, Outcome};

/// The answer to one message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Observed {
    /// Handled; what it publishes.
    Ok(Vec<Published>),
    /// It asks for another delivery.
    Retry { reason: String, delay_ms: u32 },
    /// It refuses the message.
    Reject(String),
    /// There was no answer; why.
    Failed(String),
}

/// A message to be published.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Published {
    pub(crate) payload: Vec<u8>,
    /// None: the subscription's output.
    pub(crate) topic: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay_ms: u32,
}

impl Observed {
    /// The answer to message `i`.
    pub(crate) fn of(answers: &Answers, i: usize) -> Self {
        let reason = || text(answers.reasons.get(i)).unwrap_or_default();
        match answers.outcomes[i] {
            Outcome::Ok => Self::Ok(answers.outgoing.of(i).map(|j| published(answers, j)).collect()),
            Outcome::Retry => {
                let delay_ms = answers.retry_delays_ms.get(i).copied().unwrap_or(0);
                Self::Retry { reason: reason(), delay_ms }
            }
            Outcome::Reject => Self::Reject(reason()),
        }
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(outputs) if outputs.is_empty() => f.write_str("ok, nothing published"),
            Self::Ok(outputs) => {
                write!(f, "ok, {} published:", outputs.len())?;
                outputs.iter().try_for_each(|output| write!(f, " {output}"))
            }
            Self::Retry { reason, .. } => write!(f, "retry: {reason}"),
            Self::Reject(reason) => write!(f, "reject: {reason}"),
            Self::Failed(failure) => f.write_str(failure),
        }
    }
}

fn published(answers: &Answers, j: usize) -> Published {
    let outgoing = &answers.outgoing;
    let headers = outgoing.headers.slice(j..j + 1).of(0);
    Published {
        payload: outgoing.payloads.get(j).to_vec(),
        topic: outgoing.topics.as_ref().and_then(|topics| text(topics.get(j))),
        key: text(outgoing.keys.get(j)),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        delay_ms: outgoing.delays_ms.get(j).copied().unwrap_or(0),
    }
}

/// Text, or none when it is empty.
fn text(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
}
