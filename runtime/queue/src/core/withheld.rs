//! What a version on trial failed on: it waits, as it was, until the trial is decided. Then what the
//! version made of it stands, or the version that served before gets it.

use std::time::Duration;

use millstream_message::SubscriptionId;

use super::lease::{HOUSE, Lease};
use super::pending::{Pending, Place};
use super::serving::{TRIAL, Tally};
use super::subscription::Subscription;
use super::{Core, Effects, MAX_STEP_MESSAGES};
use crate::clock::Now;
use crate::dead_letter::DeadLetterReason;
use crate::judge::{Fate, Fates, Judged, Outcome};
use crate::publication::Publication;

impl Core {
    /// Counts what a version's worker said.
    pub(super) fn tally(&mut self, place: usize, lease: &Lease, judged: &Judged) {
        let generation = lease.grant.generation;
        if generation == HOUSE {
            return;
        }
        let serving = &mut self.subscriptions[place].serving;
        let lane = if serving.is_on_trial(generation) { TRIAL } else { 0 };
        let tally = &mut serving.tallies[lane];
        *tally = tally.plus(Tally::of(judged, lease.grant.len() as u64));
    }

    /// Whoever decides on a trial is told once that it lets nothing go on.
    pub(super) fn tell_if_full(&mut self, place: usize, effects: &mut Effects) {
        let subscription = &mut self.subscriptions[place];
        let full = subscription.is_full_of_withheld();
        let Some(trial) = &mut subscription.serving.trial else { return };
        if full && !std::mem::replace(&mut trial.told_full, true) {
            effects.trial_full.push(SubscriptionId(place as u32));
        }
    }

    /// What was withheld in trials that are decided goes on: at most a step's work. Until all has,
    /// the next step is due at once.
    pub(super) fn go_on_withheld(&mut self, now: Now, effects: &mut Effects) {
        let mut left = MAX_STEP_MESSAGES;
        for place in self.deciding.clone() {
            left = self.go_on_one(place as usize, left, now, effects);
            if left == 0 {
                break;
            }
        }
        if !self.deciding.is_empty() {
            effects.tick_by(now.monotonic);
        }
    }

    fn go_on_one(
        &mut self,
        place: usize,
        mut left: usize,
        now: Now,
        effects: &mut Effects,
    ) -> usize {
        let promoted = self.subscriptions[place].serving.decided == Some(true);
        while left > 0 {
            let Some(pending) = self.subscriptions[place].parking.take_withheld() else {
                self.subscriptions[place].serving.decided = None;
                self.deciding.remove(&(place as u32));
                break;
            };
            left -= 1;
            self.go_on(place, pending, promoted, now, effects);
        }
        let topic = self.subscriptions[place].rules.topic;
        self.make_room(topic, now, effects);
        self.wake_if_waiting(SubscriptionId(place as u32), effects);
        left
    }

    fn go_on(
        &mut self,
        place: usize,
        mut pending: Pending,
        promoted: bool,
        now: Now,
        effects: &mut Effects,
    ) {
        let outcome = match &mut pending.place {
            Place::Copy(copied) => copied.withheld.take(),
            Place::Log(_) => None,
        };
        let Some(outcome) = outcome.filter(|_| promoted) else {
            return self.park_again(place, pending, Duration::ZERO);
        };
        self.subscriptions[place].counters.failed += u64::from(outcome.is_failure());
        match *outcome {
            Outcome::Retry { history, alone, due } => {
                self.park_again(place, Pending { history, alone, ..pending }, due);
            }
            Outcome::Letter { reason, letter, stored } => {
                let letter_id = letter.get(0).id();
                self.end_withheld(place, &pending, Fate::DeadLettered(reason, letter_id), effects);
                let mut publication = Publication::now(letter);
                publication.visible.iter_mut().for_each(|arrival| arrival.stored = stored);
                if let Some(topic) = self.dead_letter_topic(place) {
                    self.append(topic, publication, now, effects);
                }
            }
            Outcome::Drop { .. } => self.end_withheld(place, &pending, Fate::Dropped, effects),
        }
    }

    /// The subscription is done with a message that was withheld.
    fn end_withheld(&mut self, place: usize, pending: &Pending, fate: Fate, effects: &mut Effects) {
        let Some(message) = pending.copy().cloned() else { return };
        self.one(place, pending.clone(), message.get(0), fate, effects);
        self.subscriptions[place].keys.forget_parked(pending.hash);
    }
}

impl Subscription {
    /// Whether no more messages may wait, and that because of what is withheld: messages behind keys
    /// that are at work or retried soon make room by themselves.
    fn is_full_of_withheld(&self) -> bool {
        let withheld = self.parking.withheld();
        let goes_on = self.counters.in_flight > 0
            || self.available_messages > 0
            || self.keys.has_ready()
            || self.parking.len() > 2 * withheld;
        let most = 2 * withheld >= self.rules.max_parked;
        self.is_parking_full() && withheld > 0 && (most || !goes_on)
    }
}

impl Tally {
    /// What a settlement says of `messages` messages.
    fn of(judged: &Judged, messages: u64) -> Self {
        let Fates::Each(fates) = &judged.fates else {
            let handled = if matches!(judged.fates, Fates::AllHandled) { messages } else { 0 };
            return Self { handled, ..Self::default() };
        };
        let mut tally = Self { failed: judged.failed, ..Self::default() };
        for fate in fates {
            match fate {
                Fate::Handled => tally.handled += 1,
                Fate::DeadLettered(DeadLetterReason::Rejected, _) => tally.rejected += 1,
                Fate::Withheld(one) if one.outcome.is_failure() => tally.failed += 1,
                Fate::Withheld(_) => tally.rejected += 1,
                _ => {}
            }
        }
        tally
    }
}
