//! What the API answers from.

use std::sync::Arc;

use millstream_message::{SubscriptionId, TopicId};
use millstream_pipeline::{Plan, PluginPlan, SubscriptionPlan, TopicPlan};
use millstream_queue::Broker;
use millstream_runner::{DeadLetters, Monitor, Swaps};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::names;
use crate::problem::Problem;

/// A running host, as far as its HTTP API is concerned.
pub struct App {
    /// What runs: `TopicId(i)` is `plan.topics[i]`, `SubscriptionId(i)` is `plan.subscriptions[i]`.
    pub plan: Arc<Plan>,
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
    /// The text of the running pipeline file; empty when there is none to show.
    pub pipeline_text: String,
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

    /// The topic called `name`.
    ///
    /// # Errors
    /// 404 with the nearest name there is.
    pub(crate) fn topic(&self, name: &str) -> Result<(TopicId, &TopicPlan), Problem> {
        let topics = &self.app.plan.topics;
        names::find(name, topics, |topic| &topic.name, "topic")
            .map(|(place, topic)| (TopicId(place as u32), topic))
    }

    /// The subscription called `name`.
    ///
    /// # Errors
    /// As [`Host::topic`].
    pub(crate) fn subscription(
        &self,
        name: &str,
    ) -> Result<(SubscriptionId, &SubscriptionPlan), Problem> {
        let subscriptions = &self.app.plan.subscriptions;
        names::find(name, subscriptions, |subscription| &subscription.name, "subscription")
            .map(|(place, subscription)| (SubscriptionId(place as u32), subscription))
    }

    /// The plugin called `name`.
    ///
    /// # Errors
    /// As [`Host::topic`].
    pub(crate) fn plugin(&self, name: &str) -> Result<&PluginPlan, Problem> {
        let plugins = &self.app.plan.plugins;
        names::find(name, plugins, |plugin| &plugin.name, "plugin").map(|(_, plugin)| plugin)
    }

    /// The name of the topic with this id.
    pub(crate) fn topic_name(&self, id: TopicId) -> Option<&str> {
        self.app.plan.topics.get(id.0 as usize).map(|topic| topic.name.as_str())
    }
}
