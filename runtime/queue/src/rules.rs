//! What topics and subscriptions are told to do, and what workers ask for: the plan's part that the core
//! needs.

mod request;
mod share;
mod subscription;
mod topic;

pub use self::request::{Handler, LeaseRequest};
pub use self::share::{KeyRange, Share};
pub use self::subscription::{
    Backoff, Exhausted, Expired, OnDeadLetter, Ordering, RateRules, StartFrom, SubscriptionRules,
};
pub use self::topic::{DedupRules, TopicKind, TopicRules, WhenFull};
