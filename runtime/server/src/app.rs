//! What the API answers from.

use std::sync::Arc;

use millstream_message::{SubscriptionId, TopicId};
use millstream_pipeline::{PluginPlan, SubscriptionPlan, TopicPlan};
use millstream_queue::Broker;
use millstream_runner::{DeadLetters, Monitor, Swaps, Wiring, Wirings};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::names;
use crate::pipeline::Pipelines;
use crate::problem::Problem;

/// A running host, as far as its HTTP API is concerned.
pub struct App {
    /// What runs, as it changes.
    pub wirings: Wirings,
    /// Where messages wait, and whose clock stamps them.
    pub broker: Arc<dyn Broker>,
    /// What was given up, and how it comes back.
    pub dead_letters: DeadLetters,
    /// How its plugins and the handlers of its subscriptions are; the default knows none.
    pub monitor: Monitor,
    /// 128 fresh random bits: they make the ids of published messages unique.
    pub random: fn() -> u128,
    /// The versions of its plugins, and how one takes the place of another; the default knows none.
    pub swaps: Swaps,
    /// Who changes the running pipeline; none where nobody can.
    pub pipelines: Option<Arc<dyn Pipelines>>,
    /// The host's version, shown by `/healthz`.
    pub version: &'static str,
}

/// What every handler shares: the host, and how far it is from stopping.
pub(crate) struct Host {
    pub(crate) app: App,
    /// Cancelled once no new publish is taken.
    pub(crate) stopping: CancellationToken,
    /// Bytes of requests that may be in hand at once.
    pub(crate) request_bytes: Arc<Semaphore>,
    /// Clients that may watch a topic at once.
    pub(crate) taps: Arc<Semaphore>,
    /// Requests that are not answered yet, and publishes whose client has gone meanwhile.
    pub(crate) in_hand: TaskTracker,
}

impl Host {
    pub(crate) fn new(app: App, stopping: CancellationToken) -> Self {
        Self {
            app,
            stopping,
            request_bytes: Arc::new(Semaphore::new(crate::body::IN_HAND_BYTES_MAX)),
            taps: Arc::new(Semaphore::new(crate::tap::TAPS_MAX)),
            in_hand: TaskTracker::new(),
        }
    }

    /// What runs now.
    pub(crate) fn wiring(&self) -> Arc<Wiring> {
        self.app.wirings.now()
    }
}

/// The topic called `name`.
///
/// # Errors
/// 404 with the nearest name there is.
pub(crate) fn topic<'a>(
    wiring: &'a Wiring,
    name: &str,
) -> Result<(TopicId, &'a TopicPlan), Problem> {
    names::find(name, wiring.topics(), |(_, topic)| &topic.name, "topic")
}

/// The subscription called `name`.
///
/// # Errors
/// As [`topic`].
pub(crate) fn subscription<'a>(
    wiring: &'a Wiring,
    name: &str,
) -> Result<(SubscriptionId, &'a SubscriptionPlan), Problem> {
    names::find(name, wiring.subscriptions(), |(_, one)| &one.name, "subscription")
}

/// The plugin called `name`.
///
/// # Errors
/// As [`topic`].
pub(crate) fn plugin<'a>(wiring: &'a Wiring, name: &str) -> Result<&'a PluginPlan, Problem> {
    names::find(name, wiring.plan().plugins.iter(), |plugin| &plugin.name, "plugin")
}

/// The name of the topic with this id.
pub(crate) fn topic_name(wiring: &Wiring, id: TopicId) -> Option<&str> {
    wiring.topic_plan(id).map(|topic| topic.name.as_str())
}
