//! The variables of a condition, read from a message when they are asked for.

use std::collections::HashMap;
use std::sync::OnceLock;

use cel::common::types::{CelInt, CelMap, CelMapKey, CelNull, CelString, CelTimestamp};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use chrono::DateTime;
use millstream_message::Message;
use percent_encoding::percent_decode_str;

use super::Subject;
use super::payload;

/// All variables; [`super::Condition`] says what they are.
pub(super) const NAMES: [&str; 16] = [
    "id",
    "topic",
    "key",
    "headers",
    "payload",
    "text",
    "size",
    "published_at",
    "reason",
    "error",
    "subscription",
    "plugin",
    "attempts",
    "deliveries",
    "first_failed_at",
    "last_failed_at",
];

/// What a message says. Maps are built at most once, and only if they are asked for.
pub(super) struct Variables<'m> {
    message: Message<'m>,
    subject: Subject<'m>,
    payload: OnceLock<Box<dyn Val + 'm>>,
    headers: OnceLock<CelMap<'m>>,
}

impl<'m> Variables<'m> {
    pub(super) fn new(message: Message<'m>, subject: Subject<'m>) -> Self {
        Self { message, subject, payload: OnceLock::new(), headers: OnceLock::new() }
    }

    fn header(&self, name: &str) -> Option<&'m str> {
        self.message.header(name)
    }

    fn id(&self) -> String {
        let original = self.header("millstream-dead-letter-id").map(str::to_owned);
        original.unwrap_or_else(|| self.message.id().to_string())
    }

    fn error(&self) -> Option<String> {
        let encoded = self.header("millstream-dead-letter-error")?;
        Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    }

    fn count(&self, name: &str) -> i64 {
        self.header(name).and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    fn headers(&self) -> &CelMap<'m> {
        self.headers.get_or_init(|| {
            let text = |value: &'m str| -> Box<dyn Val + 'm> { Box::new(CelString::from(value)) };
            let header = |(name, value)| (CelMapKey::from(name), text(value));
            CelMap::from(self.message.headers().map(header).collect::<HashMap<_, _>>())
        })
    }

    fn payload(&self) -> &(dyn Val + 'm) {
        self.payload.get_or_init(|| payload::read(self.message.payload())).as_ref()
    }
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        Some(match name {
            "payload" => CowVal::Borrowed(self.payload()),
            "headers" => CowVal::Borrowed(self.headers()),
            "key" => text(self.message.key()),
            "id" => CowVal::owned(CelString::from(self.id())),
            "topic" => text(Some(self.subject.topic)),
            "text" => text(std::str::from_utf8(self.message.payload()).ok()),
            "size" => CowVal::owned(CelInt::from(self.message.payload().len() as i64)),
            "published_at" => published(self.message.published_at()),
            "reason" => text(self.header("millstream-dead-letter-reason")),
            "error" => {
                self.error().map_or_else(null, |error| CowVal::owned(CelString::from(error)))
            }
            "subscription" => text(self.header("millstream-dead-letter-subscription")),
            "plugin" => text(self.header("millstream-dead-letter-plugin")),
            "attempts" => count(self.count("millstream-dead-letter-attempts")),
            "deliveries" => count(self.count("millstream-dead-letter-deliveries")),
            "first_failed_at" => time(self.header("millstream-dead-letter-first-failed-at")),
            "last_failed_at" => time(self.header("millstream-dead-letter-last-failed-at")),
            _ => return None,
        })
    }
}

fn null<'b>() -> CowVal<'b, 'b> {
    CowVal::Borrowed(&CelNull)
}

fn text<'b>(text: Option<&'b str>) -> CowVal<'b, 'b> {
    text.map_or_else(null, |text| CowVal::owned(CelString::from(text)))
}

fn count<'b>(count: i64) -> CowVal<'b, 'b> {
    CowVal::owned(CelInt::from(count))
}

fn published<'b>(unix_ms: u64) -> CowVal<'b, 'b> {
    let time = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis);
    time.map_or_else(null, |time| CowVal::owned(CelTimestamp::from(time.fixed_offset())))
}

fn time<'b>(rfc3339: Option<&str>) -> CowVal<'b, 'b> {
    let time = rfc3339.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    time.map_or_else(null, |time| CowVal::owned(CelTimestamp::from(time)))
}
