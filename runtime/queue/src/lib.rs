//! Where messages wait: the delivery core, the [`Broker`] trait, and the broker
//! on it that is embedded in this process, in memory or with a [`journal`].
//!
//! The [`core`] is one deterministic state machine: `step(event, now) -> effects`. It decides who
//! gets which messages, until when, and what follows a settle. It knows no clock, no I/O, no
//! randomness, no lock and no async; a simulator can drive it as well as a broker does. Around it,
//! a [`Broker`] supplies clock, waiting and (for brokers that have one) a log.
//!
//! Not here: what a handler does with a message (`runner`), what a pipeline file says
//! (`pipeline`), how a message looks outside (`formats`).

mod backoff;
mod broker;
mod clock;
mod codec;
pub mod core;
mod dead_letter;
mod embedded;
mod figures;
pub mod journal;
mod judge;
mod publication;
mod rules;
mod stored;

pub use broker::{
    AlterError, Altered, Broker, Browsed, Delivery, DeployError, Ended, LeaseError, Moved, Page,
    PublishError, SettleError, Settled, Tap,
};
pub use clock::{Clock, Now, SystemClock};
pub use dead_letter::{DEAD_LETTER_ERROR_MAX, DEAD_LETTER_PREFIX, DeadLetterReason};
pub use embedded::EmbeddedBroker;
pub use figures::{
    Figures, PluginFigures, StoppedKey, SubscriptionFigures, TopicFigures, TrialFigures,
};
pub use journal::{JournalOptions, JournalSync, OpenError, Recovered};
pub use judge::{Case, Fate, Fates, Judged, Outcome, Parking, Withholding, judge};
pub use publication::{Arrival, Duplicate, NEVER, Publication, SourcePosition, Terms};
pub use rules::{
    Backoff, DedupRules, Exhausted, Expired, Handler, KeyRange, LeaseRequest, OnDeadLetter,
    Ordering, RateRules, Share, StartFrom, SubscriptionRules, TopicKind, TopicRules, WhenFull,
};

pub use stored::Stored;

pub use crate::core::{
    Act, Change, Changed, Declaration, Deploy, Histories, History, Kind, LeaseId, Leftover, Letter,
    MAX_STEP_MESSAGES, ModulePart, Move, Named, Plan, Rename, SeekTo, Source, Tally, TrialEnd,
    Version,
};
