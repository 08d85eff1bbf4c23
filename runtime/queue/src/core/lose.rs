//! Messages that a damaged journal lost: they are taken out of everything that names them.

use std::collections::HashSet;

use millstream_message::TopicId;

use super::forget::Loss;
use super::pending::{Pending, Place};
use super::{Core, Effects, LeaseId};
use crate::clock::Now;
use crate::judge::Outcome;
use crate::stored::Stored;

impl Core {
    /// Takes out what is kept in one of these places; counted as purged. Leases end. Answers how
    /// many messages are gone.
    pub(crate) fn lose(&mut self, lost: &HashSet<Stored>, now: Now) -> u64 {
        let mut effects = Effects::default();
        let mut gone = 0;
        let leases: Vec<LeaseId> = self.leases.keys().copied().collect();
        leases.into_iter().for_each(|lease| self.give_back(lease, now, &mut effects));
        for place in 0..self.topics.len() {
            gone += self.lose_from_log(TopicId(place as u32), lost, &mut effects);
            gone += self.topics[place].lose_delayed(lost);
        }
        for plugin in self.plugins.values_mut() {
            plugin.modules.retain(|_, module| !module.is_lost(lost));
        }
        for place in 0..self.subscriptions.len() {
            gone += self.lose_copies(place, lost, &mut effects);
        }
        gone
    }

    fn lose_from_log(&mut self, id: TopicId, lost: &HashSet<Stored>, effects: &mut Effects) -> u64 {
        let topic = &mut self.topics[id.0 as usize];
        topic.seal();
        let is_lost = |entry: &&super::entry::Entry| {
            !entry.is_released() && entry.stored.iter().any(|run| lost.contains(&run))
        };
        let runs: Vec<_> =
            topic.log.iter().filter(is_lost).map(|entry| entry.base..entry.end()).collect();
        let bases: Vec<u64> = runs.iter().map(|run| run.start).collect();
        let sequences = runs.into_iter().flatten();
        let gone = sequences.map(|at| u64::from(self.forget(id, at, Loss::Purged, effects))).sum();
        // What was only retained nobody missed, and nobody can have it again.
        self.topics[id.0 as usize].let_go(&bases, &mut effects.released);
        gone
    }

    fn lose_copies(&mut self, place: usize, lost: &HashSet<Stored>, effects: &mut Effects) -> u64 {
        let subscription = &mut self.subscriptions[place];
        let topic = subscription.rules.topic;
        let mut gone = subscription.keys.take_copies(&|pending| is_lost(pending, lost));
        for (due, pending) in subscription.parking.take_all() {
            if is_lost(&pending, lost) {
                subscription.keys.forget_parked(pending.hash);
                gone.push(pending);
            } else {
                subscription.parking.insert(pending, due);
            }
        }
        let messages = gone.len() as u64;
        for pending in gone {
            self.settle_place(topic, &pending.place, effects);
        }
        self.count_loss(place, Loss::Purged, messages);
        messages
    }
}

fn is_lost(pending: &Pending, lost: &HashSet<Stored>) -> bool {
    match &pending.place {
        Place::Copy(copied) => {
            let letter = match copied.withheld.as_deref() {
                Some(Outcome::Letter { stored, .. }) => *stored,
                _ => None,
            };
            copied.stored.iter().chain(&letter).any(|stored| lost.contains(stored))
        }
        Place::Log(_) => false,
    }
}
