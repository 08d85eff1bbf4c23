//! Durations: `100ms`, `30s`, `10m`, `24h`, and a bare 0.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::{number_and_unit, whole_number};

pub(super) const FORM_NAME: &str = "duration";

/// A duration, exact to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Saturates, as a duration past 64 bits of milliseconds is out of every range anyway.
pub(super) fn period(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    if unit.is_empty() && number == 0 {
        return Some(Duration::ZERO);
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(Duration::from_millis(number.saturating_mul(*factor)))
}

/// The duration as a file would say it.
pub(crate) fn format_period(period: Duration) -> String {
    let millis = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    let fits = |factor: u64| millis >= factor && millis.is_multiple_of(factor);
    match UNITS.iter().find(|(_, factor)| fits(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", millis / factor),
        None => "0".to_owned(),
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let zero = (whole_number(&value) == Some(0)).then_some(Duration::ZERO);
        let found = zero.or_else(|| value.as_str().and_then(period));
        found.map(Self).ok_or_else(|| D::Error::custom(format!("{value} is not a duration")))
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "pattern": "^([0-9][0-9_]*(ms|s|m|h)|0)$",
            "minimum": 0,
            "maximum": 0,
            "x-form": FORM_NAME,
        })
    }
}
