//! Random histories: whatever happens, every message ends exactly once and nothing waits for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::backoff::spread_random;

/// Seeds of one run of the tests.
const SEEDS: u64 = 500;
/// Random steps of one history.
const STEPS: usize = 300;

#[test]
fn whatever_happens_every_message_ends_exactly_once() {
    for seed in 0..SEEDS {
        History::new(seed).run();
    }
}

struct Random(u64, u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.1 += 1;
        spread_random(self.0, self.1) % n
    }
}

/// One random history, with what must be true of it.
struct History {
    seed: u64,
    random: Random,
    drive: Drive,
    leased: Vec<Grant>,
    /// Messages in some worker's hands, by subscription and id.
    in_hand: BTreeSet<(SubscriptionId, MessageId)>,
    failures: BTreeMap<(SubscriptionId, MessageId), u32>,
    ended: BTreeSet<(SubscriptionId, MessageId)>,
    published: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed, 0);
        let mut topics = vec![
            topic_rules("events", TopicKind::Event),
            topic_rules("dead", TopicKind::DeadLetter),
        ];
        topics[0].max_messages = 20 + random.below(60);
        let rules = ["one", "two"].map(|name| SubscriptionRules {
            batch_messages: 1 + random.below(8) as u32,
            max_parked: 1 + random.below(20),
            max_attempts: 1 + random.below(4) as u32,
            batch_wait: Duration::from_millis(random.below(2) * 20),
            ..subscription_rules(name, EVENTS)
        });
        topics[1].max_messages = 100_000;
        let drive = Drive::of(topics, rules.to_vec());
        Self {
            seed,
            random,
            drive,
            leased: Vec::new(),
            in_hand: BTreeSet::new(),
            failures: BTreeMap::new(),
            ended: BTreeSet::new(),
            published: 0,
        }
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            match self.random.below(8) {
                0 | 1 => self.publish(),
                2..=4 => self.lease(),
                5 | 6 => self.settle_one(),
                _ => self.pass_time(),
            }
        }
        self.drain();
    }

    fn publish(&mut self) {
        let n = 1 + self.random.below(6) as usize;
        let payloads = vec!["m"; n];
        match self.drive.publish(EVENTS, &payloads) {
            Answer::Done => self.published += n as u64,
            Answer::Waiting(_) => {}
            other => panic!("seed {}: {other:?}", self.seed),
        }
    }

    fn lease(&mut self) {
        let subscription = SubscriptionId(self.random.below(2) as u32);
        let range = KeyRange { first: 0, last: u64::MAX / 2 };
        let keys = (self.random.below(4) == 0).then_some(range);
        let request = LeaseRequest { keys, ..Drive::request(subscription) };
        let Some(grant) = self.drive.lease_with(request) else { return };
        for id in ids(&grant) {
            let name = (subscription, id);
            assert!(self.in_hand.insert(name), "seed {}: {id} is in two hands", self.seed);
            assert!(!self.ended.contains(&name), "seed {}: {id} came back from its end", self.seed);
        }
        self.leased.push(grant);
    }

    fn settle_one(&mut self) {
        if self.leased.is_empty() {
            return;
        }
        let place = self.random.below(self.leased.len() as u64) as usize;
        let grant = self.leased.swap_remove(place);
        let verdicts = (0..grant.len()).map(|_| self.verdict()).collect();
        self.settle(&grant, verdicts);
    }

    fn verdict(&mut self) -> Verdict {
        match self.random.below(10) {
            0 => rejected(),
            1 | 2 => failed(),
            3 => Verdict::Returned,
            _ => Verdict::Handled,
        }
    }

    fn settle(&mut self, grant: &Grant, verdicts: Vec<Verdict>) {
        for (id, verdict) in ids(grant).into_iter().zip(&verdicts) {
            let name = (grant.subscription, id);
            self.in_hand.remove(&name);
            let failures = self.failures.entry(name).or_default();
            let max = self.drive.rules[grant.subscription.0 as usize].max_attempts;
            *failures += u32::from(matches!(verdict, Verdict::Failed { .. }));
            assert!(*failures <= max, "seed {}: {id} failed too often", self.seed);
            let over = *failures == max && matches!(verdict, Verdict::Failed { .. });
            if over || matches!(verdict, Verdict::Handled | Verdict::Rejected(_)) {
                assert!(self.ended.insert(name), "seed {}: {id} ended twice", self.seed);
            }
        }
        assert!(
            matches!(self.drive.settle_each(grant, verdicts), Answer::Done),
            "seed {}",
            self.seed
        );
    }

    fn pass_time(&mut self) {
        let time = Duration::from_millis(self.random.below(20_000));
        self.drive.pass(time);
        self.drive.step(Event::Tick);
        let expired = std::mem::take(&mut self.drive.effects.expired_leases);
        for grant in expired {
            // The worker that held these messages is lost.
            self.leased
                .retain(|held| ids(held) != ids(&grant) || held.subscription != grant.subscription);
            let verdicts = vec![failed(); grant.len()];
            self.settle(&grant, verdicts);
        }
    }

    /// From any state, willing workers bring everything to its end.
    fn drain(&mut self) {
        for _ in 0..10_000 {
            if self.drive.core.is_quiet() {
                break;
            }
            for grant in std::mem::take(&mut self.leased) {
                let verdicts = vec![Verdict::Handled; grant.len()];
                self.settle(&grant, verdicts);
            }
            self.lease();
            self.lease();
            self.drive.pass(Duration::from_millis(200));
            self.drive.step(Event::Tick);
        }
        assert!(self.drive.core.is_quiet(), "seed {}: something waits for ever", self.seed);
        let figures = self.drive.core.figures();
        for (figures, place) in figures.subscriptions.iter().zip(0..) {
            let ended =
                self.ended.iter().filter(|(subscription, _)| subscription.0 == place).count();
            assert_eq!(figures.offered, ended as u64, "seed {}", self.seed);
        }
        assert!(figures.topics[0].published >= self.published, "seed {}", self.seed);
        assert_eq!(
            (figures.topics[0].depth, figures.topics[0].bytes),
            (0, 0),
            "seed {}",
            self.seed
        );
    }
}

fn ids(grant: &Grant) -> Vec<MessageId> {
    grant.parts.iter().flat_map(|part| part.ids().to_vec()).collect()
}
