//! One worker: lease, handle, settle, until told to stop.

mod next;
mod outcome;

use std::sync::Arc;
use std::time::Instant;

use millstream_connectors::Sink;
use millstream_plugin_host::StartFailure;
use millstream_queue::{Delivery, Handler};

use crate::consumer::{Consumer, PluginConsumer};
use crate::health::Health;
use crate::isolation::{self, Handled, Rules};
use crate::pace::Pace;
use crate::post::Post;
use crate::swap::{Duty, Figures, Turn, Version};

/// One of the workers that compete for a subscription's messages.
pub(crate) struct Worker {
    post: Arc<Post>,
    handler: Arc<Handler>,
    consumer: Consumer,
    pace: Pace,
    /// What all workers of the subscription know of its handler.
    health: Arc<Health>,
    /// Which version of its plugin it serves; none for a sink.
    duty: Option<Duty>,
}

impl Worker {
    /// A worker that hands messages to a sink.
    pub(crate) fn of_sink(
        post: &Arc<Post>,
        handler: &Arc<Handler>,
        sink: Box<dyn Sink>,
        health: &Arc<Health>,
    ) -> Self {
        Self {
            post: Arc::clone(post),
            handler: Arc::clone(handler),
            consumer: Consumer::Sink(sink),
            pace: post.pace,
            health: Arc::clone(health),
            duty: None,
        }
    }

    /// A worker for the version of a plugin that `duty` says; none when there is no such version.
    pub(crate) fn on_duty(post: &Arc<Post>, mut duty: Duty) -> Option<Self> {
        let Turn::Move(version) = duty.turn() else { return None };
        let health = version.health(post.subscription);
        Some(Self {
            post: Arc::clone(post),
            handler: Arc::clone(&version.handler),
            consumer: consumer(post, &version, &health),
            pace: if duty.is_trial() { post.pace.cautious() } else { post.pace },
            health,
            duty: Some(duty),
        })
    }

    /// The subscription's name.
    pub(crate) fn name(&self) -> &str {
        &self.post.name
    }

    /// Whether guests run in it.
    pub(crate) fn runs_guests(&self) -> bool {
        self.consumer.isolates()
    }

    /// Starts its handler, where it has to be started: nothing is leased.
    pub(crate) async fn start(&mut self) -> Result<(), StartFailure> {
        match &mut self.consumer {
            Consumer::Plugin(plugin) => plugin.start().await.map(drop),
            Consumer::Sink(_) => Ok(()),
        }
    }

    /// Works until told to stop; a delivery in hand is finished and settled first.
    pub(crate) async fn run(mut self) {
        while let Some(delivery) = self.next().await {
            self.work(delivery).await;
        }
    }

    async fn work(&mut self, delivery: Delivery) {
        let withdrawn = self.duty.as_ref().and_then(Duty::withdrawn);
        let begun = Instant::now();
        let handled = {
            let withdrawn = async {
                match &withdrawn {
                    Some(withdrawn) => withdrawn.cancelled().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = withdrawn => None,
                handled = self.handle(&delivery) => Some(handled),
            }
        };
        match handled {
            Some(handled) => {
                self.adapt(&handled, begun.elapsed());
                self.settle(delivery, handled.settlement).await;
            }
            None => self.give_back(delivery).await,
        }
    }

    async fn handle(&mut self, delivery: &Delivery) -> Handled {
        let Self { post, consumer, duty, .. } = self;
        let rules = Rules {
            routing: &post.routing,
            ordering: post.ordering,
            filter: post.filter.as_ref(),
            one_per_key: post.one_per_key,
            broker: &*post.broker,
            renew_every: post.renew_every,
            figures: duty.as_ref().and_then(figures),
        };
        isolation::handle(consumer, delivery, rules).await
    }
}

fn consumer(post: &Post, version: &Version, health: &Arc<Health>) -> Consumer {
    let (plugin, health) = (version.plugin.clone(), Arc::clone(health));
    Consumer::Plugin(Box::new(PluginConsumer::new(plugin, &post.name, &post.topic_name, health)))
}

fn figures(duty: &Duty) -> Option<&Figures> {
    duty.version().map(|version| &version.figures)
}
