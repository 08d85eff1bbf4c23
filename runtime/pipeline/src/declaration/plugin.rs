//! `plugins:` — the components.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::Free;
use crate::forms::{Bytes, Count, Period, Rate};

/// One WebAssembly component.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugin {
    /// A plugin folder (what `millstream build` wrote into it is used), a `.wasm` file, or a place in
    /// a registry: `oci://registry/name:tag`. Relative paths start at the pipeline file's folder.
    #[schemars(required, length(min = 1))]
    pub(crate) source: Option<String>,
    /// The plugin's own configuration.
    pub(crate) config: Option<Free>,
    /// What it may use up.
    pub(crate) limits: Option<Limits>,
    /// What it may reach; nothing, if absent.
    pub(crate) grants: Option<Grants>,
}

/// What a plugin may use up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Time for a call of one message. Default 1s.
    pub(crate) timeout: Option<Period>,
    /// Time for a call of more. Default 5s.
    pub(crate) batch_timeout: Option<Period>,
    /// Memory and tables of one instance. Default 128MiB.
    pub(crate) memory: Option<Bytes>,
    /// Elements of all tables of one instance. Default 40_000.
    #[schemars(range(min = 0, max = 160_000))]
    pub(crate) tables: Option<Count>,
    /// Instances alive at once; a worker beyond waits. Default: as many as its workers.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) instances: Option<Count>,
    /// Output of a call of one message. Default 4MiB.
    pub(crate) output: Option<Bytes>,
    /// Output of a call of more. Default 16MiB.
    pub(crate) batch_output: Option<Bytes>,
    /// Messages published by a call of one message. Default 10_000.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub(crate) output_messages: Option<Count>,
    /// Messages published by a call of more. Default 100_000.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub(crate) batch_output_messages: Option<Count>,
    /// Log records of all its instances; those beyond are dropped and counted. Default 1_000/s.
    pub(crate) log_rate: Option<Rate>,
    /// Text of the log records of one call; records beyond are dropped and counted. Default 1MiB.
    pub(crate) log_bytes: Option<Bytes>,
    /// What one call may hand to the host's functions, all together. Default 16MiB.
    pub(crate) host_data: Option<Bytes>,
    /// Time for compiling it. Default 60s.
    pub(crate) compile_timeout: Option<Period>,
    /// Memory for compiling it. Default 1GiB.
    pub(crate) compile_memory: Option<Bytes>,
    /// Machine code that may come of it. Default 64MiB.
    pub(crate) compile_size: Option<Bytes>,
}

/// What a plugin may reach.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    /// State of its own. Default false; with true every call answers an error until there is a store.
    pub(crate) keyvalue: Option<bool>,
    /// Origins it may call, such as `https://rates.example.com`. Default none.
    pub(crate) http: Option<HttpGrant>,
}

/// `false`, or the origins; `true` is understood, and refused.
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
