//! Messages that the core takes back from their worker, or from waiting, for its caller to settle.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId};

use super::{EXPIRED_PER_TICK_MAX, Grant, HOUSE, Histories, Lease, LeaseId};
use crate::clock::Now;
use crate::core::pending::Pending;
use crate::core::{Core, Effects, TakenBack, Why};
use crate::rules::{Exhausted, Expired};

impl Core {
    /// Leases whose deadline passed go to the caller under a new id, so that their worker can no
    /// longer settle them.
    pub(in crate::core) fn expire_leases(&mut self, now: Now, effects: &mut Effects) {
        for _ in 0..EXPIRED_PER_TICK_MAX {
            let Some(&(due, id)) = self.deadlines.first().filter(|(due, _)| *due <= now.monotonic)
            else {
                return;
            };
            self.deadlines.remove(&(due, id));
            let Some(mut lease) = self.leases.remove(&id) else { continue };
            lease.grant.lease = LeaseId(self.next_serial());
            let grant = lease.grant.clone();
            effects.taken_back.push(TakenBack { grant, why: Why::DeadlinePassed });
            self.leases.insert(lease.grant.lease, lease);
        }
    }

    /// Messages that are too old go to the caller, who writes their dead letters; or are gone.
    pub(in crate::core) fn take_back_expired(
        &mut self,
        id: SubscriptionId,
        mut expired: Vec<Pending>,
        now: Now,
        effects: &mut Effects,
    ) {
        if expired.is_empty() {
            return;
        }
        // Whatever a version on trial made of them, their age is the last word.
        expired.iter_mut().for_each(Pending::forget_withheld);
        let place = id.0 as usize;
        let rules = &self.subscriptions[place].rules;
        if rules.expired == Expired::Drop || rules.exhausted == Exhausted::Drop {
            self.subscriptions[place].counters.expired_dropped += expired.len() as u64;
            let topic = self.subscriptions[place].rules.topic;
            for pending in expired {
                self.settle_place(topic, &pending.place, effects);
            }
            self.make_room(topic, now, effects);
            return self.wake_if_waiting(id, effects);
        }
        let topic = &self.topics[self.subscriptions[place].rules.topic.0 as usize];
        let parts = expired.iter().filter_map(|item| item.message(topic)).collect();
        let grant = self.house_lease(id, expired, parts);
        effects.taken_back.push(TakenBack { grant, why: Why::Expired });
    }

    /// A lease without a deadline: its holder settles at once.
    pub(in crate::core) fn house_lease(
        &mut self,
        id: SubscriptionId,
        items: Vec<Pending>,
        parts: Vec<Batch>,
    ) -> Grant {
        let lease = LeaseId(self.next_serial());
        let subscription = &mut self.subscriptions[id.0 as usize];
        let histories = Histories::Each(items.iter().map(|item| item.history).collect());
        subscription.counters.in_flight += items.len() as u64;
        let runs = crate::core::pending::runs_of(&items);
        subscription.begin_lease(&runs, Some(&items));
        let grant = Grant {
            lease,
            subscription: id,
            generation: HOUSE,
            on_trial: false,
            handler: Arc::clone(&subscription.handler),
            parts,
            histories,
            deadline: Duration::MAX,
            end: u64::MAX,
        };
        let held = Lease { grant: grant.clone(), runs, items: Some(items), keys: Vec::new() };
        self.leases.insert(lease, held);
        grant
    }
}
