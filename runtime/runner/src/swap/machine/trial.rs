//! While it has messages: the version is on trial, until that ends one way or the other.

use std::time::Duration;

use super::{Effect, Event, Machine, State};
use crate::swap::judgement::worse;
use crate::swap::stage::Stage;

/// When a trial is looked at first: what fails on everything must not have everything for long.
pub(super) const LOOK_FIRST: Duration = Duration::from_millis(5);
/// How often it is looked at later.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How much longer than its time a trial waits for the first answer of a version that is at work.
pub(super) const FIRST_ANSWER_MAX: Duration = Duration::from_secs(10 * 60);

impl Machine {
    pub(super) fn beginning(
        &mut self,
        event: Event,
        end: Option<String>,
        now: Duration,
    ) -> Option<Effect> {
        match (event, end) {
            (Event::Done, Some(why)) => self.roll_back(why),
            (Event::Done, None) => {
                let canary = self.options.canary.is_some();
                self.reached = if canary { Stage::Canary } else { Stage::Probation };
                self.watch(now)
            }
            (Event::Failed(_, why), _) => self.refuse(Stage::Probation, why),
            (Event::Withdraw(why), end) => self.stay(State::Beginning(end.or(Some(why)))),
            (_, end) => self.stay(State::Beginning(end)),
        }
    }

    /// The trial's time begins.
    fn watch(&mut self, now: Duration) -> Option<Effect> {
        if self.options.probation.is_zero() {
            self.state = State::Promoting;
            return Some(Effect::Promote);
        }
        let until = now + self.options.probation;
        self.state = State::Trial { since: now, until };
        Some(Effect::LookAt(until.min(now + LOOK_FIRST)))
    }

    pub(super) fn on_trial(
        &mut self,
        event: Event,
        (since, until): (Duration, Duration),
        now: Duration,
    ) -> Option<Effect> {
        let (old, new, busy) = match event {
            Event::Measured { old, new, busy } => (old, new, busy),
            Event::Withdraw(why) | Event::Failed(_, why) => return self.roll_back(why),
            Event::Done | Event::Compared { .. } => {
                return self.stay(State::Trial { since, until });
            }
        };
        let over = now >= until;
        if let Some(why) = worse(&old, &new, over) {
            return self.roll_back(why);
        }
        let unheard = new.messages == 0 && busy;
        if unheard && now >= until + FIRST_ANSWER_MAX {
            return self.roll_back("it has messages in hand and answers none".to_owned());
        }
        if !over || unheard {
            self.state = State::Trial { since, until };
            // Twice as long after its beginning as this one, until they come evenly.
            let next = now + now.saturating_sub(since).clamp(LOOK_FIRST, LOOK_EVERY);
            return Some(Effect::LookAt(if over { next } else { next.min(until) }));
        }
        if self.reached == Stage::Canary {
            self.state = State::Widening(None);
            return Some(Effect::Widen);
        }
        self.state = State::Promoting;
        Some(Effect::Promote)
    }

    pub(super) fn widening(
        &mut self,
        event: Event,
        end: Option<String>,
        now: Duration,
    ) -> Option<Effect> {
        match (event, end) {
            (Event::Done, Some(why)) | (Event::Failed(_, why), _) => self.roll_back(why),
            (Event::Done, None) => {
                self.reached = Stage::Probation;
                self.watch(now)
            }
            (Event::Withdraw(why), end) => self.stay(State::Widening(end.or(Some(why)))),
            (_, end) => self.stay(State::Widening(end)),
        }
    }

    /// What is decided stays so: whoever wants the old version back asks for another swap.
    pub(super) fn promoting(&mut self, event: Event) -> Option<Effect> {
        match event {
            Event::Done => self.end(Stage::Promoted, None),
            Event::Failed(_, why) => self.roll_back(why),
            _ => self.stay(State::Promoting),
        }
    }

    fn roll_back(&mut self, why: String) -> Option<Effect> {
        self.state = State::RollingBack(why.clone());
        Some(Effect::RollBack(why))
    }

    /// The old version serves, whether the queue could keep that or not.
    pub(super) fn rolling_back(&mut self, event: Event, why: String) -> Option<Effect> {
        match event {
            Event::Done | Event::Failed(..) => {
                self.end(Stage::RolledBack, Some((self.reached, why)))
            }
            _ => self.stay(State::RollingBack(why)),
        }
    }
}
