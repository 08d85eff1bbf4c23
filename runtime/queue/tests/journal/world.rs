//! The pipelines that the histories run, and how a broker is opened for one.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{SubscriptionId, TopicId};
use millstream_queue::{
    Backoff, Declaration, DedupRules, EmbeddedBroker, Exhausted, Expired, Handler, JournalOptions,
    JournalSync, LeaseRequest, OnDeadLetter, OpenError, Ordering, Recovered, Source,
    SubscriptionRules, TopicKind, TopicRules,
};

use crate::clock::ManualClock;
use crate::random::Random;
use crate::simulated_disk::SimulatedDisk;

pub(crate) const EVENTS: TopicId = TopicId(0);
pub(crate) const WORK: TopicId = TopicId(1);
pub(crate) const DEAD: TopicId = TopicId(2);

/// How long a dedup id is remembered: longer than a history takes.
pub(crate) const DEDUP_WINDOW: Duration = Duration::from_secs(600);

/// The plugin whose versions are replaced.
pub(crate) const PLUGIN: &str = "enrich";

/// The source whose position is kept.
pub(crate) const SOURCE: &str = "feed";

/// A pipeline and how its journal is kept.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) topics: Vec<TopicRules>,
    pub(crate) subscriptions: Vec<SubscriptionRules>,
    pub(crate) options: JournalOptions,
}

impl World {
    /// Events with two readers, one of whom passes work on to a third.
    pub(crate) fn random(random: &mut Random) -> Self {
        let ms = Duration::from_millis;
        let topic = |name, kind, retain| TopicRules { retain, ..TopicRules::new(name, kind) };
        let dedup = DedupRules { window: DEDUP_WINDOW, ids_max: 10_000 };
        let retain = random.pick(&[ms(0), ms(0), ms(500)]);
        let events = topic("events", TopicKind::Event, retain);
        let readers = [("alpha", EVENTS), ("beta", EVENTS), ("gamma", WORK)];
        let options = JournalOptions {
            segment_bytes: random.pick(&[4 << 10, 4 << 10, 16 << 10, 64 << 10]),
            memory_budget: random.pick(&[1 << 10, 16 << 10, 1 << 20]),
            ..options(JournalSync::Always)
        };
        Self {
            topics: vec![
                TopicRules { dedup: Some(dedup), ..events },
                topic("work", TopicKind::Command, ms(0)),
                topic("dead", TopicKind::DeadLetter, ms(0)),
            ],
            subscriptions: readers.map(|(name, topic)| reader(random, name, topic)).into(),
            options,
        }
    }

    /// The plainest of them.
    pub(crate) fn plain(segment_bytes: u64) -> Self {
        let mut world = Self::random(&mut Random::new(0));
        world.options = JournalOptions { segment_bytes, ..options(JournalSync::Always) };
        for reader in &mut world.subscriptions {
            *reader = SubscriptionRules {
                outputs: reader.outputs.clone(),
                exhausted: Exhausted::DeadLetter(DEAD),
                backoff: reader.backoff,
                ..SubscriptionRules::new(&reader.name, reader.topic, &reader.topic_name)
            };
        }
        world
    }

    /// A broker on what the disk holds.
    pub(crate) fn open(
        &self,
        disk: &SimulatedDisk,
        clock: &Arc<ManualClock>,
    ) -> Result<(EmbeddedBroker, Recovered), OpenError> {
        self.open_as(self.declaration(), disk, clock)
    }

    /// As [`World::open`], for another declaration.
    pub(crate) fn open_as(
        &self,
        declaration: Declaration,
        disk: &SimulatedDisk,
        clock: &Arc<ManualClock>,
    ) -> Result<(EmbeddedBroker, Recovered), OpenError> {
        let (disk, clock) = (Arc::new(disk.clone()), Arc::clone(clock));
        EmbeddedBroker::open(disk, self.options.clone(), declaration, clock, || 0)
    }

    /// The subscriptions of a topic.
    pub(crate) fn readers(&self, topic: TopicId) -> impl Iterator<Item = u32> {
        let places = (0u32..).zip(&self.subscriptions);
        places.filter(move |(_, reader)| reader.topic == topic).map(|(place, _)| place)
    }

    /// What it declares: one plugin serves the first and the last subscription.
    pub(crate) fn declaration(&self) -> Declaration {
        let mut subscriptions = self.subscriptions.clone();
        let last = subscriptions.len() - 1;
        for served in [0, last] {
            subscriptions[served].plugin = Some(PLUGIN.to_owned());
        }
        Declaration {
            pipeline: "simulated".to_owned(),
            text: "pipeline: simulated".to_owned(),
            topics: self.topics.clone(),
            subscriptions,
            sources: vec![SOURCE.to_owned()],
            drops: Vec::new(),
            renames: Vec::new(),
            plugins: vec![Source { plugin: PLUGIN.to_owned(), digest: "v1".to_owned() }],
        }
    }
}

/// A worker's wish.
pub(crate) fn request(subscription: u32, generation: u64, messages_max: u32) -> LeaseRequest {
    let handler = Arc::new(Handler { name: "simulated".to_owned(), digest: "d1".to_owned() });
    let subscription = SubscriptionId(subscription);
    LeaseRequest { subscription, generation, keys: None, messages_max, handler }
}

fn options(sync: JournalSync) -> JournalOptions {
    JournalOptions { sync, memory_budget: 1 << 20, reserve: 0, segment_bytes: 16 << 10 }
}

fn reader(random: &mut Random, name: &str, topic: TopicId) -> SubscriptionRules {
    let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
    let drops = name == "beta" && random.chance(50);
    let topic_name = if topic == EVENTS { "events" } else { "work" };
    SubscriptionRules {
        outputs: if name == "alpha" { vec![WORK] } else { Vec::new() },
        exhausted: if drops { Exhausted::Drop } else { Exhausted::DeadLetter(DEAD) },
        max_attempts: random.pick(&[1, 2, 3]),
        backoff,
        ack_deadline: Duration::from_secs(2),
        batch_messages: random.pick(&[1, 4, 256]),
        ordering: random.pick(&[Ordering::None, Ordering::Key, Ordering::Key, Ordering::Strict]),
        on_dead_letter: random.pick(&[
            OnDeadLetter::Continue,
            OnDeadLetter::Continue,
            OnDeadLetter::ParkKey,
        ]),
        expired: random.pick(&[Expired::DeadLetter, Expired::Drop]),
        ..SubscriptionRules::new(name, topic, topic_name)
    }
}
