//! Random pipelines: topics and subscriptions as a checked plan could declare them.

use std::time::Duration;

use millstream_message::TopicId;
use millstream_queue::{
    Backoff, DedupRules, Exhausted, Expired, OnDeadLetter, Ordering, RateRules, SubscriptionRules,
    TopicKind, TopicRules, WhenFull,
};

use crate::random::Random;

/// Messages that a topic with room for everything takes: fewer than one step looks at.
const ROOMY: u64 = 300;

/// Topics (the dead-letter ones last) and their subscriptions.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) topics: Vec<TopicRules>,
    pub(crate) subscriptions: Vec<SubscriptionRules>,
    /// Topics whose messages may expire. The core counts an expired message that is dropped and
    /// does not name it, so such topics have one reader and drop nothing else.
    pub(crate) expires: Vec<bool>,
}

impl World {
    pub(crate) fn random(random: &mut Random) -> Self {
        let plain = 1 + random.below(3) as usize;
        let dead = 1 + random.below(2) as usize;
        let mut topics: Vec<TopicRules> =
            (0..plain).map(|place| topic(random, &format!("topic-{place}"))).collect();
        topics.extend((0..dead).map(|place| dead_letters(random, &format!("dead-{place}"))));
        let readers = random.pick(&[1, 1, 2, 2, 3, 4]);
        let mut subscriptions: Vec<SubscriptionRules> =
            (0..readers).map(|place| subscription(random, place, &topics, plain)).collect();
        if random.chance(8) {
            subscriptions.push(letter_reader(random, readers, &topics, plain));
        }
        let mut world = Self { expires: vec![true; topics.len()], topics, subscriptions };
        (0..world.topics.len()).for_each(|place| world.settle_topic(random, place));
        world
    }

    /// What depends on who reads the topic.
    fn settle_topic(&mut self, random: &mut Random, place: usize) {
        let id = TopicId(place as u32);
        let readers: Vec<usize> =
            (0..self.subscriptions.len()).filter(|s| self.subscriptions[*s].topic == id).collect();
        let rules = &mut self.topics[place];
        if rules.kind != TopicKind::DeadLetter && readers.len() < 2 && random.chance(30) {
            rules.kind = TopicKind::Command;
        }
        if rules.kind == TopicKind::Command && readers.is_empty() {
            // Nobody reads it: its oldest are nobody's to drop.
            rules.when_full = WhenFull::Block;
        }
        if rules.kind == TopicKind::DeadLetter && !readers.is_empty() {
            // A letter's age takes it from its topic and its readers at once: no reader judges it.
            rules.expires_in = None;
        }
        if let [only] = readers[..]
            && rules.kind != TopicKind::DeadLetter
            && random.chance(30)
        {
            self.subscriptions[only].outputs.push(id);
        }
        let drops = readers.iter().any(|&reader| drops_expired(&self.subscriptions[reader]));
        if drops && (readers.len() > 1 || rules.when_full == WhenFull::DropOldest) {
            self.expires[place] = false;
            rules.expires_in = None;
        }
    }
}

/// Whether expired messages are dropped rather than dead-lettered.
pub(crate) fn drops_expired(rules: &SubscriptionRules) -> bool {
    rules.expired == Expired::Drop || rules.exhausted == Exhausted::Drop
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn topic(random: &mut Random, name: &str) -> TopicRules {
    let when_full =
        random.pick(&[WhenFull::Block, WhenFull::Block, WhenFull::Reject, WhenFull::DropOldest]);
    let max_messages = match random.below(3) {
        0 => 2 + random.below(8),
        1 => 10 + random.below(20),
        _ => ROOMY,
    };
    let rules = TopicRules {
        max_messages,
        when_full,
        publish_timeout: random.pick(&[ms(100), ms(1_000), ms(5_000)]),
        retain: random.pick(&[ms(0), ms(0), ms(0), ms(500), ms(10_000)]),
        delay: random.pick(&[ms(0), ms(0), ms(0), ms(0), ms(50)]),
        expires_in: random.pick(&[None, None, None, Some(ms(200)), Some(ms(2_000))]),
        ..TopicRules::new(name, TopicKind::Event)
    };
    match random.below(6) {
        0 | 1 => TopicRules { dedup: Some(dedup(random)), ..rules },
        // How many bytes are retained only the core knows: where it matters, publishers wait.
        2 if when_full == WhenFull::Block
            || (rules.retain.is_zero() && when_full == WhenFull::Reject) =>
        {
            TopicRules { max_bytes: 800 + random.below(4_000), ..rules }
        }
        _ => rules,
    }
}

fn dedup(random: &mut Random) -> DedupRules {
    let window = random.pick(&[ms(200), ms(5_000), ms(60_000)]);
    DedupRules { window, ids_max: random.pick(&[3, 10, 1_000]) }
}

fn dead_letters(random: &mut Random, name: &str) -> TopicRules {
    TopicRules {
        max_messages: random.pick(&[1, 3, 6, ROOMY, ROOMY]),
        expires_in: random.pick(&[None, None, None, Some(ms(3_000))]),
        ..TopicRules::new(name, TopicKind::DeadLetter)
    }
}

fn subscription(
    random: &mut Random,
    place: usize,
    topics: &[TopicRules],
    plain: usize,
) -> SubscriptionRules {
    let topic = random.below(plain as u64) as usize;
    let dead = plain + random.below((topics.len() - plain) as u64) as usize;
    let exhausted = match random.chance(75) {
        true => Exhausted::DeadLetter(TopicId(dead as u32)),
        false => Exhausted::Drop,
    };
    // Only to topics behind its own: no cycle.
    let outputs = (topic + 1..plain).filter(|_| random.chance(50)).map(|to| TopicId(to as u32));
    let outputs = outputs.collect();
    let name = &topics[topic].name;
    SubscriptionRules {
        outputs,
        exhausted,
        ..deliveries(random, &format!("sub-{place}"), topic, name)
    }
}

fn letter_reader(
    random: &mut Random,
    place: usize,
    topics: &[TopicRules],
    plain: usize,
) -> SubscriptionRules {
    let rules = deliveries(random, &format!("sub-{place}"), plain, &topics[plain].name);
    SubscriptionRules { exhausted: Exhausted::Drop, ..rules }
}

/// The rules of delivering.
fn deliveries(
    random: &mut Random,
    name: &str,
    topic: usize,
    topic_name: &str,
) -> SubscriptionRules {
    let backoff = Backoff {
        initial: random.pick(&[ms(10), ms(100)]),
        factor: random.pick(&[1.0, 2.0]),
        max: ms(1_000),
        jitter: random.pick(&[0.0, 0.2]),
    };
    SubscriptionRules {
        max_attempts: 1 + random.below(4) as u32,
        backoff,
        ack_deadline: random.pick(&[ms(50), ms(500), ms(2_000)]),
        max_parked: random.pick(&[1, 2, 5, 1_000, 1_000]),
        batch_messages: random.pick(&[1, 2, 4, 10, 256]),
        batch_bytes: random.pick(&[150, 500, 4 << 20, 4 << 20]),
        batch_wait: random.pick(&[ms(0), ms(0), ms(0), ms(30)]),
        ordering: random.pick(&[Ordering::None, Ordering::Key, Ordering::Key, Ordering::Strict]),
        on_dead_letter: random.pick(&[OnDeadLetter::Continue, OnDeadLetter::ParkKey]),
        expired: random.pick(&[Expired::DeadLetter, Expired::DeadLetter, Expired::Drop]),
        rate: random.pick(&[None, None, None, None, Some(5), Some(50)]).map(per_second),
        ..SubscriptionRules::new(name, TopicId(topic as u32), topic_name)
    }
}

fn per_second(messages: u64) -> RateRules {
    RateRules { messages, per: ms(1_000) }
}
