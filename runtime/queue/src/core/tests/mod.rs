//! The core, driven event by event with a clock of the test's own.

mod bounds;
mod changes;
mod deliveries;
mod deploys;
mod expiry;
mod failures;
mod letters;
mod operations;
mod order;
mod publishing;
mod storing;

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    Batch, BatchBuilder, Failure, FailureKind, MessageId, Output, Settlement, SubscriptionId,
    TopicId, Verdict, Verdicts,
};

use super::{Answer, Core, Effects, Event, Grant, Letter, Refusal, SeekTo, Why};
use crate::clock::Now;
use crate::judge::{Case, judge};
use crate::publication::{Duplicate, Publication, Terms};
use crate::rules::{
    DedupRules, Exhausted, Expired, Handler, KeyRange, LeaseRequest, OnDeadLetter, Ordering,
    RateRules, SubscriptionRules, TopicKind, TopicRules, WhenFull,
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
            assert_eq!(figures.received(), figures.settled() + figures.live(), "{figures:?}");
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
            let id = self.next_id();
            builder.push(id, self.now.wall_ms, Some(payload), [], payload.as_bytes()).unwrap();
        }
        builder.build()
    }

    pub(super) fn next_id(&mut self) -> MessageId {
        self.serial += 1;
        MessageId::published(self.now.wall_ms, self.serial)
    }

    /// The first run of messages that a topic keeps, and where it begins.
    pub(super) fn seen(&mut self, topic: TopicId, from: u64, limit: usize) -> (u64, Batch) {
        self.core.step(Event::Seal(topic), self.now);
        self.core.browse(topic, from, limit).unwrap().remove(0).in_memory().unwrap()
    }

    /// Dead letter number `sequence`, with the message as it was.
    pub(super) fn letter(&mut self, sequence: u64) -> Letter {
        let (_, batch) = self.seen(DEAD, sequence, 1);
        let letter = batch.get(0);
        let id = letter.header("millstream-dead-letter-id").map(|id| id.parse().unwrap());
        let mut message = BatchBuilder::with_capacity(1, 0);
        let id = id.unwrap_or(letter.id());
        message.push(id, letter.published_at(), letter.key(), [], letter.payload()).unwrap();
        Letter { topic: DEAD, sequence, id: letter.id(), message: message.build(), stored: None }
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
        self.settle_with(grant, &settlement, &[])
    }

    fn settle_with(&mut self, grant: &Grant, settlement: &Settlement, full: &[TopicId]) -> Answer {
        let batch = Batch::gather(&grant.parts).unwrap();
        let rules = &self.rules[grant.subscription.0 as usize];
        let (handler, histories, now) = (&grant.handler, &grant.histories, self.now);
        let (batch, on_trial) = (&batch, grant.on_trial);
        let case = Case { rules, handler, batch, histories, full, on_trial, now, random: 7 };
        let judged = judge(case, settlement).unwrap();
        match self.step(Event::Settle(grant.lease, Box::new(judged))) {
            Answer::OutputsFull(more) => {
                let full: Vec<TopicId> = full.iter().copied().chain(more).collect();
                self.settle_with(grant, settlement, &full)
            }
            answer => answer,
        }
    }

    /// Settles what the last step took back, as a broker does; answers how many messages.
    pub(super) fn settle_taken_back(&mut self) -> usize {
        let mut messages = 0;
        while let Some(taken) = self.effects.taken_back.pop() {
            let rest = std::mem::take(&mut self.effects.taken_back);
            messages += taken.grant.len();
            let verdict = match taken.why {
                Why::Expired => Verdict::Expired,
                Why::DeadlinePassed | Why::Crashed => failed(),
            };
            self.settle_each(&taken.grant, vec![verdict; taken.grant.len()]);
            self.effects.taken_back.extend(rest);
        }
        messages
    }

    pub(super) fn settle_each(&mut self, grant: &Grant, verdicts: Vec<Verdict>) -> Answer {
        self.settle(grant, Settlement { verdicts: Verdicts::Each(verdicts), outputs: Vec::new() })
    }

    pub(super) fn handled(&mut self, grant: &Grant) {
        assert!(matches!(self.settle(grant, Settlement::all_handled()), Answer::Done));
    }
}

pub(super) fn topic_rules(name: &str, kind: TopicKind) -> TopicRules {
    TopicRules { max_messages: 1_000, ..TopicRules::new(name, kind) }
}

pub(super) fn subscription_rules(name: &str, topic: TopicId) -> SubscriptionRules {
    SubscriptionRules {
        max_attempts: 3,
        exhausted: Exhausted::DeadLetter(DEAD),
        max_parked: 100,
        ..SubscriptionRules::new(name, topic, "events")
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
