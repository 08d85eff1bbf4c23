//! What a swap is told, and what it says in return.

use std::time::Duration;

use crate::swap::judgement::Sample;
use crate::swap::stage::Stage;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::swap) enum Event {
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
pub(in crate::swap) enum Effect {
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
