//! A dead letter tells the story of a message that was given up, in headers.

use std::fmt;

use jiff::Timestamp;
use millstream_message::{BatchBuilder, BatchTooLarge, Failure, Message};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::core::History;
use crate::rules::{Handler, SubscriptionRules};

/// What the name of every header of a dead letter starts with.
pub const DEAD_LETTER_PREFIX: &str = "millstream-dead-letter-";

/// The longest error text a dead letter keeps, in bytes before percent-encoding: a guest may log
/// without end.
pub const DEAD_LETTER_ERROR_MAX: usize = 8 << 10;

/// What an error text may not hold as it is: header values are one line of text, and `%` marks
/// what was encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Why a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadLetterReason {
    /// The handler refused it.
    Rejected,
    /// It failed as often as it may.
    Exhausted,
    /// It was too old.
    Expired,
    /// It was under lease in too many crashes of the host.
    Crashed,
}

impl fmt::Display for DeadLetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "rejected",
            Self::Exhausted => "exhausted",
            Self::Expired => "expired",
            Self::Crashed => "crashed",
        })
    }
}

/// What a dead letter tells beside the message itself.
pub(crate) struct Story<'a> {
    pub(crate) reason: DeadLetterReason,
    pub(crate) failure: &'a Failure,
    pub(crate) history: History,
    /// When it was given up: milliseconds since the Unix epoch.
    pub(crate) failed_at_ms: u64,
}

/// Appends the dead letter of `message` to `letters`.
pub(crate) fn append(
    letters: &mut BatchBuilder,
    message: Message<'_>,
    rules: &SubscriptionRules,
    handler: &Handler,
    story: &Story<'_>,
) -> Result<(), BatchTooLarge> {
    let headers = headers(message, rules, handler, story);
    let kept = message.headers().filter(|(name, _)| !name.starts_with(DEAD_LETTER_PREFIX));
    let told = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    letters.push(
        message.id().dead_letter(&rules.name),
        story.failed_at_ms,
        message.key(),
        kept.chain(told),
        message.payload(),
    )
}

fn headers(
    message: Message<'_>,
    rules: &SubscriptionRules,
    handler: &Handler,
    story: &Story<'_>,
) -> Vec<(String, String)> {
    let first_failed = match story.history.first_failed_ms {
        0 => story.failed_at_ms,
        earlier => earlier,
    };
    [
        ("reason", story.reason.to_string()),
        ("subscription", rules.name.clone()),
        ("topic", rules.topic_name.clone()),
        ("plugin", handler.name.clone()),
        ("plugin-digest", handler.digest.clone()),
        ("error", encode_error(&story.failure.to_string())),
        ("attempts", story.history.failures.to_string()),
        ("deliveries", story.history.deliveries.to_string()),
        ("first-failed-at", rfc3339(first_failed)),
        ("last-failed-at", rfc3339(story.failed_at_ms)),
        ("published-at", rfc3339(message.published_at())),
        ("id", message.id().to_string()),
    ]
    .map(|(name, value)| (format!("{DEAD_LETTER_PREFIX}{name}"), value))
    .into()
}

fn encode_error(error: &str) -> String {
    let mut end = error.len().min(DEAD_LETTER_ERROR_MAX);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    utf8_percent_encode(&error[..end], ENCODED).to_string()
}

fn rfc3339(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", time.unwrap_or(Timestamp::UNIX_EPOCH))
}
