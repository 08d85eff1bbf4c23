//! Ending a delivery: everything that follows from it, in one step.

use millstream_message::{SubscriptionId, TopicId};

use super::lease::{Held, LeaseId};
use super::subscription::Parked;
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;
use crate::figures::SubscriptionFigures;
use crate::judge::{Judged, Verdicted};
use crate::publication::Publication;

impl Core {
    pub(super) fn settle(
        &mut self,
        id: LeaseId,
        judged: Judged,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let subscription = self.leases.get(&id).ok_or(Refusal::LeaseEnded)?.grant.subscription;
        match judged {
            Judged::GivenBack => self.give_back(id),
            Judged::Verdicted(verdicted) => self.commit(id, verdicted, now, effects),
        }
        let topic = self.subscriptions[subscription.0 as usize].rules.topic;
        self.make_room(topic, now, effects);
        self.wake_if_waiting(subscription, effects);
        Ok(Answer::Done)
    }

    fn commit(&mut self, id: LeaseId, verdicted: Verdicted, now: Now, effects: &mut Effects) {
        let Some(lease) = self.leases.remove(&id) else { return };
        self.deadlines.remove(&(lease.grant.deadline, id));
        let place = lease.grant.subscription.0 as usize;
        let messages = lease.grant.len() as u64;
        let subscription = &mut self.subscriptions[place];
        subscription.counters.in_flight -= messages;
        if let Held::Runs(runs) = &lease.held {
            for run in runs {
                subscription.leased.remove(&run.start);
            }
        }
        effects.released.extend(lease.grant.parts);
        self.count(place, &verdicted, messages);
        for parking in verdicted.parked {
            let parked =
                Parked { message: parking.message, history: parking.history, alone: parking.alone };
            self.park(place, parked, parking.due);
        }
        let dead = verdicted
            .dead_letters
            .into_iter()
            .map(|(topic, batch)| (topic, Publication::now(batch)));
        for (topic, publication) in verdicted.outputs.into_iter().chain(dead) {
            self.append(topic, publication, now, effects);
        }
    }

    fn count(&mut self, place: usize, verdicted: &Verdicted, messages: u64) {
        let counters = &mut self.subscriptions[place].counters;
        let gone = verdicted.rejected + verdicted.exhausted + verdicted.dropped;
        let handled = messages - gone - verdicted.parked.len() as u64;
        counters.handled += handled;
        counters.failed += verdicted.failed;
        counters.rejected += verdicted.rejected;
        counters.exhausted += verdicted.exhausted;
        counters.dropped += verdicted.dropped;
        self.unsettled -= handled + gone;
    }

    fn wake_if_waiting(&mut self, id: SubscriptionId, effects: &mut Effects) {
        let subscription = &self.subscriptions[id.0 as usize];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let waiting = subscription.cursor < topic.next || !subscription.available.is_empty();
        if waiting || !subscription.parked.is_empty() {
            effects.wake.push(id);
        }
    }

    pub(super) fn subscription_figures(&self, place: usize) -> SubscriptionFigures {
        let subscription = &self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let counters = &subscription.counters;
        SubscriptionFigures {
            lag: topic.next - subscription.cursor + subscription.available_messages(),
            in_flight: counters.in_flight,
            parked: subscription.parked.len() as u64,
            offered: topic.next,
            handled: counters.handled,
            failed: counters.failed,
            rejected: counters.rejected,
            exhausted: counters.exhausted,
            dropped: counters.dropped,
            blocked_by: self.blocked_by(place).map(|topic| TopicId(topic as u32)),
        }
    }
}
