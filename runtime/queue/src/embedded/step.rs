//! One step of the core, with the journal around it where there is one.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use crate::clock::Now;
use crate::core::{Absent, Answer, Effects, Event, Refusal};
use crate::journal::{Damage, Keeper, Stamp, digest};
use crate::rules::LeaseRequest;

use super::state::State;
use super::{Browsed, EmbeddedBroker};

/// What came of a step, and the record that tells it: 0 where nothing was recorded.
pub(super) struct Stepped {
    pub(super) answer: Answer,
    pub(super) record: u64,
    /// The record that holds the newest of the granted messages.
    pub(super) messages: u64,
}

impl EmbeddedBroker {
    /// One step of the core and everything that follows from it, except the answer.
    pub(super) fn step(&self, event: Event) -> Stepped {
        self.step_with(event, |_, _| {})
    }

    /// As [`EmbeddedBroker::step`]; `within` sees the answer while the lock is held.
    pub(super) fn step_with(
        &self,
        mut event: Event,
        within: impl FnOnce(&mut State, &Answer),
    ) -> Stepped {
        let Some(keeper) = &self.keeper else {
            let now = self.clock.now();
            let mut state = self.lock();
            let (answer, effects) = state.core.step(event, now);
            within(&mut state, &answer);
            self.follow(state, effects, 0);
            return Stepped { answer, record: 0, messages: 0 };
        };
        let known = self.knows_handler(&event);
        let body = keeper.encode(&event, known);
        let (mut state, now) = self.lock_with(keeper, &event);
        // Another handler may have been recorded meanwhile.
        let body = match self.knows_handler(&event) == known {
            true => body,
            false => keeper.encode(&event, false),
        };
        let request = lease_request(&event);
        if let Some(body) = &body {
            keeper.locate(&mut event, body);
        }
        let (answer, effects) = state.core.step(event, now);
        let refused = matches!(answer, Answer::Refused(_));
        let nothing_new = matches!(answer, Answer::Refused(Refusal::Unknown | Refusal::TooLarge));
        let mut record = 0;
        if let Some(body) = body.filter(|_| !nothing_new) {
            let outcome = digest(&answer, &effects, &state.core);
            record = keeper.append(body, Stamp { now, outcome }, &state.core);
            state.last = record;
            self.remember_handler(request.filter(|_| !refused));
        }
        let messages = self.mark(keeper, &mut state, &answer, &effects, record);
        let freed = keeper.evict(&mut state.core);
        within(&mut state, &answer);
        self.follow(state, effects, record);
        drop(freed);
        Stepped { answer, record, messages }
    }

    /// The lock, with everything in memory that the event may look at if it happens now.
    fn lock_with(&self, keeper: &Keeper, event: &Event) -> (MutexGuard<'_, State>, Now) {
        loop {
            let state = self.lock();
            let now = self.clock.now();
            let absent = state.core.absent(event, now);
            if absent.is_empty() || keeper.has_failed() {
                return (state, now);
            }
            drop(state);
            let fetched: Vec<(Absent, _)> = absent
                .into_iter()
                .map(|one| {
                    let batch = keeper.fetch(&one.stored);
                    (one, batch)
                })
                .collect();
            let mut state = self.lock();
            for (absent, batch) in fetched {
                match batch {
                    Ok(batch) => state.core.restore(&absent, batch),
                    Err(damage) => self.unreadable(keeper, &state, &absent, &damage),
                }
            }
            let now = self.clock.now();
            if state.core.absent(event, now).is_empty() {
                return (state, now);
            }
        }
    }

    /// Messages that are still wanted and cannot be read end the journal: they are not passed over.
    fn unreadable(&self, keeper: &Keeper, state: &State, absent: &Absent, damage: &Damage) {
        if state.core.is_absent(absent) {
            keeper.fail(&format!("reading messages back: {damage}"));
        }
    }

    /// Notes which record holds what became visible, and finds the one that a grant waits for.
    fn mark(
        &self,
        keeper: &Keeper,
        state: &mut State,
        answer: &Answer,
        effects: &Effects,
        record: u64,
    ) -> u64 {
        let durable = keeper.durable_now();
        for topic in &effects.grown {
            let end = state.core.end_of(*topic).unwrap_or(0);
            if let Some(marks) = state.marks.get_mut(topic.0 as usize) {
                marks.grown(end, record, durable);
            }
        }
        match answer {
            Answer::Granted(grant) if grant.end == u64::MAX => record,
            Answer::Granted(grant) => {
                let shelf = self.shelves.subscription(grant.subscription);
                let topic = shelf.map_or(usize::MAX, |shelf| shelf.rules.topic.0 as usize);
                state.marks.get(topic).map_or(0, |marks| marks.record_of(grant.end))
            }
            _ => 0,
        }
    }

    fn knows_handler(&self, event: &Event) -> bool {
        let Event::Lease(request) = event else { return true };
        let Some(shelf) = self.shelves.subscription(request.subscription) else { return false };
        let recorded = shelf.recorded.lock();
        recorded.is_ok_and(|one| one.as_ref().is_some_and(|one| Arc::ptr_eq(one, &request.handler)))
    }

    fn remember_handler(&self, request: Option<LeaseRequest>) {
        let Some(request) = request else { return };
        let Some(shelf) = self.shelves.subscription(request.subscription) else { return };
        if let Ok(mut recorded) = shelf.recorded.lock() {
            *recorded = Some(request.handler);
        }
    }

    /// Tells everybody concerned; takes the lock to let it go first.
    pub(super) fn follow(&self, mut state: MutexGuard<'_, State>, effects: Effects, record: u64) {
        let rearm = effects.tick_at.is_some_and(|due| due < state.armed);
        if rearm {
            state.armed = effects.tick_at.unwrap_or(std::time::Duration::MAX);
        }
        state.answer_waiting(&effects, record);
        let quiet = self.quiet_wanted.load(Ordering::Relaxed) > 0 && state.core.is_quiet();
        drop(state);
        for shelf in effects.wake.into_iter().filter_map(|id| self.shelves.subscription(id)) {
            shelf.wakes.one();
        }
        for shelf in effects.ask_again.into_iter().filter_map(|id| self.shelves.subscription(id)) {
            shelf.wakes.all();
        }
        if !effects.trial_full.is_empty() {
            self.trial_full.notify_waiters();
        }
        if rearm {
            self.rearm.notify_one();
        }
        if quiet {
            self.quiet.notify_waiters();
        }
        for (topic, first, batch) in effects.appended {
            self.show(topic, Browsed { first, batch }, record);
        }
        for taken in effects.taken_back {
            self.settle_taken_back(taken);
        }
    }
}

fn lease_request(event: &Event) -> Option<LeaseRequest> {
    match event {
        Event::Lease(request) => Some(request.clone()),
        _ => None,
    }
}
