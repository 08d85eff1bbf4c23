//! When a journal forces what it wrote to the disk: `always`, `never`, `interval(100ms)`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};

use super::period::period;

pub(super) const FORM_NAME: &str = "sync";

/// How far an answer of the journal is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    Always,
    Interval(Duration),
    Never,
}

fn sync(text: &str) -> Option<Sync> {
    match text {
        "always" => Some(Sync::Always),
        "never" => Some(Sync::Never),
        _ => {
            let duration = text.strip_prefix("interval(")?.strip_suffix(')')?;
            period(duration).map(Sync::Interval)
        }
    }
}

impl<'de> Deserialize<'de> for Sync {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        sync(&text).ok_or_else(|| D::Error::custom(format!("{text} is no way to sync")))
    }
}

impl JsonSchema for Sync {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Sync".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(always|never|interval\([0-9][0-9_]*(ms|s|m|h)\))$",
            "x-form": FORM_NAME,
        })
    }
}
