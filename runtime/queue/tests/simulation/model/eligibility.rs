//! Which messages a lease may have, and when it must get one.

use millstream_message::TopicId;
use millstream_queue::{KeyRange, LeaseId, Now, Ordering, WhenFull};

use super::{Check, Item, Model, Place, State, SubscriptionModel, ensure};

impl Model {
    /// Whether `lease` may take the item, beside what it has already.
    pub(crate) fn may_take(
        &self,
        s: usize,
        place: Place,
        lease: Option<LeaseId>,
        now: Now,
    ) -> Check {
        let subscription = &self.subscriptions[s];
        let item = &subscription.items[&place];
        match item.state {
            State::Leased(other) => return Err(format!("it is under {other:?}")),
            State::Parked(due) => ensure!(due <= now.monotonic, "it is due at {due:?}"),
            State::Withheld => return Err("its trial is not decided".to_owned()),
            State::Waiting => {}
        }
        let expires = item.parcel.expires_ms;
        ensure!(expires > now.wall_ms, "it is too old since {expires}");
        match subscription.order_key(item) {
            Some(key) => self.order_allows(s, place, key, lease, now),
            None => Ok(()),
        }
    }

    fn order_allows(
        &self,
        s: usize,
        place: Place,
        key: u64,
        lease: Option<LeaseId>,
        now: Now,
    ) -> Check {
        let subscription = &self.subscriptions[s];
        let item = &subscription.items[&place];
        let waits = item.state == State::Waiting;
        // A retry was before the message whose age stopped the key meanwhile.
        let stopped = waits && !place.is_redriven() && self.is_stopped(s, key);
        ensure!(!stopped, "a dead letter stops its key");
        for (&other, rival) in &subscription.items {
            let counts = other != place && !subscription.perhaps_dropped.contains(&other);
            if counts && subscription.order_key(rival) == Some(key) {
                let own = (place, waits, item.lost_place);
                self.rival_allows(own, (other, rival), lease, now)?;
            }
        }
        Ok(())
    }

    /// Whether another item of the key lets this one go, which `waits` or is a retry.
    fn rival_allows(
        &self,
        (place, waits, lost_place): (Place, bool, bool),
        (other, rival): (Place, &Item),
        lease: Option<LeaseId>,
        now: Now,
    ) -> Check {
        match rival.state {
            State::Leased(holder) => {
                let mine = Some(holder) == lease || self.leases[&holder].deadline.is_none();
                ensure!(mine, "{other:?} of its key is under {holder:?}");
            }
            _ if rival.is_expired(now.wall_ms) || rival.lost_place || lost_place => {}
            State::Parked(_) | State::Withheld => {
                let passes = place.is_redriven() || (!waits && other.is_redriven());
                ensure!(passes || (!waits && other > place), "{other:?} of its key is parked");
            }
            // Between a retry and what was redriven no order is promised.
            State::Waiting => {
                let passes = !waits && (place.is_redriven() || other.is_redriven());
                ensure!(passes || other > place, "{other:?} of its key goes first");
            }
        }
        Ok(())
    }

    /// The first full topic that the subscription may publish to and that blocks.
    pub(crate) fn blocked_by(&self, s: usize) -> Option<TopicId> {
        let rules = &self.subscriptions[s].rules;
        let own =
            |to: &TopicId| *to == rules.topic && self.topics[to.0 as usize].readers.len() == 1;
        let dead = match rules.exhausted {
            millstream_queue::Exhausted::DeadLetter(dead) => Some(dead),
            millstream_queue::Exhausted::Drop => None,
        };
        let outputs = rules.outputs.iter().copied().filter(|to| !own(to));
        outputs.chain(dead).find(|to| {
            let t = to.0 as usize;
            self.topics[t].rules.when_full == WhenFull::Block && self.is_full(t)
        })
    }

    pub(crate) fn is_full(&self, t: usize) -> bool {
        let rules = &self.topics[t].rules;
        let bytes_full = match self.retains_bytes(t) {
            true => self.seen.topics[t].full,
            false => self.seen.topics[t].bytes >= rules.max_bytes,
        };
        self.depth(t) >= rules.max_messages || bytes_full
    }

    /// The item that a worker who asks now must not be denied, if there is one.
    pub(crate) fn must_grant(&self, s: usize, keys: Option<KeyRange>, now: Now) -> Option<Place> {
        let subscription = &self.subscriptions[s];
        let rules = &subscription.rules;
        if !self.may_ask(s, now) {
            return None;
        }
        let new_may_go = self.seen.subscriptions[s].parked < rules.max_parked;
        let patient =
            |item: &Item| keys.is_none() && item.arrived + rules.batch_wait > now.monotonic;
        let mine = |item: &Item| keys.is_none_or(|keys| keys.contains(item.parcel.key_hash));
        let mut free = subscription
            .items
            .iter()
            .filter(|(place, _)| !subscription.perhaps_dropped.contains(place))
            .filter(|(place, item)| !item.is_fresh(**place) || (new_may_go && !patient(item)))
            .filter(|(place, _)| !self.is_behind_expired(s, **place, now))
            .filter(|(place, _)| self.may_take(s, **place, None, now).is_ok());
        if rules.ordering == Ordering::Strict && free.clone().any(|(_, item)| !mine(item)) {
            // The first of all is perhaps somebody else's, and nothing passes it.
            return None;
        }
        free.find(|(_, item)| mine(item)).map(|(place, _)| *place)
    }

    /// Whether anything of the subscription may be leased at all.
    fn may_ask(&self, s: usize, now: Now) -> bool {
        let subscription = &self.subscriptions[s];
        let ordering = subscription.rules.ordering;
        let allowed = subscription.rate.as_ref().is_none_or(|rate| rate.allowed(now.monotonic) > 0);
        let held = ordering == Ordering::Strict && subscription.in_flight() > 0;
        // Who may have been dropped may stand before the others.
        let unsure = ordering != Ordering::None && subscription.dropped_unnamed > 0;
        !subscription.paused && self.blocked_by(s).is_none() && allowed && !held && !unsure
    }

    /// Whether something of its key is too old and has not been found yet.
    fn is_behind_expired(&self, s: usize, place: Place, now: Now) -> bool {
        let subscription = &self.subscriptions[s];
        let key = subscription.order_key(&subscription.items[&place]);
        let before = |item: &Item| {
            (item.is_expired(now.wall_ms) || item.lost_place) && subscription.order_key(item) == key
        };
        key.is_some() && subscription.items.values().any(before)
    }

    /// Whether a dead letter stops the key.
    pub(crate) fn is_stopped(&self, s: usize, key: u64) -> bool {
        let letters = self.topics.iter().flat_map(|topic| topic.kept.values().flatten());
        letters.filter(|letter| letter.subscription == s).any(|letter| letter.stops == Some(key))
    }
}

impl Item {
    /// Whether nobody of the subscription ever got it, and it did not come back.
    pub(crate) fn is_fresh(&self, place: Place) -> bool {
        !place.is_redriven() && self.history.deliveries == 0
    }
}

impl SubscriptionModel {
    /// The item that a message of a lease is: the one of its name that is meant by its history.
    pub(crate) fn find(
        &self,
        id: millstream_message::MessageId,
        fits: impl Fn(Place, &Item) -> bool,
    ) -> Option<Place> {
        let named = self.items.iter().filter(|(_, item)| item.parcel.id == id);
        let mut named: Vec<(bool, Place)> =
            named.map(|(place, item)| (!fits(*place, item), *place)).collect();
        named.sort();
        named.first().map(|(_, place)| *place)
    }
}
