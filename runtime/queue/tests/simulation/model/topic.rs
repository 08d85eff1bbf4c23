//! One topic: who reads it, what is on its way into it, and what it keeps itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use millstream_message::{MessageId, TopicId};
use millstream_queue::core::{Answer, Refusal, Ticket};
use millstream_queue::{Duplicate, NEVER, Now, TopicKind, TopicRules, WhenFull};

use super::{Item, Model, Parcel, Place, Told};
use crate::world::World;

#[derive(Debug)]
pub(crate) struct TopicModel {
    pub(crate) rules: TopicRules,
    pub(crate) readers: Vec<usize>,
    /// Sequence number of the next message.
    pub(crate) next: u64,
    /// Everything that was ever visible, and since when: monotonic time.
    pub(crate) log: Vec<(Rc<Parcel>, Duration)>,
    /// What the topic itself keeps, with what is known of it as a dead letter.
    pub(crate) kept: BTreeMap<u64, Option<Told>>,
    /// Dropped or purged for somebody: once nobody has it, it is not offered to anybody again.
    pub(crate) gone: BTreeSet<u64>,
    /// When due (wall clock), in order of acceptance.
    pub(crate) delayed: BTreeMap<(u64, u64), Rc<Parcel>>,
    pub(crate) line: VecDeque<Waiting>,
    /// Dedup ids: the first message, and the end of the window.
    pub(crate) ids: BTreeMap<u128, (MessageId, u64)>,
    pub(crate) published: u64,
    pub(crate) duplicates: u64,
    pub(crate) dropped: u64,
}

/// A message on its way in.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) parcel: Rc<Parcel>,
    /// When it becomes visible, where it says so itself.
    pub(crate) due_ms: Option<u64>,
    pub(crate) dedup: u128,
}

/// A publisher in line.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) ticket: Ticket,
    pub(crate) posted: Vec<Posted>,
    pub(crate) resident: u64,
    pub(crate) repeats: Vec<Duplicate>,
    pub(crate) gives_up: Duration,
}

/// What a publish must be answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Published(Vec<Duplicate>),
    Waits,
    Refused(Refusal),
}

impl TopicModel {
    pub(crate) fn new(place: usize, rules: &TopicRules, world: &World) -> Self {
        let id = TopicId(place as u32);
        let subscriptions = world.subscriptions.iter().enumerate();
        Self {
            rules: rules.clone(),
            readers: subscriptions.filter(|(_, s)| s.topic == id).map(|(place, _)| place).collect(),
            next: 0,
            log: Vec::new(),
            kept: BTreeMap::new(),
            gone: BTreeSet::new(),
            delayed: BTreeMap::new(),
            line: VecDeque::new(),
            ids: BTreeMap::new(),
            published: 0,
            duplicates: 0,
            dropped: 0,
        }
    }

    /// Whether messages stay without a reader.
    pub(crate) fn keeps(&self) -> bool {
        match self.rules.kind {
            TopicKind::DeadLetter => true,
            TopicKind::Command => self.readers.is_empty(),
            TopicKind::Event => false,
        }
    }

    /// Takes out repeats of what is remembered, and within the publication.
    pub(crate) fn sift(&mut self, posted: &mut Vec<Posted>, wall_ms: u64) -> Vec<Duplicate> {
        self.ids.retain(|_, (_, until)| *until > wall_ms);
        let mut repeats = Vec::new();
        if self.rules.dedup.is_none() {
            return repeats;
        }
        let mut new: BTreeMap<u128, MessageId> = BTreeMap::new();
        posted.retain(|one| {
            let before = self.ids.get(&one.dedup).map(|(id, _)| *id);
            let first = before.or_else(|| new.get(&one.dedup).copied()).filter(|_| one.dedup != 0);
            new.entry(one.dedup).or_insert(one.parcel.id);
            repeats.extend(first.map(|first| Duplicate { refused: one.parcel.id, first }));
            first.is_none()
        });
        self.duplicates += repeats.len() as u64;
        repeats
    }

    pub(crate) fn ids_fit(&self, posted: &[Posted]) -> bool {
        let more = posted.iter().filter(|one| one.dedup != 0).count();
        let fits = |max: u64| (self.ids.len() + more) as u64 <= max;
        self.rules.dedup.is_none_or(|rules| more == 0 || fits(rules.ids_max))
    }
}

impl Model {
    /// Somebody publishes; answers what must be answered.
    pub(crate) fn publish(
        &mut self,
        t: usize,
        mut posted: Vec<Posted>,
        resident: u64,
        now: Now,
    ) -> Reply {
        let topic = &mut self.topics[t];
        let messages = posted.len() as u64;
        if messages > topic.rules.max_messages || resident > topic.rules.max_bytes {
            return Reply::Refused(Refusal::TooLarge);
        }
        let repeats = topic.sift(&mut posted, now.wall_ms);
        if posted.is_empty() {
            return Reply::Published(repeats);
        }
        if topic.line.is_empty() {
            if !topic.ids_fit(&posted) {
                return Reply::Refused(Refusal::DedupFull);
            }
            if self.find_room(t, posted.len() as u64, resident) {
                self.accept(t, posted, now);
                return Reply::Published(repeats);
            }
        }
        let topic = &mut self.topics[t];
        if topic.rules.when_full == WhenFull::Reject {
            return Reply::Refused(Refusal::Full);
        }
        let gives_up = now.monotonic + topic.rules.publish_timeout;
        // The ticket's number is the core's to choose.
        topic.line.push_back(Waiting { ticket: Ticket(0), posted, resident, repeats, gives_up });
        Reply::Waits
    }

    /// Lets messages in, whatever room there is.
    pub(crate) fn accept(&mut self, t: usize, posted: Vec<Posted>, now: Now) {
        self.topics[t].published += posted.len() as u64;
        if self.topics[t].rules.when_full == WhenFull::DropOldest {
            self.find_room(t, posted.len() as u64, 0);
        }
        for one in posted {
            let serial = self.next_serial();
            let topic = &mut self.topics[t];
            let window = topic.rules.dedup.map(|rules| rules.window.as_millis() as u64);
            if let Some(window) = window.filter(|_| one.dedup != 0) {
                topic.ids.insert(one.dedup, (one.parcel.id, now.wall_ms + window));
            }
            let parcel = aged(one.parcel, &topic.rules, now.wall_ms);
            let delay = topic.rules.delay.as_millis() as u64;
            let by_default = (delay > 0).then(|| now.wall_ms + delay);
            match one.due_ms.or(by_default) {
                Some(due) => drop(topic.delayed.insert((due, serial), parcel)),
                None => self.show(t, parcel, now.monotonic),
            }
        }
    }

    /// A message becomes visible: everybody gets it.
    pub(crate) fn show(&mut self, t: usize, parcel: Rc<Parcel>, now: Duration) {
        let topic = &mut self.topics[t];
        let sequence = topic.next;
        topic.next += 1;
        topic.log.push((Rc::clone(&parcel), now));
        if topic.keeps() {
            topic.kept.insert(sequence, None);
        }
        for &reader in &topic.readers {
            let subscription = &mut self.subscriptions[reader];
            subscription.counts.offered += 1;
            let item = Item::new(Rc::clone(&parcel), now);
            subscription.items.insert(Place::Log(sequence), item);
        }
    }

    /// Messages that somebody has not settled, copies of subscriptions' own, and delayed ones.
    pub(crate) fn depth(&self, t: usize) -> u64 {
        let topic = &self.topics[t];
        let readers = || topic.readers.iter().map(|reader| &self.subscriptions[*reader]);
        let items = || readers().flat_map(|reader| &reader.items);
        let in_log = items().filter(|(_, item)| !item.copied).filter_map(|(at, _)| at.sequence());
        let in_log: BTreeSet<u64> = in_log.chain(topic.kept.keys().copied()).collect();
        let copies = items().filter(|(_, item)| item.copied).count();
        let unnamed: u64 = readers().map(|reader| reader.dropped_unnamed).sum();
        (in_log.len() + copies + topic.delayed.len()) as u64 - unnamed
    }

    /// As the model counts messages and the core bytes.
    pub(crate) fn has_room(&self, t: usize, messages: u64, resident: u64) -> bool {
        let rules = &self.topics[t].rules;
        self.depth(t) + messages <= rules.max_messages
            && self.seen.topics[t].bytes + resident <= rules.max_bytes
    }

    /// Whether there is room, after the oldest made way where the rules say so.
    pub(crate) fn find_room(&mut self, t: usize, messages: u64, resident: u64) -> bool {
        while !self.has_room(t, messages, resident) {
            let drops = self.topics[t].rules.when_full == WhenFull::DropOldest;
            let Some(oldest) = self.oldest_unleased(t).filter(|_| drops) else { return false };
            self.drop_everywhere(t, oldest);
        }
        true
    }

    /// The oldest message that no subscription has under lease.
    fn oldest_unleased(&self, t: usize) -> Option<u64> {
        let readers = || self.topics[t].readers.iter().map(|reader| &self.subscriptions[*reader]);
        let items = |leased: bool| {
            let all = readers().flat_map(|reader| &reader.items);
            all.filter(move |(_, item)| item.is_leased() == leased)
                .filter_map(|(place, _)| place.sequence())
        };
        let leased: BTreeSet<u64> = items(true).collect();
        items(false).filter(|sequence| !leased.contains(sequence)).min()
    }

    fn drop_everywhere(&mut self, t: usize, sequence: u64) {
        let topic = &mut self.topics[t];
        topic.dropped += 1;
        topic.gone.insert(sequence);
        for &reader in &topic.readers {
            let subscription = &mut self.subscriptions[reader];
            let had = subscription.items.remove(&Place::Log(sequence));
            subscription.counts.dropped += u64::from(had.is_some());
        }
    }
}

impl Reply {
    pub(crate) fn is(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Self::Published(expected), Answer::Published(repeats)) => expected == repeats,
            (Self::Waits, Answer::Waiting(_)) => true,
            (Self::Refused(expected), Answer::Refused(refusal)) => expected == refusal,
            _ => false,
        }
    }
}

/// Messages that name no age of their own get the topic's.
fn aged(parcel: Rc<Parcel>, rules: &TopicRules, wall_ms: u64) -> Rc<Parcel> {
    match rules.expires_in {
        Some(age) if parcel.expires_ms == NEVER => {
            let expires_ms = wall_ms + age.as_millis() as u64;
            Rc::new(Parcel { expires_ms, ..(*parcel).clone() })
        }
        _ => parcel,
    }
}
