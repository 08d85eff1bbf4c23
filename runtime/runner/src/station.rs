//! A subscription at work: what its workers have in common, and how they are put to work.

use std::sync::Arc;

use millstream_formats::Condition;
use millstream_message::SubscriptionId;
use millstream_pipeline::{Consumer as ConsumerPlan, Plan, SubscriptionPlan};
use millstream_queue::{Broker, Handler};
use tokio_util::sync::CancellationToken;

use crate::error::OpenError;
use crate::filter::Filter;
use crate::health::Health;
use crate::monitor::Handler as Watched;
use crate::pace::Pace;
use crate::post::Post;
use crate::routing::Routing;
use crate::rules;
use crate::shared_sink::{SharedSink, SinkRules, sink_name};
use crate::swap::{Deployment, Lane};
use crate::wiring::Wiring;
use crate::worker::Worker;

/// A lease is renewed so often that one renewal may come late without ending it.
const RENEWALS_PER_DEADLINE: u32 = 3;

/// What of a subscription can fail to open, open.
pub(crate) struct Equipment {
    filter: Option<Filter>,
    /// None where a plugin handles its messages.
    sink: Option<SharedSink>,
}

impl Equipment {
    /// That of each subscription of the plan. Sinks that are `open` already are used again.
    pub(crate) fn open_all(plan: &Plan, open: &[SharedSink]) -> Result<Vec<Self>, OpenError> {
        plan.subscriptions.iter().map(|one| Self::open(plan, one, open)).collect()
    }

    fn open(plan: &Plan, one: &SubscriptionPlan, open: &[SharedSink]) -> Result<Self, OpenError> {
        let topic = &plan.topics[one.topic].name;
        let sink = match &one.consumer {
            ConsumerPlan::Plugin(_) => None,
            ConsumerPlan::Sink(connector) => {
                let rules = SinkRules::new(connector, one, topic);
                let sink = SharedSink::open(rules, open.iter());
                let failed = |error| OpenError::Sink { name: one.name.clone(), error };
                Some(sink.map_err(failed)?)
            }
        };
        Ok(Self { filter: filter(one, topic)?, sink })
    }
}

fn filter(one: &SubscriptionPlan, topic: &str) -> Result<Option<Filter>, OpenError> {
    let Some(text) = &one.filter else { return Ok(None) };
    let condition = Condition::parse(text).map_err(|error| OpenError::Expression {
        place: format!("subscription `{}`: filter", one.name),
        error: error.to_string(),
    })?;
    Ok(Some(Filter { condition, topic: topic.to_owned() }))
}

/// A subscription at work.
pub(crate) struct Station {
    pub(crate) post: Arc<Post>,
    consumer: Consumer,
}

/// Who handles its messages.
enum Consumer {
    Plugin(Arc<Deployment>),
    Sink { sink: SharedSink, handler: Arc<Handler>, health: Arc<Health> },
}

impl Station {
    /// The subscription with this id; `deployments` by their places in the plan.
    pub(crate) fn new(
        wiring: &Wiring,
        (id, one): (SubscriptionId, &SubscriptionPlan),
        equipment: Equipment,
        deployments: &[Arc<Deployment>],
        (broker, stop): (&Arc<dyn Broker>, &CancellationToken),
    ) -> Self {
        let Equipment { filter, sink } = equipment;
        let plan = wiring.plan();
        let post = Post {
            subscription: id,
            generation: broker.generation(id).unwrap_or_default(),
            name: one.name.clone(),
            topic: wiring.topic(one.topic),
            topic_name: plan.topics[one.topic].name.clone(),
            concurrency: one.concurrency,
            broker: Arc::clone(broker),
            routing: Routing::new(wiring, one),
            ordering: one.ordering,
            one_per_key: rules::one_per_key(plan, one),
            filter,
            pace: Pace::new(one.batch.max_messages),
            stop: stop.child_token(),
            renew_every: one.ack_deadline / RENEWALS_PER_DEADLINE,
        };
        let consumer = match (&one.consumer, sink) {
            (ConsumerPlan::Sink(connector), Some(sink)) => Consumer::Sink {
                sink,
                // A plugin's versions have names of their own.
                handler: Arc::new(Handler {
                    name: sink_name(connector).to_owned(),
                    digest: String::new(),
                }),
                health: Arc::default(),
            },
            (ConsumerPlan::Plugin(place), _) => Consumer::Plugin(Arc::clone(&deployments[*place])),
            (ConsumerPlan::Sink(_), None) => unreachable!("equipment is made of the same plan"),
        };
        Self { post: Arc::new(post), consumer }
    }

    /// Whether the workers of both do the same with the same handler.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let same = match (&self.consumer, &other.consumer) {
            (Consumer::Plugin(one), Consumer::Plugin(other)) => Arc::ptr_eq(one, other),
            (Consumer::Sink { sink: one, .. }, Consumer::Sink { sink: other, .. }) => {
                one.rules() == other.rules()
            }
            _ => false,
        };
        same && self.post.is_as(&other.post)
    }

    /// The sink, where one handles its messages.
    pub(crate) fn sink(&self) -> Option<&SharedSink> {
        match &self.consumer {
            Consumer::Plugin(_) => None,
            Consumer::Sink { sink, .. } => Some(sink),
        }
    }

    /// The plugin, where one handles its messages.
    pub(crate) fn plugin(&self) -> Option<&Arc<Deployment>> {
        match &self.consumer {
            Consumer::Plugin(plugin) => Some(plugin),
            Consumer::Sink { .. } => None,
        }
    }

    /// Whose health its is.
    pub(crate) fn watched(&self) -> Watched {
        match &self.consumer {
            Consumer::Plugin(plugin) => Watched::Plugin(Arc::clone(plugin)),
            Consumer::Sink { health, .. } => Watched::Sink(Arc::clone(health)),
        }
    }

    /// Its workers, not started.
    pub(crate) fn workers(&self) -> Vec<Worker> {
        let worker = |_| match &self.consumer {
            Consumer::Plugin(plugin) => Worker::on_duty(&self.post, plugin.duty(Lane::Main)),
            Consumer::Sink { sink, handler, health } => {
                Some(Worker::of_sink(&self.post, handler, sink.share(), health))
            }
        };
        (0..self.post.concurrency).filter_map(worker).collect()
    }
}
