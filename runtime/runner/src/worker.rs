//! One worker: lease, handle, settle, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::SubscriptionId;
use millstream_pipeline::Ordering;
use millstream_queue::{Broker, Delivery, Handler, LeaseRequest, SettleError};
use tokio_util::sync::CancellationToken;

use crate::consumer::Consumer;
use crate::filter::Filter;
use crate::health::Health;
use crate::isolation::{self, Calls, Handled, Rules};
use crate::pace::Pace;
use crate::routing::Routing;

/// The generation of all workers until plugins are swapped.
const FIRST_GENERATION: u64 = 1;

/// One of the workers that compete for a subscription's messages.
pub(crate) struct Worker {
    pub(crate) subscription: SubscriptionId,
    /// The subscription's name, for logs.
    pub(crate) name: String,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) routing: Arc<Routing>,
    pub(crate) handler: Arc<Handler>,
    pub(crate) ordering: Ordering,
    pub(crate) filter: Option<Arc<Filter>>,
    /// Whether a call gets at most one message of a key.
    pub(crate) one_per_key: bool,
    pub(crate) consumer: Consumer,
    pub(crate) pace: Pace,
    pub(crate) stop: CancellationToken,
    /// What all workers of the subscription know of its handler.
    pub(crate) health: Arc<Health>,
    /// How often the lease is renewed during a call.
    pub(crate) renew_every: Duration,
}

impl Worker {
    /// Works until told to stop; a delivery in hand is finished and settled first.
    pub(crate) async fn run(mut self) {
        while let Some(delivery) = self.next().await {
            let handled = self.handle(&delivery).await;
            self.adapt(&handled);
            self.settle(delivery, handled.settlement).await;
        }
    }

    async fn handle(&mut self, delivery: &Delivery) -> Handled {
        let rules = Rules {
            routing: &self.routing,
            ordering: self.ordering,
            filter: self.filter.as_deref(),
            one_per_key: self.one_per_key,
            broker: &*self.broker,
            renew_every: self.renew_every,
        };
        isolation::handle(&mut self.consumer, delivery, rules).await
    }

    async fn next(&mut self) -> Option<Delivery> {
        self.ready().await?;
        let request = LeaseRequest {
            subscription: self.subscription,
            generation: FIRST_GENERATION,
            keys: None,
            messages_max: self.pace.messages(),
            handler: Arc::clone(&self.handler),
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            delivery = self.broker.lease(request) => delivery.ok(),
        }
    }

    /// Waits until the handler can take a batch; none when told to stop before.
    async fn ready(&mut self) -> Option<()> {
        loop {
            let Self { stop, health, consumer, .. } = self;
            let ready = async {
                health.rested(consumer.must_start()).await;
                consumer.ready().await
            };
            let ready = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                ready = ready => ready,
            };
            let Err(failure) = ready else { return Some(()) };
            self.start_failed(&failure.to_string());
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
            self.health.calls_failed(*failed, why, self.broker.now().wall_ms, rests);
        }
    }

    fn start_failed(&self, failure: &str) {
        let rest = self.health.start_failed(failure, self.broker.now().wall_ms);
        tracing::error!(subscription = %self.name, %failure, ?rest, "the handler does not start");
    }

    async fn settle(&mut self, delivery: Delivery, settlement: millstream_message::Settlement) {
        match self.broker.settle(delivery, settlement).await {
            Ok(settled) if settled.parked + settled.given_up > 0 => tracing::debug!(
                subscription = %self.name,
                retried = settled.parked,
                given_up = settled.given_up,
                "messages failed"
            ),
            Ok(_) => {}
            Err(SettleError::LeaseEnded) => tracing::warn!(
                subscription = %self.name,
                "the lease ended before its messages were handled: they are delivered again"
            ),
            Err(error) => tracing::error!(subscription = %self.name, %error, "settle refused"),
        }
    }
}
