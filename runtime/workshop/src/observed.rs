//! What a plugin did with a message, in a form that can be compared and shown.

use std::fmt;

use millstream_message::{Answers, Outcome, Outgoing};

use crate::difference::bytes;

/// What the plugin did with one message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Observed {
    /// Handled; what it publishes.
    Ok(Vec<Published>),
    /// It asks for another delivery; 0 ms: when the backoff says.
    Retry { reason: String, delay_ms: u32 },
    /// It refuses the message.
    Reject(String),
    /// It did not answer: kind, text, backtrace.
    Failed(String),
}

/// A message that it publishes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Published {
    pub(crate) topic: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: Vec<u8>,
    pub(crate) delay_ms: u32,
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(published) if published.is_empty() => f.write_str("ok, without outputs"),
            Self::Ok(published) => {
                let payloads: Vec<_> =
                    published.iter().map(|output| bytes(&output.payload)).collect();
                write!(f, "ok, outputs {}", payloads.join(", "))
            }
            Self::Retry { reason, .. } => write!(f, "retry: {reason}"),
            Self::Reject(reason) => write!(f, "reject: {reason}"),
            // The backtrace stays out.
            Self::Failed(text) => f.write_str(text.lines().next().unwrap_or_default()),
        }
    }
}

/// What `answers` say about message `i`.
pub(crate) fn observe(answers: &Answers, i: usize) -> Observed {
    let reason = || text(answers.reasons.get(i));
    match answers.outcomes[i] {
        Outcome::Ok => Observed::Ok(
            answers.outgoing.of(i).map(|m| publication(&answers.outgoing, m)).collect(),
        ),
        Outcome::Reject => Observed::Reject(reason()),
        Outcome::Retry => {
            let delay_ms = answers.retry_delays_ms.get(i).copied().unwrap_or(0);
            Observed::Retry { reason: reason(), delay_ms }
        }
    }
}

fn publication(outgoing: &Outgoing, m: usize) -> Published {
    let optional = |bytes: &[u8]| Some(text(bytes)).filter(|text| !text.is_empty());
    let headers = outgoing.headers.slice(m..m + 1).of(0);
    Published {
        topic: outgoing.topics.as_ref().and_then(|topics| optional(topics.get(m))),
        key: optional(outgoing.keys.get(m)),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        payload: outgoing.payloads.get(m).to_vec(),
        delay_ms: outgoing.delays_ms.get(m).copied().unwrap_or(0),
    }
}

/// The host has checked that it is UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
