//! From a pipeline file to a checked [`Plan`].
//!
//! [`parse`] reads the YAML and says which plugins must be looked at; [`Draft::check`] takes what
//! was found of them and answers with a plan, or with every [`Finding`] in one pass: code, place,
//! route and help. What only opening the journal shows becomes findings by [`journal_findings`].
//! [`render`] shows findings to people, [`explain`] has a page for each code,
//! [`schema`] describes the file for editors.
//!
//! What it is not for: it opens no file, reads no clock and no environment, loads no plugin.
//! All of that is handed in, so the same text always gets the same answer.

mod code;
mod declaration;
mod defaults;
mod document;
mod draft;
mod facts;
mod finding;
mod forms;
mod interpolate;
mod journal;
mod plan;
mod planning;
mod render;
mod report;
mod route;
mod rules;
mod schema;
mod structure;
mod suggest;
mod value;

pub use code::{codes, explain};
pub use draft::{Checked, Draft, parse};
pub use facts::{PluginFacts, PluginFault, PluginFaultKind, World};
pub use finding::{Finding, Severity};
pub use journal::{ApplyFault, JournalFault, Kept, Leftover, apply_findings, journal_findings};
pub use plan::{
    BatchPlan, BrokerPlan, CompileLimits, ComponentSource, Consumer, DedupPlan, Format, Grants,
    JournalPlan, Limits, OnDeadLetter, OnExpired, Ordering, Plan, PluginPlan, RateLimit, RetryPlan,
    SinkConnector, SourceConnector, SourcePlan, StartFrom, SubscriptionPlan, SyncPlan, TopicKind,
    TopicPlan, WhenFull,
};
pub use render::render;
pub use schema::schema;
