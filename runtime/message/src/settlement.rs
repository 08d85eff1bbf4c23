//! The one act that ends a delivery.

use std::fmt;

use crate::batch::Batch;

/// A topic of the running pipeline: its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u32);

/// A subscription of the running pipeline: its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u32);

/// What ends a delivery: what becomes of each message, and what is published with that. Commits as
/// a whole or not at all.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// One verdict for each message of the delivery.
    pub verdicts: Verdicts,
    /// What to publish, by topic. Ids and times are set.
    pub outputs: Vec<Output>,
}

/// What handling a delivery publishes to one topic, the outputs of the first input message first.
#[derive(Clone, Debug)]
pub struct Output {
    /// Where to.
    pub topic: TopicId,
    /// The messages.
    pub batch: Batch,
    /// Their delays in milliseconds, 0 for none; or empty when none is delayed.
    pub delays_ms: Vec<u32>,
    /// Input message `i` gave messages `starts[i] .. starts[i + 1]` of `batch`: one more number
    /// than the delivery has messages. What is discarded with its input is found by it.
    pub starts: Vec<u32>,
}

impl Output {
    /// What input message `i` gave.
    #[must_use]
    pub fn of(&self, i: usize) -> std::ops::Range<usize> {
        match self.starts.get(i..i + 2) {
            Some(pair) => pair[0] as usize..pair[1] as usize,
            None => 0..0,
        }
    }
}

impl Settlement {
    /// Every message handled, nothing published.
    #[must_use]
    pub fn all_handled() -> Self {
        Self { verdicts: Verdicts::AllHandled, outputs: Vec::new() }
    }
}

/// Verdicts on the messages of a delivery.
#[derive(Clone, Debug)]
pub enum Verdicts {
    /// The ordinary case, without a list.
    AllHandled,
    /// One for each message, in order.
    Each(Vec<Verdict>),
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Handled: it is gone for this subscription.
    Handled,
    /// Failed: delivered again after a while, or dead-lettered when its attempts are used up.
    Failed {
        /// Why, for the log and the dead letter.
        failure: Failure,
        /// Earliest next delivery in milliseconds from now; 0: the backoff decides.
        delay_ms: u32,
    },
    /// Dead-lettered now.
    Rejected(Failure),
    /// Given back unjudged: delivered again, counts as no failure.
    Returned,
    /// Not for this subscription, as its filter says: gone without being handled.
    Filtered,
    /// Older than it may be when somebody would have handled it.
    Expired,
}

/// Why a message was not handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// The guest's or the host's words; a backtrace may follow on later lines.
    pub message: String,
    /// Whether the message is delivered alone from now on, since it broke its neighbours' call.
    pub alone: bool,
}

impl Failure {
    /// A failure of `kind` with `message`; it may travel with others again.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), alone: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// Kinds of failure, as dead letters name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The handler asked for another delivery.
    Retry,
    /// The handler refused the message.
    Reject,
    /// The guest trapped.
    Trap,
    /// The call, or the lease, took too long.
    Timeout,
    /// The guest asked for more memory than granted.
    MemoryLimit,
    /// The answer was larger than allowed.
    OutputLimit,
    /// The answer broke the guest contract.
    InvalidResult,
    /// An output named a topic that the subscription does not list.
    Route,
    /// The message was too old.
    Expired,
    /// The message was in flight in too many crashes of the host.
    Crashed,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry => "retry",
            Self::Reject => "reject",
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::MemoryLimit => "memory limit",
            Self::OutputLimit => "output limit",
            Self::InvalidResult => "invalid result",
            Self::Route => "route",
            Self::Expired => "expired",
            Self::Crashed => "crashed",
        })
    }
}
