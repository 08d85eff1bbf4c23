//! Leases: what was handed out must have been free to go.

use std::time::Duration;

use millstream_message::Batch;
use millstream_queue::core::{Answer, Grant, Refusal, TakenBack, Why};
use millstream_queue::{Exhausted, History, LeaseRequest, Now, Ordering};

use super::{Check, Item, LeaseModel, Model, Place, State, Step, ensure};
use crate::world::drops_expired;

impl Model {
    /// A worker asked, and was answered.
    pub(crate) fn lease(
        &mut self,
        request: &LeaseRequest,
        answer: &Answer,
        step: &Step<'_>,
    ) -> Check {
        let s = request.subscription.0 as usize;
        let subscription = &mut self.subscriptions[s];
        if subscription.is_over(request.generation) {
            let refused = matches!(answer, Answer::Refused(Refusal::Fenced));
            ensure!(refused, "sub-{s}: a lease to a fenced generation");
            return Ok(());
        }
        let lane = usize::from(subscription.is_on_trial(request.generation));
        subscription.shared_out |= subscription.trial.is_some();
        subscription.shared_out |= request.keys.is_some();
        if request.keys.is_none() {
            subscription.sleepers[lane].ask();
        }
        self.take_back_expired(step)?;
        let dropped = self.subscriptions[s].counts.expired_dropped;
        self.follow_dropped(step);
        let made_room = self.subscriptions[s].counts.expired_dropped > dropped;
        match answer {
            Answer::Granted(grant) => self.granted(s, request, grant, step)?,
            Answer::Nothing(look_again) => {
                if request.keys.is_none() {
                    self.subscriptions[s].sleepers[lane].sleep(*look_again);
                }
            }
            other => return Err(format!("sub-{s}: a lease was answered {other:?}")),
        }
        let topic = self.subscriptions[s].rules.topic.0 as usize;
        if made_room { self.admit(topic, step.now) } else { Ok(()) }
    }

    fn granted(
        &mut self,
        s: usize,
        request: &LeaseRequest,
        grant: &Grant,
        step: &Step<'_>,
    ) -> Check {
        self.may_lease(s, request, grant, step.now)?;
        self.size_fits(s, request, grant, step.now)?;
        let full = self.is_parking_full(s);
        self.hold_none(s, grant, Some(grant.deadline));
        for (i, one) in messages(&grant.parts).enumerate() {
            let place = self.find_granted(s, grant, (i, &one), step.now)?;
            self.subscriptions[s].was_not_dropped(place)?;
            let item = &self.subscriptions[s].items[&place];
            let new = full && item.is_fresh(place) && !item.was_behind;
            ensure!(!new, "sub-{s}: {place:?} was handed out although max_parked is reached");
            ensure!(!item.alone || grant.len() == 1, "sub-{s}: {place:?} did not travel alone");
            let own = self.subscriptions[s].scope(request);
            let own = own.ok_or(format!("sub-{s}: a lease to a version that has no keys"))?;
            let in_range = own.is_none_or(|keys| keys.contains(item.parcel.key_hash));
            ensure!(in_range, "sub-{s}: {place:?} is not in the range of keys");
            self.hold(s, place, grant, grant.histories.of(i));
        }
        if let Some(rate) = &mut self.subscriptions[s].rate {
            rate.take(grant.len() as u64, step.now.monotonic);
        }
        self.passed_no_more_than_may_wait(s, step)
    }

    /// Whether anything may be leased at all, and on what terms.
    fn may_lease(&self, s: usize, request: &LeaseRequest, grant: &Grant, now: Now) -> Check {
        let rules = &self.subscriptions[s].rules;
        ensure!(!self.subscriptions[s].paused, "sub-{s}: a lease while paused");
        let blocked = self.blocked_by(s);
        ensure!(blocked.is_none(), "sub-{s}: a lease although {blocked:?} is full");
        ensure!(grant.deadline == now.monotonic + rules.ack_deadline, "sub-{s}: wrong deadline");
        ensure!(grant.subscription == request.subscription, "sub-{s}: somebody else's lease");
        ensure!(grant.generation == request.generation, "sub-{s}: another generation");
        let on_trial = self.subscriptions[s].is_on_trial(request.generation);
        ensure!(grant.on_trial == on_trial, "sub-{s}: on trial {}", grant.on_trial);
        ensure!(!self.leases.contains_key(&grant.lease), "sub-{s}: {:?} twice", grant.lease);
        let of_worker = |one: &LeaseModel| one.subscription == s && one.deadline.is_some();
        let second = rules.ordering == Ordering::Strict && self.leases.values().any(of_worker);
        ensure!(!second, "sub-{s}: two leases under strict order");
        Ok(())
    }

    /// Whether nothing new may go, as far as the model knows what is new.
    fn is_parking_full(&self, s: usize) -> bool {
        let subscription = &self.subscriptions[s];
        let parked = subscription.copies_waiting().saturating_sub(subscription.dropped_unnamed);
        parked >= subscription.rules.max_parked && self.knows_new(s)
    }

    /// What the lease passed over waits behind its key, within the bound.
    fn passed_no_more_than_may_wait(&self, s: usize, step: &Step<'_>) -> Check {
        let after = step.figures.subscriptions[s].parked;
        let before = self.seen.subscriptions[s].parked;
        let max = self.subscriptions[s].rules.max_parked.max(before);
        ensure!(after <= max, "sub-{s}: a lease made parked {after}, more than {max}");
        Ok(())
    }

    /// Whether the model knows which messages the cursor has not passed.
    fn knows_new(&self, s: usize) -> bool {
        let subscription = &self.subscriptions[s];
        subscription.rules.ordering != Ordering::Key && !subscription.shared_out
    }

    fn size_fits(&self, s: usize, request: &LeaseRequest, grant: &Grant, now: Now) -> Check {
        let subscription = &self.subscriptions[s];
        let rules = &subscription.rules;
        let (messages, max) =
            (grant.len(), request.messages_max.min(rules.batch_messages) as usize);
        ensure!((1..=max).contains(&messages), "sub-{s}: {messages} messages, allowed {max}");
        let bytes: u64 = grant.parts.iter().map(|part| part.bytes() as u64).sum();
        ensure!(messages == 1 || bytes <= rules.batch_bytes, "sub-{s}: a lease of {bytes} bytes");
        if let Some(rate) = &subscription.rate {
            let allowed = rate.allowed(now.monotonic);
            ensure!(
                messages as u64 <= allowed,
                "sub-{s}: {messages} messages, rate allows {allowed}"
            );
        }
        Ok(())
    }

    /// The item that message `i` of a lease is, if it may be handed out.
    fn find_granted(
        &self,
        s: usize,
        grant: &Grant,
        (i, one): (usize, &Batch),
        now: Now,
    ) -> Check<Place> {
        let (id, history) = (one.ids()[0], grant.histories.of(i));
        let told = |history: History| History { deliveries: history.deliveries + 1, ..history };
        let may_take = |place| self.may_take(s, place, Some(grant.lease), now);
        let free = |place, item: &Item| {
            !item.is_leased()
                && item.parcel.is(one).is_ok()
                && told(item.history) == history
                && may_take(place).is_ok()
        };
        let Some(place) = self.subscriptions[s].find(id, free) else {
            return Err(format!("sub-{s}: {id} was handed out and is nobody's"));
        };
        may_take(place).map_err(|why| format!("sub-{s}: {place:?} was handed out, but {why}"))?;
        let item = &self.subscriptions[s].items[&place];
        let expected = told(item.history);
        ensure!(history == expected, "sub-{s}: {place:?} has {history:?}, not {expected:?}");
        item.parcel.is(one).map_err(|why| format!("sub-{s}: {place:?} {why}"))?;
        Ok(place)
    }

    fn hold_none(&mut self, s: usize, grant: &Grant, deadline: Option<Duration>) {
        let (generation, on_trial, items) = (grant.generation, grant.on_trial, Vec::new());
        let lease = LeaseModel { subscription: s, generation, on_trial, items, deadline };
        self.leases.insert(grant.lease, lease);
    }

    fn hold(&mut self, s: usize, place: Place, grant: &Grant, history: History) {
        if let Some(item) = self.subscriptions[s].items.get_mut(&place) {
            item.history = history;
            item.withheld = None;
            item.state = State::Leased(grant.lease);
        }
        if let Some(lease) = self.leases.get_mut(&grant.lease) {
            lease.items.push(place);
        }
    }

    /// Messages that were taken back since they are too old.
    pub(crate) fn take_back_expired(&mut self, step: &Step<'_>) -> Check {
        let expired = step.effects.taken_back.iter().filter(|taken| taken.why == Why::Expired);
        expired.into_iter().try_for_each(|taken| self.took_back_expired(taken, step.now))
    }

    fn took_back_expired(&mut self, taken: &TakenBack, now: Now) -> Check {
        let grant = &taken.grant;
        let s = grant.subscription.0 as usize;
        let rules = &self.subscriptions[s].rules;
        ensure!(!drops_expired(rules), "sub-{s}: expired messages are to be dropped");
        if let Exhausted::DeadLetter(dead) = rules.exhausted {
            let full = self.seen.topics[dead.0 as usize].full;
            ensure!(!full, "sub-{s}: expiry into a full dead-letter topic");
        }
        self.hold_none(s, grant, None);
        for (i, one) in messages(&grant.parts).enumerate() {
            let place = self.find_expired(s, &one, now)?;
            let (history, expected) =
                (grant.histories.of(i), self.subscriptions[s].items[&place].history);
            ensure!(history == expected, "sub-{s}: {place:?} has {history:?}, not {expected:?}");
            self.hold(s, place, grant, history);
            self.subscriptions[s].items.entry(place).and_modify(|item| item.lost_place = true);
        }
        Ok(())
    }

    fn find_expired(&self, s: usize, one: &Batch, now: Now) -> Check<Place> {
        let (id, subscription) = (one.ids()[0], &self.subscriptions[s]);
        let free = |_, item: &Item| {
            !item.is_leased() && item.is_expired(now.wall_ms) && item.parcel.is(one).is_ok()
        };
        let found = subscription.find(id, free);
        let found = found.filter(|place| free(*place, &subscription.items[place]));
        found.ok_or_else(|| format!("sub-{s}: {id} was taken back as too old"))
    }
}

/// The messages of a lease, each as a batch of its own.
pub(crate) fn messages(parts: &[Batch]) -> impl Iterator<Item = Batch> {
    parts.iter().flat_map(|part| (0..part.len()).map(move |i| part.slice(i..i + 1)))
}
