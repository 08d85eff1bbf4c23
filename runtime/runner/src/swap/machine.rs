//! What a swap does next, decided purely: no clock, no I/O, no waiting.
//!
//! ```text
//! received ─▶ verified ─▶ compiled ─▶ imports ─▶ configured ─▶ shadowing? ─▶ canary? ─▶ probation ─▶ promoted
//!     └──────────┴───────────┴───────────┴───────────┴────────────┤             └───────────┤
//!                                                               refused                rolled back
//! ```

mod checking;
mod trial;
mod vocabulary;

use std::time::Duration;

pub(super) use self::vocabulary::{Effect, Event};
use super::options::SwapOptions;
use super::stage::Stage;

/// One swap.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    options: SwapOptions,
    state: State,
    /// Where it is, or was before it ended, and how it ended.
    reached: Stage,
    /// Why it ended as it did, and on the way to which stage; none while it goes on or went well.
    reason: Option<(Stage, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// The version is looked at; it has no effect yet.
    Checking,
    /// It is being put on trial, and must be taken back at once for the reason there is.
    Beginning(Option<String>),
    /// It has messages.
    Trial {
        since: Duration,
        until: Duration,
    },
    Widening(Option<String>),
    Promoting,
    RollingBack(String),
    Ended,
}

impl Machine {
    pub(super) fn new(options: SwapOptions) -> Self {
        Self { options, state: State::Checking, reached: Stage::Received, reason: None }
    }

    /// What the swap begins with.
    pub(super) fn first(&self) -> Effect {
        Effect::Verify
    }

    pub(super) fn reached(&self) -> Stage {
        self.reached
    }

    pub(super) fn reason(&self) -> Option<&(Stage, String)> {
        self.reason.as_ref()
    }

    /// When the canary or the probation is over.
    pub(super) fn until(&self) -> Option<Duration> {
        match self.state {
            State::Trial { until, .. } => Some(until),
            _ => None,
        }
    }

    /// One step; none: nothing is to be done, since it has ended.
    pub(super) fn step(&mut self, event: Event, now: Duration) -> Option<Effect> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Checking => self.checking(event),
            State::Beginning(end) => self.beginning(event, end, now),
            State::Trial { since, until } => self.on_trial(event, (since, until), now),
            State::Widening(end) => self.widening(event, end, now),
            State::Promoting => self.promoting(event),
            State::RollingBack(why) => self.rolling_back(event, why),
            State::Ended => None,
        }
    }

    fn refuse(&mut self, stage: Stage, why: String) -> Option<Effect> {
        self.end(Stage::Refused, Some((stage, why)))
    }

    fn end(&mut self, stage: Stage, reason: Option<(Stage, String)>) -> Option<Effect> {
        self.state = State::Ended;
        self.reached = stage;
        self.reason = reason;
        None
    }

    /// The event changes nothing, and whatever was to be done is still being done.
    fn stay(&mut self, state: State) -> Option<Effect> {
        self.state = state;
        None
    }
}

#[cfg(test)]
mod tests;
