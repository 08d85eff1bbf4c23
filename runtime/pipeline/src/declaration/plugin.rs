//! `plugins:` — the components.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::Free;
use crate::forms::{Bytes, Period};

/// One WebAssembly component.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugin {
    /// A plugin folder (what `millstream build` wrote into it is used) or a `.wasm` file.
    /// Relative paths start at the pipeline file's folder.
    #[schemars(required, length(min = 1))]
    pub(crate) source: Option<String>,
    /// The plugin's own configuration.
    pub(crate) config: Option<Free>,
    /// What a call may use up.
    pub(crate) limits: Option<Limits>,
    /// What it may reach; nothing, if absent.
    pub(crate) grants: Option<Grants>,
}

/// What a call may use up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Time for a call of one message. Default 1s.
    pub(crate) timeout: Option<Period>,
    /// Time for a call of more. Default 5s.
    pub(crate) batch_timeout: Option<Period>,
    /// Memory of one instance. Default 128MiB.
    pub(crate) memory: Option<Bytes>,
    /// Output of a call of one message. Default 4MiB.
    pub(crate) output: Option<Bytes>,
    /// Output of a call of more. Default 16MiB.
    pub(crate) batch_output: Option<Bytes>,
}

/// What a plugin may reach.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    /// State of its own. Default false; true is not available yet.
    pub(crate) keyvalue: Option<bool>,
    /// Hosts it may call. Default none; any are not available yet.
    pub(crate) http: Option<HttpGrant>,
}

/// `false`, `true`, or the hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HttpGrant {
    Any(bool),
    Hosts(Vec<String>),
}

impl HttpGrant {
    pub(crate) fn grants_anything(&self) -> bool {
        match self {
            Self::Any(granted) => *granted,
            Self::Hosts(hosts) => !hosts.is_empty(),
        }
    }
}

impl<'de> Deserialize<'de> for HttpGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(granted) => Ok(Self::Any(granted)),
            hosts => serde_json::from_value(hosts).map(Self::Hosts).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for HttpGrant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HttpGrant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["boolean", "array"], "items": { "type": "string" } })
    }
}
