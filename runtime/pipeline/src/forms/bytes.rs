//! Sizes in bytes: `64MiB`, `1GiB`, plain whole numbers.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::{number_and_unit, whole_number};

pub(super) const FORM_NAME: &str = "size";

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

const UNITS: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Saturates, as a size past 64 bits is out of every range anyway.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let unit = if unit.is_empty() { "B" } else { unit };
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| number.saturating_mul(*factor))
}

/// The size as a file would say it.
pub(crate) fn format_bytes(bytes: u64) -> String {
    let fits = |factor: u64| bytes >= factor && bytes.is_multiple_of(factor);
    match UNITS.iter().find(|(_, factor)| fits(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => "0B".to_owned(),
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let size = whole_number(&value).or_else(|| value.as_str().and_then(bytes));
        size.map(Self).ok_or_else(|| D::Error::custom(format!("{value} is not a size")))
    }
}

impl JsonSchema for Bytes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "pattern": "^[0-9][0-9_]*(B|KiB|MiB|GiB|TiB)?$",
            "minimum": 0,
            "x-form": FORM_NAME,
        })
    }
}
