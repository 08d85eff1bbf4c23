//! What a response means.

use std::borrow::Cow;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use millstream_message::Outcome;
use tokio::time::{Instant, timeout_at};

/// Bytes of a response that are read, so that its connection can be used again: an endless one
/// costs no more.
const READ_MAX: usize = 64 << 10;

/// Bytes of a response that a reason quotes: it is kept with the message.
const QUOTED_MAX: usize = 512;

/// The longest delay that a receiver may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was taken.
    Taken,
    /// It is to be sent again, after the receiver's delay where it named one (else 0).
    Retry { reason: Cow<'static, str>, delay_ms: u32 },
    /// It will never be taken.
    Reject { reason: String },
}

impl Verdict {
    pub(super) fn retry(reason: String) -> Self {
        Self::Retry { reason: reason.into(), delay_ms: 0 }
    }

    /// A message behind one that failed.
    pub(super) fn not_sent() -> Self {
        let reason = "not sent: a message before it was not taken";
        Self::Retry { reason: reason.into(), delay_ms: 0 }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Taken => Outcome::Ok,
            Self::Retry { .. } => Outcome::Retry,
            Self::Reject { .. } => Outcome::Reject,
        }
    }

    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Taken => "",
            Self::Retry { reason, .. } => reason,
            Self::Reject { reason } => reason,
        }
    }

    pub(super) fn delay_ms(&self) -> u32 {
        match self {
            Self::Retry { delay_ms, .. } => *delay_ms,
            Self::Taken | Self::Reject { .. } => 0,
        }
    }
}

/// Judges a response by its status; its body is read until `deadline` at the latest.
pub(super) async fn verdict(mut response: Response<Incoming>, deadline: Instant) -> Verdict {
    let mut start = Vec::new();
    // Whether the rest arrives changes nothing: the status is the answer.
    let _ = timeout_at(deadline, read(response.body_mut(), &mut start)).await;
    let (status, headers) = (response.status(), response.headers());
    if status.is_success() {
        return Verdict::Taken;
    }
    let reason = reason(status, headers, &start);
    if is_passing(status) {
        return Verdict::Retry { reason: reason.into(), delay_ms: retry_after_ms(headers) };
    }
    Verdict::Reject { reason }
}

/// Whether the same request may be taken later.
fn is_passing(status: StatusCode) -> bool {
    let passing =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || passing.contains(&status)
}

/// Reads at most [`READ_MAX`] bytes and keeps the first.
async fn read(body: &mut Incoming, start: &mut Vec<u8>) {
    let mut left = READ_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else { continue };
        let room = QUOTED_MAX.saturating_sub(start.len()).min(data.len());
        start.extend_from_slice(&data[..room]);
        let Some(rest) = left.checked_sub(data.len()) else { return };
        left = rest;
    }
}

fn reason(status: StatusCode, headers: &HeaderMap, start: &[u8]) -> String {
    let body = String::from_utf8_lossy(start);
    let mut reason = format!("HTTP {status}");
    if status.is_redirection() {
        let to = text(headers, LOCATION).unwrap_or("nowhere");
        reason += &format!(": redirects are not followed, this one leads to {to}");
    }
    if !body.trim().is_empty() {
        reason += &format!(": {}", body.trim());
    }
    reason
}

/// The delay that `Retry-After` asks for; 0 when it asks for none. Its date is compared with the
/// response's own, so that no two clocks need agree.
fn retry_after_ms(headers: &HeaderMap) -> u32 {
    let Some(after) = text(headers, RETRY_AFTER) else { return 0 };
    let seconds = after.parse::<u64>().ok().map(Duration::from_secs);
    let until_date = || {
        let (now, then) = (date(text(headers, DATE)?)?, date(after)?);
        Duration::try_from(then.duration_since(now)).ok()
    };
    let delay = seconds.or_else(until_date).unwrap_or_default().min(RETRY_AFTER_MAX);
    u32::try_from(delay.as_millis()).unwrap_or(u32::MAX)
}

/// A date of HTTP is one of e-mail too.
fn date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
