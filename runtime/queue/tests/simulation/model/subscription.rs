//! One subscription: its items, and what became of those that are gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use millstream_queue::{
    KeyRange, LeaseRequest, Ordering, Share, SubscriptionFigures, SubscriptionRules, Tally,
};

use super::rate::Rate;
use super::{Check, Item, Place, ensure};
use crate::world::drops_expired;

#[derive(Debug)]
pub(crate) struct SubscriptionModel {
    pub(crate) rules: SubscriptionRules,
    /// What is neither handled nor given up.
    pub(crate) items: BTreeMap<Place, Item>,
    /// Only what counts since the beginning; the rest follows from the items.
    pub(crate) counts: SubscriptionFigures,
    pub(crate) paused: bool,
    pub(crate) fenced_below: u64,
    pub(crate) rate: Option<Rate>,
    /// Workers of the version that serves, and of one on trial.
    pub(crate) sleepers: [Sleepers; 2],
    /// It was removed.
    pub(crate) gone: bool,
    /// Generations below get no more messages.
    pub(crate) retired_below: u64,
    /// The generation that was fenced for last without a trial.
    pub(crate) newest: u64,
    /// Generations that were rolled back.
    pub(crate) failed: BTreeSet<u64>,
    /// The generation on trial, and its keys.
    pub(crate) trial: Option<(u64, Share)>,
    /// What the versions' workers said.
    pub(crate) tallies: [Tally; 2],
    /// Somebody leased for some keys only: what others left behind is not new any more.
    pub(crate) shared_out: bool,
    /// Items of which `dropped_unnamed` were dropped since they were too old: the core counts them
    /// and does not name them.
    pub(crate) perhaps_dropped: BTreeSet<Place>,
    pub(crate) dropped_unnamed: u64,
}

/// Workers who were told that there is nothing.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    /// When each looks again by itself.
    asleep: VecDeque<Option<Duration>>,
    /// Workers on their way to ask.
    awake: u64,
}

/// Workers that one subscription's sleep is followed for.
const SLEEPERS_MAX: usize = 3;

impl SubscriptionModel {
    pub(crate) fn new(rules: &SubscriptionRules) -> Self {
        Self {
            rules: rules.clone(),
            items: BTreeMap::new(),
            counts: SubscriptionFigures::default(),
            paused: false,
            fenced_below: 0,
            rate: rules.rate.map(Rate::new),
            sleepers: Default::default(),
            gone: false,
            retired_below: 0,
            newest: 0,
            failed: BTreeSet::new(),
            trial: None,
            tallies: Default::default(),
            shared_out: false,
            perhaps_dropped: BTreeSet::new(),
            dropped_unnamed: 0,
        }
    }

    /// Whether workers of the generation may have nothing any more.
    pub(crate) fn is_over(&self, generation: u64) -> bool {
        let below = self.fenced_below.max(self.retired_below);
        generation < below || self.failed.contains(&generation)
    }

    pub(crate) fn is_on_trial(&self, generation: u64) -> bool {
        self.trial.is_some_and(|(on_trial, _)| on_trial == generation)
    }

    /// The keys that the asking worker's version has: the outer none where it has none.
    pub(crate) fn scope(&self, request: &LeaseRequest) -> Option<Option<KeyRange>> {
        let own = self.keys_of(usize::from(self.is_on_trial(request.generation)))?;
        match request.keys {
            None => Some(own),
            Some(asked) => own.unwrap_or(KeyRange::ALL).intersection(asked).map(Some),
        }
    }

    /// The keys of the version that serves, or of the one on trial.
    pub(crate) fn keys_of(&self, lane: usize) -> Option<Option<KeyRange>> {
        match (self.trial, lane) {
            (None, _) => Some(None),
            (Some((_, share)), 0) => share.rest().map(Some),
            (Some((_, Share::ALL)), _) => Some(None),
            (Some((_, share)), _) => Some(Some(share.keys())),
        }
    }

    pub(crate) fn live(&self) -> u64 {
        self.items.len() as u64 - self.dropped_unnamed
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.items.values().filter(|item| item.is_leased()).count() as u64
    }

    /// Copies that nobody has under lease.
    pub(crate) fn copies_waiting(&self) -> u64 {
        self.items.values().filter(|item| item.copied && !item.is_leased()).count() as u64
    }

    /// What orders the item: nothing, its key (by its hash), or one key for all.
    pub(crate) fn order_key(&self, item: &Item) -> Option<u64> {
        match self.rules.ordering {
            Ordering::None => None,
            Ordering::Key => item.parcel.key.is_some().then_some(item.parcel.key_hash),
            Ordering::Strict => Some(0),
        }
    }

    /// Follows what was dropped for its age since the figures before. Who that was is clear only
    /// when all are gone who may be. `told` may include what only comes later in the step.
    pub(crate) fn follow_dropped(&mut self, told: u64, wall_ms: u64) {
        let more = told.saturating_sub(self.counts.expired_dropped);
        if more == 0 || !drops_expired(&self.rules) {
            return;
        }
        let old =
            self.items.iter().filter(|(_, item)| !item.is_leased() && item.is_expired(wall_ms));
        self.perhaps_dropped.extend(old.map(|(place, _)| *place));
        let more = more.min(self.perhaps_dropped.len() as u64 - self.dropped_unnamed);
        self.dropped_unnamed += more;
        self.counts.expired_dropped += more;
        self.name_dropped();
    }

    /// Takes out those who were dropped once that is all who may be.
    pub(crate) fn name_dropped(&mut self) {
        if self.perhaps_dropped.len() as u64 == self.dropped_unnamed {
            self.perhaps_dropped.iter().for_each(|place| drop(self.items.remove(place)));
            self.perhaps_dropped.clear();
            self.dropped_unnamed = 0;
        }
    }

    /// The item was seen: it is not among those who were dropped.
    pub(crate) fn was_not_dropped(&mut self, place: Place) -> Check {
        if self.perhaps_dropped.remove(&place) {
            ensure!(
                self.perhaps_dropped.len() as u64 >= self.dropped_unnamed,
                "handed out after it was dropped for its age: {place:?}"
            );
            self.name_dropped();
        }
        Ok(())
    }

    /// Takes out all of `places`, and whoever may have been dropped; answers how many were there.
    pub(crate) fn take_out(&mut self, places: &[Place]) -> u64 {
        let unnamed = std::mem::take(&mut self.dropped_unnamed);
        self.perhaps_dropped.clear();
        places.iter().for_each(|place| drop(self.items.remove(place)));
        places.len() as u64 - unnamed
    }
}

impl Sleepers {
    /// A worker asks.
    pub(crate) fn ask(&mut self) {
        self.awake = self.awake.saturating_sub(1);
    }

    /// It was told that there is nothing until `look_again`.
    pub(crate) fn sleep(&mut self, look_again: Option<Duration>) {
        if self.asleep.len() < SLEEPERS_MAX {
            self.asleep.push_back(look_again);
        }
    }

    /// The subscription is woken: one worker is, or the next that comes does not sleep.
    pub(crate) fn wake(&mut self) {
        if self.asleep.pop_front().is_some() {
            self.awake += 1;
        }
    }

    /// All are woken.
    pub(crate) fn wake_all(&mut self) {
        self.awake += self.asleep.len() as u64;
        self.asleep.clear();
    }

    /// Whether somebody sleeps and nobody is about to ask, at this time.
    pub(crate) fn all_asleep(&self, now: Duration) -> bool {
        let wakes_itself = |at: &Option<Duration>| at.is_some_and(|at| at <= now);
        self.awake == 0 && !self.asleep.is_empty() && !self.asleep.iter().any(wakes_itself)
    }

    /// Whether a worker would ask now.
    pub(crate) fn is_anybody_up(&self, now: Duration) -> bool {
        !self.all_asleep(now)
    }

    /// When the next looks again by itself.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.asleep.iter().flatten().min().copied()
    }

    /// Those who look again by themselves do.
    pub(crate) fn pass(&mut self, now: Duration) {
        let before = self.asleep.len();
        self.asleep.retain(|at| at.is_none_or(|at| at > now));
        self.awake += (before - self.asleep.len()) as u64;
    }
}
