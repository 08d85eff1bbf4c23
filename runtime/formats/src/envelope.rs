//! Messages with key and headers, one JSON object a line.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::header::{header_name, header_value};
use crate::lines::not_json;
use crate::period::parse_period;
use crate::refusal::Reason;
use crate::terms::Terms;

/// The media type of lines that are envelopes.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/vnd.millstream.messages+ndjson";

/// What one envelope holds. Its size is not checked yet: [`crate::Drafts::push`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The key, or none.
    pub key: Option<String>,
    /// Names in lower case and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub payload: Vec<u8>,
    /// The producer's name for the message, or none.
    pub dedup_id: Option<String>,
    /// How long after its publish it becomes visible.
    pub delay: Option<Duration>,
    /// How long after its publish it expires.
    pub expires_in: Option<Duration>,
}

impl Envelope {
    /// Reads one line.
    ///
    /// # Errors
    /// [`Reason::Malformed`] for what is not such an object, an unknown member included.
    pub fn parse(line: &[u8]) -> Result<Self, Reason> {
        let members: Members = serde_json::from_slice(line).map_err(|error| malformed(&error))?;
        let headers = members.headers.unwrap_or_default();
        Ok(Self {
            key: members.key,
            headers: headers.into_iter().map(header).collect::<Result<_, _>>()?,
            payload: payload(members.payload, members.payload_base64)?,
            dedup_id: members.dedup_id,
            delay: period("delay", members.delay.as_deref())?,
            expires_in: period("expires_in", members.expires_in.as_deref())?,
        })
    }

    /// What the message asks for beside being published.
    #[must_use]
    pub fn terms(&self) -> Terms<'_> {
        let Self { delay, expires_in, .. } = *self;
        Terms { dedup_id: self.dedup_id.as_deref(), delay, expires_in }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    key: Option<String>,
    headers: Option<Vec<(String, String)>>,
    payload: Option<String>,
    payload_base64: Option<String>,
    dedup_id: Option<String>,
    delay: Option<String>,
    expires_in: Option<String>,
}

fn header((name, value): (String, String)) -> Result<(String, String), Reason> {
    let name = header_name(&name)?.into_owned();
    header_value(&name, &value)?;
    Ok((name, value))
}

fn payload(text: Option<String>, base64: Option<String>) -> Result<Vec<u8>, Reason> {
    let malformed = |text: &str| Reason::Malformed(text.to_owned());
    match (text, base64) {
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => BASE64_STANDARD
            .decode(base64)
            .map_err(|error| Reason::Malformed(format!("`payload_base64` is not base64: {error}"))),
        (None, None) => Err(malformed("give `payload` or `payload_base64`")),
        (Some(_), Some(_)) => Err(malformed("give `payload` or `payload_base64`, not both")),
    }
}

fn period(name: &str, text: Option<&str>) -> Result<Option<Duration>, Reason> {
    let wrong = |error| Reason::Malformed(format!("`{name}`: {error}"));
    text.map(parse_period).transpose().map_err(wrong)
}

fn malformed(error: &serde_json::Error) -> Reason {
    if !error.is_data() {
        return not_json(error);
    }
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    Reason::Malformed(format!("not a message: {what} at byte {} of the line", error.column()))
}
