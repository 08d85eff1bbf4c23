//! What operators do: pause, seek, purge, fence.

use std::collections::BTreeSet;
use std::rc::Rc;

use millstream_queue::core::{Answer, SeekTo};
use millstream_queue::{LeaseId, NEVER, Now};

use super::{Check, Item, Model, Place, SubscriptionModel, ensure};

/// The generation of leases that no worker ever had.
const HOUSE: u64 = u64::MAX;

impl Model {
    pub(crate) fn renew(&mut self, lease: LeaseId, answer: &Answer, now: Now) -> Check {
        let Some(held) = self.leases.get_mut(&lease) else {
            let refused = matches!(answer, Answer::Refused(_));
            ensure!(refused, "{lease:?} has ended and was renewed");
            return Ok(());
        };
        ensure!(matches!(answer, Answer::Done), "{lease:?} was not renewed: {answer:?}");
        let rules = &self.subscriptions[held.subscription].rules;
        held.deadline = Some(now.monotonic + rules.ack_deadline);
        Ok(())
    }

    /// Leases of older generations end: their messages wait again, uncounted.
    pub(crate) fn fence(&mut self, s: usize, generation: u64, now: Now) -> Check {
        let subscription = &mut self.subscriptions[s];
        subscription.fenced_below = subscription.fenced_below.max(generation);
        if subscription.trial.is_none() {
            subscription.newest = subscription.newest.max(generation);
        }
        self.end_leases(s, |of| of < generation, now)
    }

    /// Leases of some generations end: their messages wait again, uncounted.
    pub(super) fn end_leases(&mut self, s: usize, meant: impl Fn(u64) -> bool, now: Now) -> Check {
        let ended = self.leases.iter().filter(|(_, lease)| {
            let of_worker = lease.generation != HOUSE;
            lease.subscription == s && meant(lease.generation) && of_worker
        });
        let topic = self.subscriptions[s].rules.topic.0 as usize;
        for id in ended.map(|(id, _)| *id).collect::<Vec<LeaseId>>() {
            let Some(lease) = self.leases.remove(&id) else { continue };
            lease.items.iter().for_each(|place| self.wait_again(s, *place));
            if let Some(rate) = &mut self.subscriptions[s].rate {
                rate.give_back(lease.items.len() as u64);
            }
            self.admit(topic, now)?;
        }
        Ok(())
    }

    /// The subscription moves: what it had is purged, what the topic `has` from there on is
    /// offered anew.
    pub(crate) fn seek(
        &mut self,
        s: usize,
        to: SeekTo,
        has: &[u64],
        answer: &Answer,
        now: Now,
    ) -> Check {
        let Answer::Moved { moved, .. } = *answer else {
            return Err(format!("sub-{s}: a seek was answered {answer:?}"));
        };
        let t = self.subscriptions[s].rules.topic.0 as usize;
        self.check_browsed(t, has)?;
        self.check_retained(t, has, now)?;
        let offered = self.sought(t, to, has, moved)?;
        let subscription = &mut self.subscriptions[s];
        let places: Vec<Place> = subscription.items.keys().copied().collect();
        subscription.counts.purged += subscription.take_out(&places);
        self.leases.retain(|_, lease| lease.subscription != s);
        let topic = &self.topics[t];
        for &sequence in offered {
            let (parcel, arrived) = &topic.log[sequence as usize];
            let item = Item::new(Rc::clone(parcel), *arrived);
            subscription.items.insert(Place::Log(sequence), item);
        }
        subscription.counts.offered += moved;
        self.admit(t, now)
    }

    /// Whether the topic shows all that somebody waits for, and nothing that is gone for all.
    fn check_browsed(&self, t: usize, has: &[u64]) -> Check {
        let topic = &self.topics[t];
        let leased = |sequence: &u64| {
            let at = Place::Log(*sequence);
            topic.readers.iter().any(|reader| self.subscriptions[*reader].items.contains_key(&at))
        };
        let back = has.iter().find(|sequence| topic.gone.contains(sequence) && !leased(sequence));
        ensure!(back.is_none(), "topic-{t}: message {back:?} is gone and comes back");
        let readers = topic.readers.iter().map(|reader| &self.subscriptions[*reader]);
        let has: BTreeSet<u64> = has.iter().copied().collect();
        let unsettled = readers
            .flat_map(|reader| {
                let sure = |place: &&Place| !reader.perhaps_dropped.contains(place);
                let in_log = reader.items.iter().filter(|(_, item)| !item.copied);
                in_log.map(|(place, _)| place).filter(sure).filter_map(|place| place.sequence())
            })
            .filter(|sequence| !topic.gone.contains(sequence))
            // Others may have given it up for its age.
            .filter(|sequence| topic.log[*sequence as usize].0.expires_ms == NEVER);
        for sequence in unsettled {
            ensure!(has.contains(&sequence), "topic-{t}: message {sequence} is not shown");
        }
        Ok(())
    }

    /// Whether the topic still has what it is to keep for a while, settled or not.
    fn check_retained(&self, t: usize, has: &[u64], now: Now) -> Check {
        let topic = &self.topics[t];
        if self.retains_bytes(t) {
            return Ok(());
        }
        for (sequence, (parcel, arrived)) in (0..).zip(&topic.log) {
            let retained = *arrived + topic.rules.retain > now.monotonic
                && parcel.expires_ms == NEVER
                && sequence >= topic.purged_below
                && !topic.gone.contains(&sequence);
            ensure!(!retained || has.contains(&sequence), "topic-{t}: {sequence} is not retained");
        }
        Ok(())
    }

    fn sought<'a>(&self, t: usize, to: SeekTo, has: &'a [u64], moved: u64) -> Check<&'a [u64]> {
        let log = &self.topics[t].log;
        let from = match to {
            SeekTo::Earliest => 0,
            SeekTo::Now => has.len(),
            SeekTo::Time(wall_ms) => {
                let later = |sequence: &u64| log[*sequence as usize].0.published_at >= wall_ms;
                // Where the clock went back, what is gone may have been the first.
                let first = has.iter().position(later).unwrap_or(has.len());
                first.min(has.len().saturating_sub(moved as usize))
            }
        };
        let offered = &has[from..];
        let expected = offered.len() as u64;
        ensure!(expected == moved, "topic-{t}: a seek offers {moved}, not {expected}");
        Ok(offered)
    }

    /// The topic is emptied of what nobody has under lease, from one number up to another.
    pub(crate) fn purge(
        &mut self,
        t: usize,
        from: u64,
        below: u64,
        answer: &Answer,
        now: Now,
    ) -> Check {
        let Answer::Purged { messages, next: None } = *answer else {
            return Err(format!("topic-{t}: a purge was answered {answer:?}"));
        };
        let mut expected = self.topics[t].delayed.len() as u64;
        self.topics[t].delayed.clear();
        let in_range = |sequence: u64| (from..below).contains(&sequence);
        let kept = self.topics[t].kept.keys().copied().filter(|at| in_range(*at));
        let mut in_log: BTreeSet<u64> = kept.collect();
        for sequence in in_log.clone() {
            self.topics[t].kept.remove(&sequence);
        }
        let mut unnamed = 0;
        for reader in self.topics[t].readers.clone() {
            let subscription = &mut self.subscriptions[reader];
            expected += subscription.copies_waiting();
            unnamed += subscription.dropped_unnamed;
            in_log.extend(subscription.purge(in_range));
        }
        expected = expected + in_log.len() as u64 - unnamed;
        self.topics[t].gone.extend(in_log);
        self.topics[t].purged_below = self.topics[t].purged_below.max(below);
        ensure!(messages == expected, "topic-{t}: purged {messages}, not {expected}");
        self.admit(t, now)
    }
}

impl SubscriptionModel {
    /// Takes out all copies, and what is in the range; nothing that is under lease. Answers what
    /// was in the log.
    fn purge(&mut self, in_range: impl Fn(u64) -> bool) -> Vec<u64> {
        let free = self.items.iter().filter(|(_, item)| !item.is_leased());
        let purged = |place: Place| place.sequence().is_some_and(&in_range);
        let free: Vec<(Place, bool)> = free
            .filter(|(place, item)| item.copied || purged(**place))
            .map(|(place, item)| (*place, item.copied))
            .collect();
        let places: Vec<Place> = free.iter().map(|(place, _)| *place).collect();
        self.counts.purged += self.take_out(&places);
        let in_log = free.into_iter().filter(|(_, copied)| !copied);
        in_log.filter_map(|(place, _)| place.sequence()).collect()
    }
}
