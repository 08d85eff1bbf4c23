//! What is meant: defaults filled in, references resolved to indexes, every rule kept.

mod broker;
mod plugin;
mod source;
mod subscription;
mod topic;

pub use broker::{BrokerPlan, JournalPlan, SyncPlan};
pub use plugin::{CompileLimits, ComponentSource, Grants, Limits, PluginPlan};
pub use source::{Format, SourceConnector, SourcePlan};
pub use subscription::{
    BatchPlan, Consumer, OnDeadLetter, OnExpired, Ordering, RateLimit, RetryPlan, SinkConnector,
    StartFrom, SubscriptionPlan,
};
pub use topic::{DedupPlan, TopicKind, TopicPlan, WhenFull};

/// A pipeline that may run: [`Draft::check`](crate::Draft::check) makes one only of a file without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The pipeline's name; output ids are derived from it.
    pub name: String,
    /// Where the messages wait.
    pub broker: BrokerPlan,
    /// In the order of the file; other parts name a topic by its index here.
    pub topics: Vec<TopicPlan>,
    /// In the order of the file; subscriptions name a plugin by its index here.
    pub plugins: Vec<PluginPlan>,
    /// In the order of the file.
    pub sources: Vec<SourcePlan>,
    /// In the order of the file.
    pub subscriptions: Vec<SubscriptionPlan>,
}
