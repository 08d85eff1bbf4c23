//! What waits, sorted anew for another order.

use millstream_message::order_hash_of;

use crate::core::Core;
use crate::core::lease::History;
use crate::core::pending::{Pending, Place};
use crate::core::subscription::{STRICT, Span};
use crate::rules::Ordering;

impl Core {
    /// What waits is sorted as another ordering wants it.
    pub(super) fn reorder(&mut self, place: usize, ordering: Ordering, parks: bool) {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let mut waiting = std::mem::take(&mut subscription.keys).into_waiting();
        let spans = std::mem::take(&mut subscription.available);
        subscription.available_messages = 0;
        for (start, span) in spans {
            let Span { deliveries, crashes, .. } = span;
            let history = History { deliveries, crashes, ..History::default() };
            let alone = crashes > 0;
            waiting.extend((start..span.end).map(|at| Pending {
                history,
                alone,
                ..Pending::of_log(at, 0)
            }));
        }
        let parked = subscription.parking.take_all();
        subscription.rules.ordering = ordering;
        let by_key = ordering == Ordering::Key;
        let hash = |pending: &Pending| match (&pending.place, by_key) {
            (_, false) => 0,
            (Place::Copy(copied), true) => copied.message.get(0).order_hash(),
            (Place::Log(at), true) => topic.find(*at).map_or(0, |(entry, i)| entry.hash(i)),
        };
        for (due, mut pending) in parked {
            pending.hash = hash(&pending);
            if pending.hash != 0 && pending.redriven && !pending.alone && due.is_zero() {
                // It waits before its key's messages, as one that comes back now would.
                waiting.push(pending);
                continue;
            }
            if pending.hash != 0 {
                subscription.keys.park(pending.hash);
            }
            subscription.parking.insert(pending, due);
        }
        waiting.iter_mut().for_each(|pending| pending.hash = hash(pending));
        // The newest first, each put back before what came after it.
        waiting.sort_by_key(|pending| std::cmp::Reverse(pending.place.age()));
        for stopper in self.stoppers.values_mut().filter(|one| one.subscription.0 as usize == place)
        {
            stopper.hash = match (ordering, &stopper.key) {
                (Ordering::Strict, _) => STRICT,
                (Ordering::Key, Some(key)) => order_hash_of(key),
                _ => 0,
            };
            for _ in 0..if parks && stopper.hash != 0 { stopper.letters } else { 0 } {
                subscription.keys.stop(stopper.hash);
            }
        }
        self.stoppers
            .retain(|_, one| one.subscription.0 as usize != place || (parks && one.hash != 0));
        let keys: Vec<u64> = waiting.iter().map(|pending| pending.hash).collect();
        for pending in waiting {
            self.put_back(place, pending);
        }
        // Nobody holds any of them: they stand in line.
        for hash in keys.into_iter().filter(|hash| *hash != 0) {
            self.subscriptions[place].keys.release(hash);
        }
    }
}
