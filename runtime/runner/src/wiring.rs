//! What runs, and which ids it has in the queue. At a start an id is a place in the plan; what goes on
//! through an apply keeps its id, and what is new gets one that nothing had before.

use std::sync::Arc;

use millstream_message::{SubscriptionId, TopicId};
use millstream_pipeline::{Plan, SubscriptionPlan, TopicPlan};
use millstream_queue::Altered;
use tokio::sync::watch;

/// The pipeline that runs, and the ids of its topics and subscriptions.
#[derive(Debug)]
pub struct Wiring {
    plan: Arc<Plan>,
    text: String,
    /// By their places in the plan.
    topics: Vec<TopicId>,
    /// By their places in the plan.
    subscriptions: Vec<SubscriptionId>,
}

impl Wiring {
    /// A pipeline at its start, from the text of its file.
    #[must_use]
    pub fn new(plan: Arc<Plan>, text: String) -> Self {
        let topics = (0..plan.topics.len() as u32).map(TopicId).collect();
        let subscriptions = (0..plan.subscriptions.len() as u32).map(SubscriptionId).collect();
        Self { plan, text, topics, subscriptions }
    }

    /// A pipeline that was applied to one that runs.
    pub(crate) fn altered(plan: Arc<Plan>, text: String, altered: &Altered) -> Self {
        let (topics, subscriptions) = (altered.topics.clone(), altered.subscriptions.clone());
        Self { plan, text, topics, subscriptions }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The text of the pipeline file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The id of the topic at this place in the plan.
    ///
    /// # Panics
    /// The plan has no such place.
    #[must_use]
    pub fn topic(&self, place: usize) -> TopicId {
        self.topics[place]
    }

    /// The topics, in the order of the file.
    pub fn topics(&self) -> impl Iterator<Item = (TopicId, &TopicPlan)> {
        self.topics.iter().copied().zip(&self.plan.topics)
    }

    /// The subscriptions, in the order of the file.
    pub fn subscriptions(&self) -> impl Iterator<Item = (SubscriptionId, &SubscriptionPlan)> {
        self.subscriptions.iter().copied().zip(&self.plan.subscriptions)
    }

    /// The topic with this id; none where it is not there any more.
    #[must_use]
    pub fn topic_plan(&self, id: TopicId) -> Option<&TopicPlan> {
        self.topics().find(|(one, _)| *one == id).map(|(_, topic)| topic)
    }

    /// The subscription with this id; none where it is not there any more.
    #[must_use]
    pub fn subscription_plan(&self, id: SubscriptionId) -> Option<&SubscriptionPlan> {
        self.subscriptions().find(|(one, _)| *one == id).map(|(_, subscription)| subscription)
    }
}

/// The wiring of now, whatever is applied. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Wirings(watch::Receiver<Arc<Wiring>>);

impl Wirings {
    /// One that never changes.
    #[must_use]
    pub fn fixed(wiring: Wiring) -> Self {
        Self(watch::channel(Arc::new(wiring)).1)
    }

    pub(crate) fn of(sender: &watch::Sender<Arc<Wiring>>) -> Self {
        Self(sender.subscribe())
    }

    /// The wiring of now.
    #[must_use]
    pub fn now(&self) -> Arc<Wiring> {
        Arc::clone(&self.0.borrow())
    }
}
