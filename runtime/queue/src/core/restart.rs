//! Going on after the process that served before is gone.

use millstream_message::{Batch, SubscriptionId};

use super::lease::{HOUSE, LeaseId};
use super::pending::Pending;
use super::{Answer, Core, Effects, Refusal, TakenBack, Why};
use crate::clock::Now;

/// Crashes, one after another, in which a message may be under lease. It may be what crashes the
/// host, and would do so for ever.
pub const CRASHES_MAX: u32 = 3;

impl Core {
    /// Nobody waits in line or watches any more, and leases come back, uncounted. What was under
    /// lease travels alone; what was so too often is given up.
    pub(super) fn restart(&mut self, now: Now, effects: &mut Effects) -> Result<Answer, Refusal> {
        for topic in &mut self.topics {
            topic.line.clear();
            topic.tapped = false;
        }
        let leases: Vec<LeaseId> = self.leases.keys().copied().collect();
        let returned = leases.len() as u64;
        let mut back: Vec<(usize, Pending)> = Vec::new();
        let mut held: Vec<(usize, u64)> = Vec::new();
        for lease in leases {
            self.take_from_dead(lease, &mut back, &mut held, effects);
        }
        // All together, the youngest first: several leases may have messages of one key, and each
        // that is put back goes before those that wait.
        back.sort_by_key(|(_, item)| item.place.age());
        for (place, item) in back.into_iter().rev() {
            held.push((place, item.hash));
            self.put_back(place, item);
        }
        for (place, hash) in held {
            self.subscriptions[place].keys.release(hash);
        }
        for (place, subscription) in self.subscriptions.iter_mut().enumerate() {
            subscription.fenced_below = 0;
            effects.wake.push(SubscriptionId(place as u32));
        }
        self.end_trials(now, effects);
        self.timed = (0..self.topics.len() as u32).collect();
        if let Some(at) = self.next_tick(now) {
            effects.tick_by(at);
        }
        Ok(Answer::Moved { looked_at: returned, moved: returned })
    }

    /// Takes a lease's messages back from a worker that is gone with its process.
    fn take_from_dead(
        &mut self,
        id: LeaseId,
        back: &mut Vec<(usize, Pending)>,
        held: &mut Vec<(usize, u64)>,
        effects: &mut Effects,
    ) {
        let Some(lease) = self.leases.remove(&id) else { return };
        self.deadlines.remove(&(lease.grant.deadline, id));
        let place = lease.grant.subscription.0 as usize;
        let items = self.items(place, &lease);
        let subscription = &mut self.subscriptions[place];
        subscription.end_lease(&lease.runs, lease.items.as_deref());
        subscription.counters.in_flight -= lease.grant.len() as u64;
        let at_work = lease.grant.generation != HOUSE;
        let (mut doomed, mut parts) = (Vec::new(), Vec::new());
        let messages = (0..lease.grant.parts.len()).flat_map(|i| ones(&lease.grant.parts[i]));
        let items: Vec<(Pending, Batch)> = items.into_iter().zip(messages).collect();
        for (mut item, message) in items {
            item.history.crashes += u32::from(at_work);
            item.alone |= at_work;
            if item.history.crashes >= CRASHES_MAX {
                doomed.push(item);
                parts.push(message);
            } else {
                back.push((place, item));
            }
        }
        held.extend(lease.keys.iter().map(|hash| (place, *hash)));
        if !doomed.is_empty() {
            let grant = self.house_lease(lease.grant.subscription, doomed, parts);
            effects.taken_back.push(TakenBack { grant, why: Why::Crashed });
        }
    }
}

fn ones(batch: &Batch) -> impl Iterator<Item = Batch> {
    (0..batch.len()).map(|i| batch.slice(i..i + 1))
}
