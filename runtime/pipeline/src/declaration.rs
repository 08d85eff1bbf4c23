//! What was typed. Everything is optional here: what must be there is said by the schema, and what
//! was wrong has been cut out, so that the rest can still be checked.

mod broker;
mod named;
mod plugin;
mod sink;
mod source;
mod subscription;
mod texts;
mod topic;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::forms::Name;

pub(crate) use broker::{Broker, Journal};
pub(crate) use named::Named;
pub(crate) use plugin::{Grants, HttpGrant, Limits, Plugin};
pub(crate) use sink::{FileForm, HttpSink, Sink};
pub(crate) use source::{Format, Schedule, Source};
pub(crate) use subscription::{
    Batch, OnDeadLetter, OnExhausted, OnExpired, Ordering, Retry, StartFrom, Subscription,
};
pub(crate) use texts::Texts;
pub(crate) use topic::{Dedup, Kind, Topic, WhenFull};

/// A Millstream pipeline: topics wired to plugins, with the rules of delivery.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pipeline")]
pub(crate) struct Declaration {
    /// The pipeline's name. Ids of output messages are derived from it.
    #[schemars(required)]
    pub(crate) pipeline: Option<Name>,
    /// Where messages wait. Memory, if absent.
    pub(crate) broker: Option<Broker>,
    /// The queues, by name.
    #[serde(default)]
    pub(crate) topics: Named<Topic>,
    /// The WebAssembly components that handle messages, by name.
    #[serde(default)]
    pub(crate) plugins: Named<Plugin>,
    /// The built-in producers, by name.
    #[serde(default)]
    pub(crate) sources: Named<Source>,
    /// Who reads which topic and under which rules, by name.
    #[serde(default)]
    pub(crate) subscriptions: Named<Subscription>,
}

/// A mapping whose keys are not ours.
pub(crate) type Free = Map<String, Value>;

/// `{}`: a connector without settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
