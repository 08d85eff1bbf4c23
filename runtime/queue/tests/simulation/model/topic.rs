//! One topic: who reads it, what is on its way into it, and what it keeps itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use millstream_message::{MessageId, TopicId};
use millstream_queue::core::{Answer, Effects, Refusal, Ticket};
use millstream_queue::{Duplicate, NEVER, Now, TopicKind, TopicRules, WhenFull};

use super::{Check, Item, Model, Parcel, Place, Told, ensure};
use crate::world::World;

#[derive(Debug)]
pub(crate) struct TopicModel {
    pub(crate) rules: TopicRules,
    pub(crate) readers: Vec<usize>,
    /// Sequence number of the next message.
    pub(crate) next: u64,
    /// Up to here whoever watches the topic was shown its messages.
    pub(crate) watched: u64,
    /// Everything that was ever visible, and since when: monotonic time.
    pub(crate) log: Vec<(Rc<Parcel>, Duration)>,
    /// What the topic itself keeps, with what is known of it as a dead letter.
    pub(crate) kept: BTreeMap<u64, Option<Told>>,
    /// Dropped or purged for somebody: once nobody has it, it is not offered to anybody again.
    pub(crate) gone: BTreeSet<u64>,
    /// Up to here the topic was emptied: nothing before needs to be retained.
    pub(crate) purged_below: u64,
    /// When due (wall clock), in order of acceptance.
    pub(crate) delayed: BTreeMap<(u64, u64), Rc<Parcel>>,
    pub(crate) line: VecDeque<Waiting>,
    /// Dedup ids: the first message, and the end of the window.
    pub(crate) ids: BTreeMap<u128, (MessageId, u64)>,
    pub(crate) published: u64,
    pub(crate) duplicates: u64,
    /// Repeats of publishers who gave up in the step: found or not when room was looked for.
    pub(crate) perhaps_duplicates: u64,
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
enum Reply {
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
            watched: 0,
            log: Vec::new(),
            kept: BTreeMap::new(),
            gone: BTreeSet::new(),
            purged_below: 0,
            delayed: BTreeMap::new(),
            line: VecDeque::new(),
            ids: BTreeMap::new(),
            published: 0,
            duplicates: 0,
            perhaps_duplicates: 0,
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
    /// Somebody publishes, and was answered.
    pub(crate) fn published(
        &mut self,
        t: usize,
        posted: Vec<Posted>,
        resident: u64,
        answer: &Answer,
        now: Now,
    ) -> Check {
        let is_in = matches!(answer, Answer::Published(_));
        let reply = self.publish(t, posted, resident, is_in, now);
        let right = reply.is(answer);
        ensure!(right, "topic-{t}: a publish was answered {answer:?}, not {reply:?}");
        if let (Answer::Waiting(ticket), Some(last)) = (answer, self.topics[t].line.back_mut()) {
            last.ticket = *ticket;
        }
        Ok(())
    }

    /// What must be answered to a publisher, who `is_in` where only the core can tell.
    fn publish(
        &mut self,
        t: usize,
        mut posted: Vec<Posted>,
        resident: u64,
        is_in: bool,
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
            let messages = posted.len() as u64;
            let known = self.room_beside_retained(t, messages, resident);
            if known.unwrap_or(is_in) || self.find_room(t, messages, resident) {
                self.accept(t, posted, now);
                return Reply::Published(repeats);
            }
        }
        let topic = &mut self.topics[t];
        if topic.rules.when_full == WhenFull::Reject {
            return Reply::Refused(Refusal::Full);
        }
        let last = topic.line.back().map_or(Duration::ZERO, |last| last.gives_up);
        let gives_up = last.max(now.monotonic + topic.rules.publish_timeout);
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

    /// Whoever watches is shown all that became visible in the step, in order.
    pub(crate) fn compare_watched(&mut self, effects: &Effects) -> Check {
        for (topic, first, batch) in &effects.appended {
            let t = topic.0 as usize;
            let topic = &mut self.topics[t];
            let (next, shown) = (topic.watched, topic.watched + batch.len() as u64);
            ensure!(*first == next, "topic-{t}: shows from {first} on, not from {next}");
            let log = topic.log.get(next as usize..shown as usize).unwrap_or_default();
            let ids: Vec<MessageId> = log.iter().map(|(parcel, _)| parcel.id).collect();
            ensure!(batch.ids() == ids, "topic-{t}: shows {:?}, not {ids:?}", batch.ids());
            topic.watched = shown;
        }
        let missed = self.topics.iter().position(|topic| topic.watched != topic.next);
        ensure!(missed.is_none(), "topic {missed:?}: who watches missed a message");
        Ok(())
    }

    /// As the model counts messages and the core bytes.
    pub(crate) fn has_room(&self, t: usize, messages: u64, resident: u64) -> bool {
        let rules = &self.topics[t].rules;
        self.depth(t) + messages <= rules.max_messages
            && self.seen.topics[t].bytes + resident <= rules.max_bytes
    }

    /// Whether there is room when what is retained gives way, as far as the model can tell.
    fn room_beside_retained(&self, t: usize, messages: u64, resident: u64) -> Option<bool> {
        let rules = &self.topics[t].rules;
        let (depth, least) = (self.depth(t), self.bytes_at_least(t));
        match () {
            () if self.has_room(t, messages, resident) => Some(true),
            () if !self.retains_bytes(t) || depth + messages > rules.max_messages => Some(false),
            () if depth == 0 => Some(true),
            () if least + resident > rules.max_bytes => Some(false),
            () => None,
        }
    }

    /// Whether only the core knows how many of the topic's bytes count.
    pub(crate) fn retains_bytes(&self, t: usize) -> bool {
        self.counts_bytes(t) && !self.topics[t].rules.retain.is_zero()
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
    fn is(&self, answer: &Answer) -> bool {
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
