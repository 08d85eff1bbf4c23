//! What becomes of a message, in the model's words.

use millstream_queue::{DeadLetterReason, History, SubscriptionFigures};

/// What must become of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fated {
    Handled,
    Filtered,
    Dropped,
    ExpiredDropped,
    DeadLettered(DeadLetterReason, History),
    Parked {
        history: History,
        alone: bool,
        delay_ms: u32,
    },
    Returned,
    /// Nothing yet: a version on trial failed on it.
    Withheld(Kept),
}

/// What becomes of a message if the version on trial is promoted that failed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Retry { history: History, alone: bool, delay_ms: u32 },
    Letter(DeadLetterReason, History),
    Drop { failed: bool },
}

impl Kept {
    pub(in crate::model) fn is_failure(self) -> bool {
        match self {
            Self::Retry { .. } => true,
            Self::Letter(reason, _) => reason == DeadLetterReason::Exhausted,
            Self::Drop { failed } => failed,
        }
    }
}

impl Fated {
    /// Counts a message that is gone.
    pub(super) fn count(self, counts: &mut SubscriptionFigures) {
        match self {
            Self::Handled => counts.handled += 1,
            Self::Filtered => counts.filtered += 1,
            Self::Dropped => counts.dropped += 1,
            Self::ExpiredDropped => counts.expired_dropped += 1,
            Self::DeadLettered(DeadLetterReason::Rejected, _) => counts.rejected += 1,
            Self::DeadLettered(DeadLetterReason::Exhausted, _) => counts.exhausted += 1,
            Self::DeadLettered(DeadLetterReason::Expired, _) => counts.expired += 1,
            Self::DeadLettered(DeadLetterReason::Crashed, _) => counts.crashed += 1,
            Self::Returned | Self::Parked { .. } | Self::Withheld(_) => {}
        }
    }

    /// Whether the subscription is not done with the message.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Parked { .. } | Self::Returned | Self::Withheld(_))
    }

    /// A version on trial gives nothing up.
    pub(super) fn on_trial(self, failed: bool) -> Self {
        match self {
            Self::Parked { history, alone, delay_ms } => {
                Self::Withheld(Kept::Retry { history, alone, delay_ms })
            }
            Self::DeadLettered(reason, history) => Self::Withheld(Kept::Letter(reason, history)),
            Self::Dropped => Self::Withheld(Kept::Drop { failed }),
            stands => stands,
        }
    }
}

impl Kept {
    /// The version that failed on it is promoted.
    pub(in crate::model) fn stands(self) -> Fated {
        match self {
            Self::Retry { history, alone, delay_ms } => Fated::Parked { history, alone, delay_ms },
            Self::Letter(reason, history) => Fated::DeadLettered(reason, history),
            Self::Drop { .. } => Fated::Dropped,
        }
    }
}
