//! A message as JSON, the same at every endpoint and command.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use millstream_message::Message;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// What the name of every header of a dead letter starts with.
pub const DEAD_LETTER_PREFIX: &str = "millstream-dead-letter-";

/// One message. The payload is text where it is UTF-8, else base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageJson {
    /// The message's id.
    pub id: String,
    /// The topic it is in.
    pub topic: String,
    /// The key, or none.
    pub key: Option<String>,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The payload where it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The payload where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_base64: Option<String>,
    /// RFC 3339 with milliseconds.
    pub published_at: String,
    /// Which delivery attempt this is, from 1, where one is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Why it was given up, where it is a dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetterJson>,
}

/// A dead letter's story, read from its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterJson {
    /// Why it was given up: `rejected`, `exhausted`, `expired` or `crashed`.
    pub reason: String,
    /// The subscription that gave it up.
    pub subscription: String,
    /// The topic that subscription reads.
    pub topic: String,
    /// The original message's id.
    pub id: String,
    /// The plugin that failed.
    pub plugin: String,
    /// That plugin's version.
    pub plugin_digest: String,
    /// The last error; the guest's backtrace follows on later lines.
    pub error: String,
    /// Failures.
    pub attempts: u64,
    /// Deliveries, those given back unjudged included.
    pub deliveries: u64,
    /// RFC 3339 with milliseconds.
    pub first_failed_at: String,
    /// RFC 3339 with milliseconds.
    pub last_failed_at: String,
}

impl MessageJson {
    /// `message` of `topic`.
    #[must_use]
    pub fn new(message: Message<'_>, topic: &str) -> Self {
        let text = std::str::from_utf8(message.payload()).ok();
        let base64 = || BASE64_STANDARD.encode(message.payload());
        Self {
            id: message.id().to_string(),
            topic: topic.to_owned(),
            key: message.key().map(str::to_owned),
            headers: message.headers().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            payload: text.map(str::to_owned),
            payload_base64: text.is_none().then(base64),
            published_at: rfc3339(message.published_at()),
            attempt: None,
            dead_letter: DeadLetterJson::read(message),
        }
    }

    /// The payload's bytes.
    ///
    /// # Errors
    /// Neither or both of `payload` and `payload_base64` are there, or the latter is not base64.
    pub fn payload_bytes(&self) -> Result<Cow<'_, [u8]>, PayloadError> {
        match (&self.payload, &self.payload_base64) {
            (Some(text), None) => Ok(Cow::Borrowed(text.as_bytes())),
            (None, Some(base64)) => {
                BASE64_STANDARD.decode(base64).map(Cow::Owned).map_err(|_| PayloadError)
            }
            _ => Err(PayloadError),
        }
    }
}

impl DeadLetterJson {
    /// The story in the headers of `message`; none when it is no dead letter.
    #[must_use]
    pub fn read(message: Message<'_>) -> Option<Self> {
        message.header("millstream-dead-letter-reason")?;
        let mut story = Self::default();
        for (name, value) in message.headers() {
            if let Some(name) = name.strip_prefix(DEAD_LETTER_PREFIX) {
                story.take(name, value);
            }
        }
        Some(story)
    }

    fn take(&mut self, name: &str, value: &str) {
        let text = || value.to_owned();
        match name {
            "reason" => self.reason = text(),
            "subscription" => self.subscription = text(),
            "topic" => self.topic = text(),
            "id" => self.id = text(),
            "plugin" => self.plugin = text(),
            "plugin-digest" => self.plugin_digest = text(),
            "error" => self.error = percent_decode_str(value).decode_utf8_lossy().into_owned(),
            "attempts" => self.attempts = value.parse().unwrap_or_default(),
            "deliveries" => self.deliveries = value.parse().unwrap_or_default(),
            "first-failed-at" => self.first_failed_at = text(),
            "last-failed-at" => self.last_failed_at = text(),
            _ => (),
        }
    }
}

/// Milliseconds since the Unix epoch as RFC 3339 with milliseconds, in UTC.
#[must_use]
pub fn rfc3339(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", time.unwrap_or(Timestamp::MAX))
}

/// A message as JSON has no readable payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadError;

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message holds either `payload` or valid base64 in `payload_base64`")
    }
}

impl std::error::Error for PayloadError {}
