//! Names of pipelines, topics, plugins, sources and subscriptions. They stand in URLs, headers,
//! metrics and file names, so they are kept to what all of these take as it is.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

pub(super) const FORM_NAME: &str = "name";
const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9._-]*$";
/// Longest name: labels of metrics and parts of headers carry it.
const NAME_CHARS_MAX: u64 = 128;

/// A name as it was typed; whether anything has it is for the rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Name(pub(crate) String);

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": NAME_PATTERN, "maxLength": NAME_CHARS_MAX, "x-form": FORM_NAME })
    }
}
