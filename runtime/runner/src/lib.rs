//! Moves messages: from sources into topics, from topics through plugins and sinks, and settles
//! what came of it.
//!
//! [`open`] opens everything a [`Plan`](millstream_pipeline::Plan) names and starts nothing, so
//! that a fault at start-up leaves nothing half started. [`Opened::start`] starts it, [`Running`]
//! is what runs.
//!
//! A worker leases messages, lets its handler answer, and settles. When a call of many messages
//! fails, the messages are run again one by one under the same lease (`isolation`): only the one
//! that fails alone is charged.
//!
//! Not here: who gets which message (`queue`), what happens inside one call (`plugin-host`), how
//! the outside talks to us (`server`, `cli`).

mod apply;
mod broker;
mod component;
mod consumer;
mod dead_letters;
mod error;
mod feed;
mod filter;
mod guests;
mod health;
mod isolation;
mod launch;
mod monitor;
mod open;
mod output_rules;
mod pace;
mod post;
mod rehearsal;
mod report;
mod routing;
mod rules;
mod running;
mod shared_sink;
mod site;
mod sources;
mod station;
mod swap;
mod versions;
mod wiring;
mod worker;

pub use apply::{
    Applied, Applier, ApplyError, ChangeKind, NeedsRestart, Proposal, Setting, Step, StepKind,
};
pub use dead_letters::{
    DeadLetterError, DeadLetters, Found, JobState, JobStatus, Listing, Outcome, Rate, RateError,
    Redrive, Selection, StoppedKey,
};
pub use error::{OpenError, RunError};
pub use health::{HealthReport, HealthState};
pub use launch::{Changes, Launch};
pub use millstream_plugin_host::Metrics;
pub use millstream_queue::{Kind, Named, OpenError as JournalError, Recovered, Rename};
pub use monitor::{Monitor, PluginMetrics};
pub use open::{Opened, open};
pub use rehearsal::{Unfit, rehearse};
pub use report::{PluginReport, Report, SourceReport, SubscriptionReport, TopicReport};
pub use running::Running;
pub use swap::{
    Comparison, Difference, Emitted, Reached, Reverted, Sample, Shown, Stage, SwapError,
    SwapOptions, SwapStatus, Swaps, VersionReport, VersionState,
};
pub use wiring::{Wiring, Wirings};

#[cfg(test)]
mod tests;
