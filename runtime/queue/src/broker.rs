//! What a place where messages wait can do, whatever it is built on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use millstream_message::{Batch, Settlement, SubscriptionId, TopicId};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clock::Now;
use crate::core::{Declaration, Histories, LeaseId, Letter, Plan, SeekTo};
use crate::figures::{Figures, PluginFigures, StoppedKey};
use crate::publication::{Duplicate, Publication};
use crate::rules::{Handler, LeaseRequest, Share};

/// A place where messages wait.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Accepts all messages, in order, or none. Waits for room as the topic's rules say. Answers
    /// which of them were repeats: those are not accepted again.
    ///
    /// Dropping the future while it waits takes nothing back: the messages may still be accepted.
    async fn publish(
        &self,
        topic: TopicId,
        publication: Publication,
    ) -> Result<Vec<Duplicate>, PublishError>;

    /// Messages for a worker; waits until there are some. Dropping the future leases nothing.
    async fn lease(&self, request: LeaseRequest) -> Result<Delivery, LeaseError>;

    /// Ends a delivery: all of the settlement commits, or nothing.
    async fn settle(
        &self,
        delivery: Delivery,
        settlement: Settlement,
    ) -> Result<Settled, SettleError>;

    /// The worker of this delivery still lives: its lease runs `ack_deadline` from now.
    fn renew(&self, delivery: &Delivery) -> Result<(), SettleError>;

    /// Workers of generations below `generation` may neither lease nor settle any more; what they
    /// hold is given back, uncounted.
    async fn fence(&self, subscription: SubscriptionId, generation: u64) -> Result<(), Ended>;

    /// Up to `limit` messages that the topic keeps, from sequence number `from` on. Consumes
    /// nothing. At most [`crate::MAX_STEP_MESSAGES`] a page.
    fn browse(&self, topic: TopicId, from: u64, limit: usize) -> Page;

    /// How far a source had read when its last messages were accepted, in its own words.
    fn position(&self, source: &str) -> Option<Bytes>;

    /// Every message from now on, as it becomes visible in the topic. Consumes nothing.
    fn tap(&self, topic: TopicId) -> Option<Tap>;

    /// Stops deliveries (true) or lets them go on. Messages wait.
    async fn pause(&self, subscription: SubscriptionId, paused: bool) -> Result<(), Ended>;

    /// Remembers work on the subscription that is to go on after a start, in the words of whoever does
    /// it; none when it has ended. It ends, too, when the subscription gets another dead-letter topic, or
    /// is removed.
    async fn set_errand(
        &self,
        subscription: SubscriptionId,
        errand: Option<Bytes>,
    ) -> Result<(), Ended>;

    /// The work on the subscription that was remembered last, and has not ended.
    fn errand(&self, subscription: SubscriptionId) -> Option<Bytes>;

    /// The subscription goes on somewhere else. What it had not settled is passed over or offered
    /// anew. Answers how many messages now wait for it; none where there is no such subscription.
    async fn seek(&self, subscription: SubscriptionId, to: SeekTo) -> Result<Option<u64>, Ended>;

    /// Empties the topic of what waits in it now and nobody has under lease. Answers how many
    /// messages are gone; none where there is no such topic.
    async fn purge(&self, topic: TopicId) -> Result<Option<u64>, Ended>;

    /// Puts dead letters back to the subscription, each atomically. Stops early at
    /// [`crate::MAX_STEP_MESSAGES`] letters or when no more may be parked.
    async fn redrive(
        &self,
        subscription: SubscriptionId,
        letters: Vec<Letter>,
    ) -> Result<Moved, Ended>;

    /// Takes dead letters out of their topic for good; at most [`crate::MAX_STEP_MESSAGES`].
    async fn purge_letters(&self, letters: Vec<Letter>) -> Result<Moved, Ended>;

    /// What `declaration` would change of what runs, and what would refuse it. Changes nothing.
    async fn plan(&self, declaration: &Declaration) -> Plan;

    /// Takes over another declaration while everybody is at work: all of it, or nothing. In it,
    /// topics name each other by their places in it; the answer tells the ids by these places. What
    /// goes on keeps its id, what is new gets one that nothing had before.
    ///
    /// Settings hold from this moment: for leases given out from now on, for settles judged from now
    /// on (one that was judged by the old rules is judged again), for messages published from now on.
    /// Where `ordering` changes the subscription's leases end, uncounted; what had failed before is due
    /// when it was, and the order holds among all else. Where the plugin changes
    /// the workers of before get nothing any more, as after [`Broker::promote`]. Workers of what is
    /// removed get [`LeaseError::Unknown`].
    async fn alter(&self, declaration: Declaration) -> Result<Altered, AlterError>;

    /// A version of a plugin goes on trial: its workers, of the generation that this answers, get
    /// the messages of a share of the keys, in every subscription of the plugin; those of the version
    /// that serves get the rest. A key that the old version has under lease goes over once that is
    /// settled. What the version fails on is withheld until the trial is decided. Call it before the
    /// workers of the version ask for messages.
    ///
    /// A host that ends before the trial is decided has rolled it back when it starts again.
    async fn begin_trial(
        &self,
        plugin: &str,
        digest: &str,
        share: Share,
    ) -> Result<u64, DeployError>;

    /// The version on trial gets another share of the keys from now on: [`Share::ALL`] leaves
    /// nothing to the old one.
    async fn widen_trial(&self, plugin: &str, share: Share) -> Result<(), DeployError>;

    /// The version on trial serves all from now on; answers its generation. What was withheld becomes
    /// what the version made of it. Workers of the old version get nothing any more
    /// ([`LeaseError::Fenced`]) and may settle what they have, until [`Broker::fence`] is called with
    /// this generation for each subscription of the plugin.
    ///
    /// With a journal the version's bytes must be kept before ([`Broker::keep_module`]).
    async fn promote(&self, plugin: &str) -> Result<u64, DeployError>;

    /// The trial is over, and the version that serves gets everything again; answers its generation.
    /// The trial's leases end: what they held and what was withheld goes to the old version, uncounted
    /// and in order. `why` is kept for people.
    async fn roll_back(&self, plugin: &str, why: &str) -> Result<u64, DeployError>;

    /// Keeps the bytes of a version, so that a start can serve it and a rollback can go back to it.
    /// They stay as long as the version serves, is on trial or served before; those of a version of
    /// which none is true are kept until the next call for this plugin, or its next promotion or
    /// rollback.
    async fn keep_module(
        &self,
        plugin: &str,
        digest: &str,
        module: Bytes,
    ) -> Result<(), DeployError>;

    /// The bytes of a version; none when they are not kept. Reads the disk.
    async fn module(&self, plugin: &str, digest: &str) -> Result<Option<Bytes>, Ended>;

    /// The versions of all plugins that are declared or were ever swapped.
    fn plugins(&self) -> Vec<PluginFigures>;

    /// The generation of the workers that serve the subscription now; none where there is no such
    /// subscription. Whoever starts workers asks for it.
    fn generation(&self, subscription: SubscriptionId) -> Option<u64>;

    /// Resolves when one of the plugin's subscriptions stands still because of what is withheld for the
    /// end of its trial (no more than `max_parked` messages may wait): roll it back.
    async fn trial_full(&self, plugin: &str);

    /// Up to `limit` keys of the subscription that a dead letter stopped.
    fn stopped_keys(&self, subscription: SubscriptionId, limit: usize) -> Vec<StoppedKey>;

    /// The figures of all topics and subscriptions.
    fn figures(&self) -> Figures;

    /// Resolves when no message is unsettled, delayed or waiting for room, except those that wait
    /// for a stopped key.
    async fn quiet(&self);

    /// Resolves when the broker can keep nothing any more, with the reason. From then on it answers
    /// errors; its process should end and start again.
    async fn failed(&self) -> String;

    /// Lets deadlines, due messages and publishers' patience pass until `stop`.
    async fn keep_time(&self, stop: CancellationToken);

    /// Makes durable what was acknowledged or not; the last that is asked of a broker.
    async fn close(&self) -> Result<(), Ended>;

    /// The broker's clock: what publishers stamp messages with.
    fn now(&self) -> Now;

    /// How long an accepted message lasts: the `durability` of an answer.
    fn durability(&self) -> &'static str;
}

/// Messages in the hands of a worker.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The lease's name.
    pub lease: LeaseId,
    /// Whose messages.
    pub subscription: SubscriptionId,
    /// Whether a version on trial handles them: what it fails on is withheld.
    pub on_trial: bool,
    /// Who handles them.
    pub handler: Arc<Handler>,
    /// The messages in order.
    pub batch: Batch,
    /// What happened to them before.
    pub histories: Histories,
    /// When the lease ends: the broker's monotonic time.
    pub deadline: Duration,
}

/// What a committed settle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Messages that wait for another delivery.
    pub parked: u64,
    /// Messages given up.
    pub given_up: u64,
}

/// A part of a topic's messages.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Runs of messages in order.
    pub parts: Vec<Browsed>,
    /// Sequence number to go on from; none at the end.
    pub next: Option<u64>,
}

/// A run of browsed messages.
#[derive(Clone, Debug)]
pub struct Browsed {
    /// Sequence number of the first.
    pub first: u64,
    /// The messages.
    pub batch: Batch,
}

/// What is seen of a topic as it becomes visible, run by run. Who is too slow misses some and
/// learns how many runs.
pub type Tap = tokio::sync::broadcast::Receiver<Browsed>;

/// What became of a list of dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Letters of the list, from its start, that were looked at.
    pub looked_at: u64,
    /// Letters of these that moved; the others were gone already.
    pub moved: u64,
}

/// Why messages were not accepted. None of them was.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PublishError {
    /// The topic had no room in time; try again after this long.
    #[error(
        "topic is full: no room within {waited:?}; try again, or let its subscriptions catch up"
    )]
    Full {
        /// How long the publisher waited.
        waited: Duration,
    },
    /// The topic has no room and rejects.
    #[error("topic is full and rejects: try again, or let its subscriptions catch up")]
    Rejected,
    /// The topic remembers as many dedup ids as it may.
    #[error(
        "dedup-full: the topic remembers as many dedup ids as it may (dedup.max_ids); try again when some have left the window"
    )]
    DedupFull,
    /// More than the topic's whole bound: it would never fit.
    #[error(
        "larger than the topic's whole bound (max_messages, max_bytes): send it in smaller parts"
    )]
    TooLarge,
    /// There is no such topic.
    #[error("no such topic")]
    Unknown,
    /// The broker has stopped.
    #[error("the broker has stopped")]
    Stopped,
    /// The disk has less room than is kept back for settling.
    #[error(
        "disk-full: the disk has {free} bytes free and {reserve} are kept back for consumers (broker.journal.reserve); make room on it, or let subscriptions catch up"
    )]
    DiskFull {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are kept back.
        reserve: u64,
    },
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// The broker can keep nothing any more: an error of the disk ended its journal. What this call
/// asked for may be kept or not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the journal has ended and nothing more is accepted: {0}")]
pub struct Ended(pub String);

/// A declaration that was taken over.
#[derive(Clone, Debug)]
pub struct Altered {
    /// The ids of the topics, by their places in the declaration.
    pub topics: Vec<TopicId>,
    /// The ids of the subscriptions, by their places in the declaration.
    pub subscriptions: Vec<SubscriptionId>,
    /// What changed.
    pub plan: Plan,
}

/// Why a declaration was not taken over. Nothing changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AlterError {
    /// It has no place for something that is there, names something that is not, or a version of a
    /// plugin is on trial.
    #[error("the declaration does not account for all that is there")]
    Refused(Box<Plan>),
    /// Topics and subscriptions have come and gone so often that no ids are left for new ones.
    #[error(
        "more topics or subscriptions have come and gone than a host has places for: start it again"
    )]
    TooMany,
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// Why the versions of a plugin are as they were.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DeployError {
    /// There is no such plugin.
    #[error("no such plugin")]
    Unknown,
    /// A version is on trial already, or what was withheld in the last trial still goes on.
    #[error("a version of the plugin is on trial already; wait for its end, or roll it back")]
    OnTrial,
    /// No version is on trial.
    #[error("no version of the plugin is on trial")]
    NoTrial,
    /// The bytes of the version are not kept, so that no start could serve it.
    #[error("the version's bytes are not kept in the journal yet")]
    NotKept,
    /// More bytes than are kept of one version.
    #[error("the version is larger than 1 GiB, which is the most that is kept of one")]
    TooLarge,
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// Why a worker gets no messages any more.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LeaseError {
    /// Its generation was fenced.
    #[error("workers of this generation were replaced")]
    Fenced,
    /// There is no such subscription.
    #[error("no such subscription")]
    Unknown,
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// Why a settle was refused. Nothing of it was committed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SettleError {
    /// The lease has ended: its deadline passed or its generation was fenced.
    #[error("the lease has ended: the messages are delivered again")]
    LeaseEnded,
    /// The dead letters of the batch pass the size of a batch.
    #[error("the dead letters of this batch are too large for one batch")]
    TooLarge,
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] Ended),
}
