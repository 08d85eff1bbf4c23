//! One worker: lease, handle, settle, until told to stop.

use std::sync::Arc;

use millstream_connectors::Sink;
use millstream_message::{Settlement, Verdict, Verdicts};
use millstream_plugin_host::StartFailure;
use millstream_queue::{Delivery, Handler, LeaseError, LeaseRequest, SettleError};

use crate::consumer::{Consumer, PluginConsumer};
use crate::health::Health;
use crate::isolation::{self, Calls, Handled, Rules};
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

/// How a wait for messages ends.
enum Next {
    Delivery(Box<Delivery>),
    /// Something changed: look again.
    Again,
    /// Stop.
    Over,
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
                self.adapt(&handled);
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

    async fn next(&mut self) -> Option<Delivery> {
        loop {
            if !self.take_up() {
                return None;
            }
            match self.wait().await {
                Next::Delivery(delivery) => {
                    self.duty.iter().for_each(|duty| duty.show(&delivery));
                    return Some(*delivery);
                }
                Next::Again => {}
                Next::Over => return None,
            }
        }
    }

    /// Takes up the version that is due; false when there is none.
    fn take_up(&mut self) -> bool {
        let Some(duty) = &mut self.duty else { return true };
        match duty.turn() {
            Turn::Stay => true,
            Turn::Over => false,
            Turn::Move(version) => {
                self.health = version.health(self.post.subscription);
                self.handler = Arc::clone(&version.handler);
                // The instance that is dropped here makes room for the one that is started next.
                self.consumer = consumer(&self.post, &version, &self.health);
                self.pace = self.post.pace.cautious();
                true
            }
        }
    }

    /// Waits until the handler can take a batch, and for the batch.
    async fn wait(&mut self) -> Next {
        let request = self.request();
        let Self { post, consumer, health, duty, .. } = self;
        let leased = async {
            health.rested(consumer.must_start()).await;
            consumer.ready().await.map_err(Trouble::Start)?;
            post.broker.lease(request).await.map_err(Trouble::Lease)
        };
        let leased = tokio::select! {
            biased;
            () = post.stop.cancelled() => return Next::Over,
            () = changed(duty) => return Next::Again,
            leased = leased => leased,
        };
        match leased {
            Ok(delivery) => Next::Delivery(Box::new(delivery)),
            Err(Trouble::Start(failure)) => {
                self.start_failed(&failure.to_string());
                Next::Again
            }
            // Another version serves: the duty says in a moment which.
            Err(Trouble::Lease(LeaseError::Fenced)) => self.until_changed().await,
            Err(Trouble::Lease(_)) => Next::Over,
        }
    }

    async fn until_changed(&mut self) -> Next {
        tokio::select! {
            biased;
            () = self.post.stop.cancelled() => Next::Over,
            () = changed(&mut self.duty) => Next::Again,
        }
    }

    fn request(&self) -> LeaseRequest {
        let id = self.post.subscription;
        let version = self.duty.as_ref().and_then(Duty::version);
        LeaseRequest {
            subscription: id,
            generation: version.map_or(self.post.generation, |version| version.generation(id)),
            keys: None,
            messages_max: self.pace.messages(),
            handler: Arc::clone(&self.handler),
        }
    }

    fn adapt(&mut self, handled: &Handled) {
        if handled.too_many {
            self.pace.slow_down()
        } else {
            self.pace.speed_up()
        }
        if let Some(failure) = &handled.start_failure {
            self.start_failed(failure);
        }
        let Calls { answered, failed, failure } = &handled.calls;
        if *answered {
            self.health.answered();
        } else if let Some(why) = failure {
            // A sink has the retry delays of its messages; where to write to is not its fault.
            let rests = self.consumer.isolates();
            self.health.calls_failed(*failed, why, self.post.broker.now().wall_ms, rests);
        }
    }

    fn start_failed(&self, failure: &str) {
        let rest = self.health.start_failed(failure, self.post.broker.now().wall_ms);
        self.duty.as_ref().and_then(figures).into_iter().for_each(Figures::fail_start);
        tracing::error!(subscription = %self.post.name, %failure, ?rest, "the handler does not start");
    }

    /// The trial of the version was ended: what its worker has in hand was never tried.
    async fn give_back(&mut self, delivery: Delivery) {
        let verdicts = Verdicts::Each(vec![Verdict::Returned; delivery.batch.len()]);
        let returned = Settlement { verdicts, outputs: Vec::new() };
        // A lease that has ended was given back already.
        let _ = self.post.broker.settle(delivery, returned).await;
    }

    async fn settle(&mut self, delivery: Delivery, settlement: Settlement) {
        let subscription = &self.post.name;
        match self.post.broker.settle(delivery, settlement).await {
            Ok(settled) if settled.parked + settled.given_up > 0 => tracing::debug!(
                %subscription,
                retried = settled.parked,
                given_up = settled.given_up,
                "messages failed"
            ),
            Ok(_) => {}
            Err(SettleError::LeaseEnded) => tracing::warn!(
                %subscription,
                "the lease ended before its messages were handled: they are delivered again"
            ),
            Err(error) => tracing::error!(%subscription, %error, "settle refused"),
        }
    }
}

/// Resolves when the worker may have to take up another version.
async fn changed(duty: &mut Option<Duty>) {
    match duty {
        Some(duty) => duty.changed().await,
        None => std::future::pending().await,
    }
}

/// Why no messages came.
enum Trouble {
    Start(StartFailure),
    Lease(LeaseError),
}

fn consumer(post: &Post, version: &Version, health: &Arc<Health>) -> Consumer {
    let (plugin, health) = (version.plugin.clone(), Arc::clone(health));
    Consumer::Plugin(Box::new(PluginConsumer::new(plugin, &post.name, &post.topic_name, health)))
}

fn figures(duty: &Duty) -> Option<&Figures> {
    duty.version().map(|version| &version.figures)
}
