//! What the broker keeps of topics and subscriptions outside the lock. It is replaced as a whole where
//! their rules change; who wakes and who watches stay.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use millstream_message::{SubscriptionId, TopicId};
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, broadcast};

use crate::broker::Browsed;
use crate::core::Core;
use crate::rules::{Handler, SubscriptionRules};

/// Runs of messages that somebody who watches a topic may lag behind before some are missed.
const TAP_RUNS_MAX: usize = 256;

/// Generations of one subscription's workers whose wakers are kept though nobody may sleep there.
const GENERATIONS_MAX: usize = 4;

/// All shelves and counters, by the ids of what they are of.
#[derive(Default)]
pub(super) struct Shelves {
    subscriptions: RwLock<Vec<Arc<Shelf>>>,
    topics: RwLock<Vec<Arc<Counter>>>,
}

/// What the broker keeps of one topic.
pub(super) struct Counter {
    pub(super) publish_timeout: Duration,
    pub(super) hashed: bool,
    pub(super) taps: broadcast::Sender<Browsed>,
}

/// What the broker keeps of one subscription.
pub(super) struct Shelf {
    pub(super) rules: SubscriptionRules,
    pub(super) wakes: Arc<Wakes>,
    /// The handler that the journal knows already.
    pub(super) recorded: Arc<Mutex<Option<Arc<Handler>>>>,
}

/// Sleeping workers by their generations: while a version is on trial a message may be for one
/// generation only, so that one of each is woken.
#[derive(Default)]
pub(super) struct Wakes(Mutex<Vec<(u64, Arc<Notify>)>>);

impl Shelves {
    pub(super) fn of(core: &Core) -> Self {
        let shelves = Self::default();
        shelves.follow(core);
        shelves
    }

    /// Takes over what the core says now. The caller holds the lock.
    pub(super) fn follow(&self, core: &Core) {
        let declared = core.held_rules();
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        for (place, rules) in declared.0.into_iter().enumerate() {
            // Whoever watches a topic that is removed sees its end.
            let goes_on = !rules.name.is_empty();
            let taps = topics.get(place).filter(|_| goes_on).map(|one| one.taps.clone());
            let counter = Counter {
                publish_timeout: rules.publish_timeout,
                hashed: core.hashes_keys(TopicId(place as u32)),
                taps: taps.unwrap_or_else(|| broadcast::Sender::new(TAP_RUNS_MAX)),
            };
            put(&mut topics, place, counter);
        }
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        for (place, rules) in declared.1.into_iter().enumerate() {
            let before = subscriptions.get(place);
            let (wakes, recorded) = before
                .map(|one| (Arc::clone(&one.wakes), Arc::clone(&one.recorded)))
                .unwrap_or_default();
            put(&mut subscriptions, place, Shelf { rules, wakes, recorded });
        }
    }

    pub(super) fn subscription(&self, id: SubscriptionId) -> Option<Arc<Shelf>> {
        let all = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        all.get(id.0 as usize).cloned()
    }

    pub(super) fn topic(&self, id: TopicId) -> Option<Arc<Counter>> {
        let all = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        all.get(id.0 as usize).cloned()
    }
}

fn put<T>(all: &mut Vec<Arc<T>>, place: usize, one: T) {
    match all.get_mut(place) {
        Some(before) => *before = Arc::new(one),
        None => all.push(Arc::new(one)),
    }
}

impl Wakes {
    /// Resolves when a worker of the generation is to ask again.
    pub(super) fn next(&self, generation: u64) -> OwnedNotified {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, notify)) = all.iter().find(|(of, _)| *of == generation) {
            return Arc::clone(notify).notified_owned();
        }
        if all.len() >= GENERATIONS_MAX {
            all.retain(|(_, notify)| Arc::strong_count(notify) > 1);
        }
        let notify = Arc::new(Notify::new());
        all.push((generation, Arc::clone(&notify)));
        notify.notified_owned()
    }

    /// One worker of each generation asks again.
    pub(super) fn one(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().for_each(|(_, notify)| notify.notify_one());
    }

    /// Every worker asks again.
    pub(super) fn all(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, notify) in all.iter() {
            notify.notify_waiters();
            // Whoever is about to sleep as well.
            notify.notify_one();
        }
    }
}
