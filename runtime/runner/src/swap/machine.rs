//! What a swap does next, decided purely: no clock, no I/O, no waiting.
//!
//! ```text
//! received ─▶ verified ─▶ compiled ─▶ imports ─▶ configured ─▶ shadowing? ─▶ canary? ─▶ probation ─▶ promoted
//!     └──────────┴───────────┴───────────┴───────────┴────────────┤             └───────────┤
//!                                                               refused                rolled back
//! ```

use std::time::Duration;

use super::judgement::{Sample, worse};
use super::options::SwapOptions;
use super::stage::Stage;

/// When a trial is looked at first: what fails on everything must not have everything for long.
const LOOK_FIRST: Duration = Duration::from_millis(5);
/// How often it is looked at later.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How much longer than its time a trial waits for the first answer of a version that is at work.
const FIRST_ANSWER_MAX: Duration = Duration::from_secs(10 * 60);

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// What was to be done is done.
    Done,
    /// It could not be done, on the way to this stage.
    Failed(Stage, String),
    /// Both versions were run on the same messages.
    Compared { old: Sample, new: Sample },
    /// What both versions did in the trial so far; whether the new one is at work this moment.
    Measured { old: Sample, new: Sample, busy: bool },
    /// The swap must end, for this reason.
    Withdraw(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// See whether the bytes are a plugin.
    Verify,
    /// Compile them.
    Compile,
    /// See whether its imports are there and granted.
    CheckImports,
    /// Start it, so that it looks at its configuration.
    Configure,
    /// Run both versions on so many messages.
    Shadow(u32),
    /// Put it on trial for a share of the keys, in percent.
    Begin(u8),
    /// Give it all keys.
    Widen,
    /// Measure both versions at this time.
    LookAt(Duration),
    /// Let it serve.
    Promote,
    /// End its trial.
    RollBack(String),
}

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

    fn checking(&mut self, event: Event) -> Option<Effect> {
        match event {
            Event::Done => self.checked(),
            Event::Compared { old, new } => match worse(&old, &new, true) {
                Some(why) => self.refuse(Stage::Shadowing, why),
                None => self.begin(),
            },
            Event::Failed(stage, why) => self.refuse(stage, why),
            Event::Withdraw(why) => self.refuse(self.next(), why),
            Event::Measured { .. } => self.stay(State::Checking),
        }
    }

    /// One more check is passed.
    fn checked(&mut self) -> Option<Effect> {
        self.reached = self.next();
        self.state = State::Checking;
        match self.reached {
            Stage::Verified => Some(Effect::Compile),
            Stage::Compiled => Some(Effect::CheckImports),
            Stage::Imports => Some(Effect::Configure),
            Stage::Configured if self.options.shadow > 0 => {
                self.reached = Stage::Shadowing;
                Some(Effect::Shadow(self.options.shadow))
            }
            _ => self.begin(),
        }
    }

    /// What is being worked on.
    fn next(&self) -> Stage {
        match self.reached {
            Stage::Received => Stage::Verified,
            Stage::Verified => Stage::Compiled,
            Stage::Compiled => Stage::Imports,
            Stage::Imports => Stage::Configured,
            _ => Stage::Shadowing,
        }
    }

    fn begin(&mut self) -> Option<Effect> {
        self.state = State::Beginning(None);
        Some(Effect::Begin(self.options.canary.unwrap_or(100)))
    }

    fn beginning(&mut self, event: Event, end: Option<String>, now: Duration) -> Option<Effect> {
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

    fn on_trial(
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

    fn widening(&mut self, event: Event, end: Option<String>, now: Duration) -> Option<Effect> {
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
    fn promoting(&mut self, event: Event) -> Option<Effect> {
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
    fn rolling_back(&mut self, event: Event, why: String) -> Option<Effect> {
        match event {
            Event::Done | Event::Failed(..) => {
                self.end(Stage::RolledBack, Some((self.reached, why)))
            }
            _ => self.stay(State::RollingBack(why)),
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
