//! The core, driven event by event with a clock of the test's own.

mod bounds;
mod deliveries;
mod failures;
mod seeded;

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    Batch, BatchBuilder, Failure, FailureKind, MessageId, Settlement, SubscriptionId, TopicId,
    Verdict, Verdicts,
};

use super::{Answer, Core, Effects, Event, Grant, Refusal};
use crate::clock::Now;
use crate::judge::judge;
use crate::publication::Publication;
use crate::rules::{
    Backoff, Exhausted, Handler, KeyRange, LeaseRequest, SubscriptionRules, TopicKind, TopicRules,
};

pub(super) const EVENTS: TopicId = TopicId(0);
pub(super) const DEAD: TopicId = TopicId(1);
pub(super) const OUT: TopicId = TopicId(2);
pub(super) const SUB: SubscriptionId = SubscriptionId(0);

/// A core with a clock that only moves when told.
pub(super) struct Drive {
    pub(super) core: Core,
    pub(super) rules: Vec<SubscriptionRules>,
    pub(super) now: Now,
    pub(super) effects: Effects,
    serial: u128,
}

impl Drive {
    /// Topics `events`, `dead` and `out`; one subscription from the first, dead-lettering to the
    /// second.
    pub(super) fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    pub(super) fn with(
        topic: impl Fn(&mut TopicRules),
        subscription: impl Fn(&mut SubscriptionRules),
    ) -> Self {
        let mut events = topic_rules("events", TopicKind::Event);
        topic(&mut events);
        let topics = vec![
            events,
            topic_rules("dead", TopicKind::DeadLetter),
            topic_rules("out", TopicKind::Command),
        ];
        let mut rules = subscription_rules("reader", EVENTS);
        subscription(&mut rules);
        Self::of(topics, vec![rules])
    }

    pub(super) fn of(topics: Vec<TopicRules>, rules: Vec<SubscriptionRules>) -> Self {
        let now = Now { monotonic: Duration::from_secs(1), wall_ms: 1_700_000_000_000 };
        Self {
            core: Core::new(topics, rules.clone()),
            rules,
            now,
            effects: Effects::default(),
            serial: 0,
        }
    }

    pub(super) fn step(&mut self, event: Event) -> Answer {
        let (answer, effects) = self.core.step(event, self.now);
        self.effects = effects;
        self.audit();
        answer
    }

    /// The sum that must hold after every step, for every subscription.
    fn audit(&self) {
        for figures in self.core.figures().subscriptions {
            let gone = figures.handled + figures.dead_lettered() + figures.dropped;
            assert_eq!(figures.offered, gone + figures.live(), "{figures:?}");
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall_ms += time.as_millis() as u64;
    }

    pub(super) fn publish(&mut self, topic: TopicId, payloads: &[&str]) -> Answer {
        let batch = self.batch(payloads);
        self.step(Event::Publish(topic, Publication::now(batch)))
    }

    pub(super) fn batch(&mut self, payloads: &[&str]) -> Batch {
        let mut builder = BatchBuilder::with_capacity(payloads.len(), 0);
        for payload in payloads {
            self.serial += 1;
            let id = MessageId::published(self.now.wall_ms, self.serial);
            builder.push(id, self.now.wall_ms, Some(payload), [], payload.as_bytes()).unwrap();
        }
        builder.build()
    }

    pub(super) fn request(subscription: SubscriptionId) -> LeaseRequest {
        let handler = Arc::new(Handler { name: "test".into(), digest: "sha256:00".into() });
        LeaseRequest { subscription, generation: 1, keys: None, messages_max: 256, handler }
    }

    pub(super) fn lease(&mut self, subscription: SubscriptionId) -> Option<Grant> {
        self.lease_with(Self::request(subscription))
    }

    pub(super) fn lease_with(&mut self, request: LeaseRequest) -> Option<Grant> {
        match self.step(Event::Lease(request)) {
            Answer::Granted(grant) => Some(*grant),
            Answer::Nothing(_) => None,
            other => panic!("unexpected answer {other:?}"),
        }
    }

    pub(super) fn settle(&mut self, grant: &Grant, settlement: Settlement) -> Answer {
        let rules = &self.rules[grant.subscription.0 as usize];
        let batch = Batch::gather(&grant.parts).unwrap();
        let judged =
            judge(rules, &grant.handler, &batch, &grant.histories, settlement, self.now, 7)
                .unwrap();
        self.step(Event::Settle(grant.lease, Box::new(judged)))
    }

    pub(super) fn settle_each(&mut self, grant: &Grant, verdicts: Vec<Verdict>) -> Answer {
        self.settle(grant, Settlement { verdicts: Verdicts::Each(verdicts), outputs: Vec::new() })
    }

    pub(super) fn handled(&mut self, grant: &Grant) {
        assert!(matches!(self.settle(grant, Settlement::all_handled()), Answer::Done));
    }
}

pub(super) fn topic_rules(name: &str, kind: TopicKind) -> TopicRules {
    TopicRules {
        name: name.into(),
        kind,
        max_messages: 1_000,
        max_bytes: 1 << 30,
        publish_timeout: Duration::from_secs(5),
    }
}

pub(super) fn subscription_rules(name: &str, topic: TopicId) -> SubscriptionRules {
    SubscriptionRules {
        name: name.into(),
        topic,
        topic_name: "events".into(),
        outputs: Vec::new(),
        max_attempts: 3,
        backoff: Backoff {
            initial: Duration::from_millis(100),
            factor: 2.0,
            max: Duration::from_secs(30),
            jitter: 0.2,
        },
        exhausted: Exhausted::DeadLetter(DEAD),
        ack_deadline: Duration::from_secs(30),
        max_parked: 100,
        batch_messages: 256,
        batch_bytes: 4 << 20,
        batch_wait: Duration::ZERO,
    }
}

pub(super) fn payloads(grant: &Grant) -> Vec<String> {
    let of = |batch: &Batch| -> Vec<String> {
        batch
            .iter()
            .map(|message| String::from_utf8_lossy(message.payload()).into_owned())
            .collect()
    };
    grant.parts.iter().flat_map(of).collect()
}

pub(super) fn failed() -> Verdict {
    Verdict::Failed { failure: Failure::new(FailureKind::Retry, "not yet"), delay_ms: 0 }
}

pub(super) fn rejected() -> Verdict {
    Verdict::Rejected(Failure::new(FailureKind::Reject, "malformed"))
}
