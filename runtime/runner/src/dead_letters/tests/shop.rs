//! A broker with dead letters, and short words for what is asked of them.

use std::path::Path;
use std::sync::Arc;

use millstream_formats::Condition;
use millstream_message::{
    BatchBuilder, Failure, FailureKind, MessageId, Settlement, SubscriptionId, TopicId, Verdict,
    Verdicts,
};
use millstream_pipeline::Plan;
use millstream_queue::{
    Broker, Clock, Delivery, EmbeddedBroker, Handler, LeaseRequest, Now, Publication,
};
use tokio::time::Instant;

use crate::dead_letters::{DeadLetterError, DeadLetters, Found, Outcome, Redrive, Selection};
use crate::rules;
use crate::wiring::{Wiring, Wirings};

const IN: TopicId = TopicId(0);
pub(super) const PAY: SubscriptionId = SubscriptionId(0);
pub(super) const COPY: SubscriptionId = SubscriptionId(1);
pub(super) const DROP: SubscriptionId = SubscriptionId(2);
pub(super) const WALL: u64 = 1_700_000_000_000;

/// Tokio's own clock, which a test pauses.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let monotonic = self.0.elapsed();
        Now { monotonic, wall_ms: WALL + monotonic.as_millis() as u64 }
    }
}

/// Two subscriptions that share a dead-letter topic, and one that drops.
pub(super) struct Shop {
    pub(super) broker: Arc<EmbeddedBroker>,
    pub(super) letters: DeadLetters,
    wirings: Wirings,
}

impl Shop {
    pub(super) fn open() -> Self {
        Self::with("")
    }

    /// With more rules for the subscription that pays.
    pub(super) fn with(rules: &str) -> Self {
        let plan = plan(rules);
        let broker = Arc::new(EmbeddedBroker::memory(
            rules::topics(&plan),
            rules::subscriptions(&plan),
            Arc::new(TokioClock(Instant::now())),
            || 0,
        ));
        Self::of(broker, Wirings::fixed(Wiring::new(plan, String::new())))
    }

    fn of(broker: Arc<EmbeddedBroker>, wirings: Wirings) -> Self {
        let letters = DeadLetters::new(Arc::clone(&broker) as Arc<dyn Broker>, wirings.clone());
        Self { broker, letters, wirings }
    }

    /// Somebody else works with the same broker.
    pub(super) fn started_again(&self) -> Self {
        Self::of(Arc::clone(&self.broker), self.wirings.clone())
    }

    /// Publishes one message a payload; each `subscription` gives up all of them.
    pub(super) async fn give_up(&self, payloads: &[&str], subscriptions: &[SubscriptionId]) {
        let mut builder = BatchBuilder::with_capacity(payloads.len(), 0);
        for (i, payload) in payloads.iter().enumerate() {
            let headers = [("from", "desk")];
            builder
                .push(id(i), WALL - 5, Some(&format!("k{i}")), headers, payload.as_bytes())
                .unwrap();
        }
        self.broker.publish(IN, Publication::now(builder.build())).await.unwrap();
        for &subscription in subscriptions {
            for _ in payloads {
                self.reject_one(subscription).await;
            }
        }
    }

    pub(super) async fn reject_one(&self, subscription: SubscriptionId) {
        let delivery = self.lease(subscription).await;
        let failure = Failure::new(FailureKind::Reject, "no");
        let verdicts = Verdicts::Each(vec![Verdict::Rejected(failure)]);
        let settlement = Settlement { verdicts, outputs: Vec::new() };
        self.broker.settle(delivery, settlement).await.unwrap();
    }

    /// One message for the subscription.
    pub(super) async fn lease(&self, subscription: SubscriptionId) -> Delivery {
        let handler = Arc::new(Handler { name: "plugin".into(), digest: String::new() });
        let request =
            LeaseRequest { subscription, generation: 0, keys: None, messages_max: 1, handler };
        self.broker.lease(request).await.unwrap()
    }

    pub(super) async fn redrive(
        &self,
        which: Selection,
        how: Redrive,
    ) -> Result<Outcome, DeadLetterError> {
        self.letters.redrive(PAY, which, how).await
    }

    /// The payloads of the subscription's letters.
    pub(super) fn left(&self, subscription: SubscriptionId) -> Vec<String> {
        let listing = self.letters.list(subscription, 0, 10_000, None).unwrap();
        let payload = |found: &Found| found.letter.get(0).payload().to_vec();
        let items = listing.items.iter().map(payload);
        items.map(|payload| String::from_utf8(payload).unwrap()).collect()
    }
}

fn plan(rules: &str) -> Arc<Plan> {
    let sink = |name: &str| format!("topic: in, sink: {{ file: {{ path: {name} }} }}");
    let text = format!(
        "pipeline: p\n\
         topics:\n  in: {{ kind: event, max_message: 100B }}\n  dead: {{ kind: dead_letter }}\n\
         subscriptions:\n  \
         pay: {{ {}, dead_letter: dead, {rules} }}\n  \
         copy: {{ {}, dead_letter: dead }}\n  \
         drop: {{ {}, on_exhausted: drop }}\n",
        sink("pay"),
        sink("copy"),
        sink("drop"),
    );
    crate::tests::plan(&text, Path::new("."))
}

pub(super) fn id(i: usize) -> MessageId {
    MessageId::published(1, i as u128)
}

pub(super) fn done(matched: u64, moved: u64) -> Result<Outcome, DeadLetterError> {
    Ok(Outcome::Done { matched, moved, complete: true })
}

pub(super) fn at(rate: &str) -> Redrive {
    Redrive { rate: Some(rate.parse().unwrap()), ..Redrive::default() }
}

pub(super) fn where_(text: &str) -> Selection {
    Selection::Where(Condition::parse(text).unwrap())
}
