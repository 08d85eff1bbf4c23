//! Before it has any effect: the version is looked at, step by step.

use super::{Effect, Event, Machine, State};
use crate::swap::judgement::worse;
use crate::swap::stage::Stage;

impl Machine {
    pub(super) fn checking(&mut self, event: Event) -> Option<Effect> {
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
}
