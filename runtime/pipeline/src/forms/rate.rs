//! Rates: `500/s`, `30_000/m`, `100/h`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};

use super::count;

pub(super) const FORM_NAME: &str = "rate";

/// Messages in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) messages: u64,
    pub(crate) per: Duration,
}

/// Saturates, as a rate past 64 bits is out of every range anyway.
fn rate(text: &str) -> Option<Rate> {
    let (messages, unit) = text.split_once('/')?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    Some(Rate { messages: count(messages)?, per: Duration::from_secs(seconds) })
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        rate(&text).ok_or_else(|| D::Error::custom(format!("{text} is not a rate")))
    }
}

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9][0-9_]*/[smh]$", "x-form": FORM_NAME })
    }
}
