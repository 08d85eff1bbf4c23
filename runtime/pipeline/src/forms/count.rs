//! Whole numbers, in which underscores may group digits: `1_000_000`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::whole_number;

pub(super) const FORM_NAME: &str = "count";

/// A whole number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

/// The number in `text`; one too large for 64 bits becomes the largest, and so out of every range.
pub(crate) fn count(text: &str) -> Option<u64> {
    let shape = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !shape || !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Some(text.replace('_', "").parse().unwrap_or(u64::MAX))
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = whole_number(&value).or_else(|| value.as_str().and_then(count));
        number.map(Self).ok_or_else(|| D::Error::custom(format!("{value} is not a whole number")))
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "pattern": "^[0-9][0-9_]*$", "x-form": FORM_NAME })
    }
}
