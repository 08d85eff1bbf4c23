//! Time: what must have happened by now, and when the core must be looked at again.

use std::time::Duration;

use millstream_queue::core::Why;
use millstream_queue::{Exhausted, LeaseId, NEVER, Now};

use super::granting::messages;
use super::{Check, LeaseModel, Model, Step, ensure};

/// How long a change of the wall clock may go unnoticed.
const WALL_CLOCK_CHECK: Duration = Duration::from_secs(1);

/// Leases that one tick ends at most.
const EXPIRED_PER_TICK_MAX: usize = 64;

impl Model {
    pub(crate) fn tick(&mut self, step: &Step<'_>) -> Check {
        let now = step.now;
        self.latest_ms = self.latest_ms.max(now.wall_ms);
        self.end_overdue(step)?;
        for t in 0..self.topics.len() {
            while let Some(due) = self.topics[t].delayed.first_entry() {
                if due.key().0 > now.wall_ms {
                    break;
                }
                let parcel = due.remove();
                self.show(t, parcel, now.monotonic);
            }
        }
        self.take_back_expired(step)?;
        self.follow_letters(step)?;
        (0..self.topics.len()).try_for_each(|t| self.tick_line(t, step))?;
        self.follow_dropped(step);
        Ok(())
    }

    pub(crate) fn follow_dropped(&mut self, step: &Step<'_>) {
        let told = step.figures.subscriptions.iter().map(|figures| figures.expired_dropped);
        for (subscription, told) in self.subscriptions.iter_mut().zip(told) {
            subscription.follow_dropped(told, step.now.wall_ms);
        }
    }

    /// Leases whose deadline passed go back to the caller under new names.
    fn end_overdue(&mut self, step: &Step<'_>) -> Check {
        let due = |lease: &LeaseModel| lease.deadline.filter(|due| *due <= step.now.monotonic);
        let mut overdue: Vec<(Duration, LeaseId)> =
            self.leases.iter().filter_map(|(id, lease)| due(lease).map(|due| (due, *id))).collect();
        overdue.sort();
        overdue.truncate(EXPIRED_PER_TICK_MAX);
        let taken_back = &step.effects.taken_back;
        let taken = taken_back.iter().filter(|taken| taken.why == Why::DeadlinePassed);
        let taken: Vec<_> = taken.map(|taken| &taken.grant).collect();
        let (found, expected) = (taken.len(), overdue.len());
        ensure!(found == expected, "{found} deadlines passed, not {expected}");
        for ((_, id), grant) in overdue.into_iter().zip(taken) {
            let Some(mut lease) = self.leases.remove(&id) else { continue };
            let items = &mut self.subscriptions[lease.subscription].items;
            let held: Vec<_> = lease.items.iter().map(|place| items[place].parcel.id).collect();
            let given: Vec<_> = messages(&grant.parts).map(|one| one.ids()[0]).collect();
            ensure!(held == given, "{id:?} held {held:?}, and {given:?} came back");
            ensure!(!self.leases.contains_key(&grant.lease), "{:?} twice", grant.lease);
            for place in &lease.items {
                items
                    .entry(*place)
                    .and_modify(|item| item.state = super::State::Leased(grant.lease));
            }
            lease.deadline = None;
            self.leases.insert(grant.lease, lease);
        }
        Ok(())
    }

    /// Publishers whose patience has ended leave, those who fit are let in.
    fn tick_line(&mut self, t: usize, step: &Step<'_>) -> Check {
        let now = step.now;
        // Room that appears when patience ends may come too late.
        self.admit_as_room_appears(t, step)?;
        let left = &step.effects.expired_tickets;
        while let Some(first) = self.topics[t].line.front().filter(|one| left.contains(&one.ticket))
        {
            let gives_up = first.gives_up;
            ensure!(gives_up <= now.monotonic, "topic-{t}: gave up before {gives_up:?}");
            let topic = &mut self.topics[t];
            if let Some(mut first) = topic.line.pop_front() {
                let (ids, before) = (topic.ids.clone(), topic.duplicates);
                topic.sift(&mut first.posted, now.wall_ms);
                topic.perhaps_duplicates += topic.duplicates - before;
                (topic.ids, topic.duplicates) = (ids, before);
            }
        }
        self.admit(t, now)?;
        let patient = |first: &super::topic::Waiting| first.gives_up > now.monotonic;
        let first = self.topics[t].line.front();
        ensure!(first.is_none_or(patient), "topic-{t}: the first in line waits too long");
        Ok(())
    }

    /// The latest time at which the timekeeper must look, as far as it can know. `wall_is_known`:
    /// it has looked since the wall clock was set.
    pub(crate) fn look_by(&self, now: Now, wall_is_known: bool) -> Option<Duration> {
        let deadlines = self.leases.values().filter_map(|lease| lease.deadline);
        let lines = self.topics.iter().filter_map(|topic| Some(topic.line.front()?.gives_up));
        let until = |at_ms: u64| {
            let left = Duration::from_millis(at_ms.saturating_sub(now.wall_ms));
            let least = if wall_is_known { Duration::ZERO } else { WALL_CLOCK_CHECK };
            // The wall clock is read in whole milliseconds.
            now.monotonic + left.clamp(least, WALL_CLOCK_CHECK) + Duration::from_millis(1)
        };
        let delayed = self.topics.iter().filter_map(|t| Some(until(t.delayed.keys().next()?.0)));
        // What was delivered before is found by a lease, and a full dead-letter topic is waited for.
        let waits = |s: usize| self.is_expiry_blocked(s);
        let topics = self.topics.iter().filter(|topic| !topic.readers.iter().any(|s| waits(*s)));
        let readers =
            topics.flat_map(|topic| topic.readers.iter().map(|s| &self.subscriptions[*s]));
        let expiring = readers
            .flat_map(|subscription| &subscription.items)
            .filter(|(place, item)| item.is_fresh(**place) && !item.is_leased())
            .map(|(_, item)| item.parcel.expires_ms)
            .filter(|at_ms| *at_ms != NEVER && *at_ms > now.wall_ms.max(self.latest_ms))
            .map(until)
            .map(|at| at.max(now.monotonic + WALL_CLOCK_CHECK));
        deadlines.chain(lines).chain(delayed).chain(expiring).min()
    }

    fn is_expiry_blocked(&self, s: usize) -> bool {
        match self.subscriptions[s].rules.exhausted {
            Exhausted::DeadLetter(dead) => self.seen.topics[dead.0 as usize].full,
            Exhausted::Drop => false,
        }
    }

    /// A worker sleeps although there is something for it.
    pub(crate) fn find_lost_wake_up(&self, now: Now) -> Check {
        for (s, subscription) in self.subscriptions.iter().enumerate().filter(|(_, one)| !one.gone)
        {
            for (lane, sleepers) in subscription.sleepers.iter().enumerate() {
                let own = subscription.keys_of(lane);
                let Some(own) = own.filter(|_| sleepers.all_asleep(now.monotonic)) else {
                    continue;
                };
                let denied = self.must_grant(s, own, now);
                ensure!(denied.is_none(), "sub-{s}: nobody was woken for {denied:?}, lane {lane}");
            }
        }
        Ok(())
    }
}
