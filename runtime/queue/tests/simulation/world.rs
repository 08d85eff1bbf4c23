//! Random pipelines: topics and subscriptions as a checked plan could declare them.

use std::time::Duration;

use millstream_message::TopicId;
use millstream_queue::{
    Backoff, DedupRules, Exhausted, Expired, OnDeadLetter, Ordering, RateRules, StartFrom,
    SubscriptionRules, TopicKind, TopicRules, WhenFull,
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
    /// Subscriptions that were removed.
    pub(crate) gone: Vec<bool>,
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
        let (expires, gone) = (vec![true; topics.len()], vec![false; subscriptions.len()]);
        let mut world = Self { topics, subscriptions, expires, gone };
        (0..world.topics.len()).for_each(|place| world.settle_topic(random, place));
        world
    }

    /// Other rules for a subscription, as far as the model can follow them.
    pub(crate) fn altered(&self, s: usize, random: &mut Random) -> SubscriptionRules {
        let old = &self.subscriptions[s];
        let fresh = deliveries(random, &old.name, old.topic.0 as usize, &old.topic_name);
        // What the topic's messages may do depends on what becomes of those that are too old.
        let (expired, exhausted) = (old.expired, self.other_letters(old.exhausted, random));
        let (topic, outputs) = (old.topic, old.outputs.clone());
        let other = SubscriptionRules { topic, outputs, expired, exhausted, ..fresh };
        let keep = |random: &mut Random| random.chance(60);
        SubscriptionRules {
            ordering: if keep(random) { old.ordering } else { other.ordering },
            plugin: if keep(random) { old.plugin.clone() } else { other.plugin.clone() },
            rate: if keep(random) { old.rate } else { other.rate },
            ..other
        }
    }

    fn other_letters(&self, exhausted: Exhausted, random: &mut Random) -> Exhausted {
        let dead: Vec<usize> = (0..self.topics.len())
            .filter(|t| self.topics[*t].kind == TopicKind::DeadLetter)
            .collect();
        match exhausted {
            Exhausted::Drop => Exhausted::Drop,
            Exhausted::DeadLetter(_) => Exhausted::DeadLetter(TopicId(random.pick(&dead) as u32)),
        }
    }

    /// Other rules for a topic.
    pub(crate) fn altered_topic(&self, t: usize, random: &mut Random) -> TopicRules {
        let old = self.topics[t].clone();
        let max_messages = match random.below(3) {
            0 => old.max_messages,
            1 => 2 + random.below(8),
            _ => ROOMY,
        };
        // What was let go cannot be retained; it can be let go earlier.
        let retain = if random.chance(70) { old.retain } else { old.retain.min(ms(1)) };
        let publish_timeout = random.pick(&[ms(100), ms(1_000), ms(5_000)]);
        let when_full = match (old.when_full, old.max_bytes < 1 << 30) {
            (WhenFull::Block | WhenFull::Reject, false) if old.kind != TopicKind::DeadLetter => {
                random.pick(&[WhenFull::Block, WhenFull::Reject])
            }
            (same, _) => same,
        };
        let delay = if old.delay.is_zero() { old.delay } else { random.pick(&[ms(0), ms(50)]) };
        TopicRules { max_messages, retain, publish_timeout, when_full, delay, ..old }
    }

    /// One more subscription of the topic; none where the model could not follow it.
    pub(crate) fn joined(
        &self,
        t: usize,
        earliest: bool,
        random: &mut Random,
    ) -> Option<SubscriptionRules> {
        let name = format!("sub-{}", self.subscriptions.len());
        let dead = self.topics.iter().position(|rules| rules.kind == TopicKind::DeadLetter)?;
        let rules = SubscriptionRules {
            exhausted: Exhausted::DeadLetter(TopicId(dead as u32)),
            expired: Expired::DeadLetter,
            from: if earliest { StartFrom::Earliest } else { StartFrom::New },
            ..deliveries(random, &name, t, &self.topics[t].name)
        };
        let all = self.subscriptions.iter().zip(&self.gone);
        let readers: Vec<&SubscriptionRules> = all
            .filter(|(one, gone)| !**gone && one.topic == rules.topic)
            .map(|(one, _)| one)
            .collect();
        let own = readers.iter().any(|one| one.outputs.contains(&rules.topic));
        let unnamed = self.expires[t] && readers.iter().any(|one| drops_expired(one));
        let fits = match self.topics[t].kind {
            TopicKind::Event => true,
            TopicKind::Command => readers.is_empty(),
            TopicKind::DeadLetter => false,
        };
        (fits && !own && !unnamed).then_some(rules)
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
        plugin: random.pick(&[Some(0), Some(0), Some(1), None]).map(plugin),
        ..SubscriptionRules::new(name, TopicId(topic as u32), topic_name)
    }
}

/// Plugins of a world.
pub(crate) const PLUGINS: u64 = 2;

/// The name of a plugin.
pub(crate) fn plugin(number: u64) -> String {
    format!("plugin-{number}")
}

fn per_second(messages: u64) -> RateRules {
    RateRules { messages, per: ms(1_000) }
}
