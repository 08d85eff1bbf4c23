//! Which versions of its plugin a subscription is served by, and which messages each may have.

use std::ops::Range;

use super::subscription::Subscription;
use super::{Core, Refusal};
use crate::codec::codec_struct;
use crate::rules::{KeyRange, LeaseRequest, Share};

/// The lane of the version on trial; the other is that of the version that served before.
pub(super) const TRIAL: usize = 1;

/// Whose workers may have messages. Versions are known by their workers' generations.
#[derive(Clone, Debug, Default)]
pub(super) struct Serving {
    /// The version that serves; older generations get nothing any more.
    pub(super) generation: u64,
    /// Generations below get no more messages, though they may settle what they have.
    pub(super) retired_below: u64,
    /// Generations whose trial ended without success.
    pub(super) failed: Range<u64>,
    pub(super) trial: Option<Lane>,
    /// What was withheld in a trial that is decided has not all gone on yet: promoted or not.
    pub(super) decided: Option<bool>,
    /// What became of messages since these versions came.
    pub(super) tallies: [Tally; 2],
}

/// A version on trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) generation: u64,
    pub(super) share: Share,
    /// The caller was told that no more messages may wait.
    pub(super) told_full: bool,
}

/// Messages by what a version's workers said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Handled.
    pub handled: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Refused by the handler.
    pub rejected: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            handled: self.handled + more.handled,
            failed: self.failed + more.failed,
            rejected: self.rejected + more.rejected,
        }
    }
}

/// Which messages a lease may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// Those with such keys; none: all.
    pub(super) keys: Option<KeyRange>,
    /// All of one version's, and nothing else.
    pub(super) lane: Option<usize>,
    pub(super) on_trial: bool,
}

impl Serving {
    /// Whether workers of `generation` get nothing any more.
    pub(super) fn is_over(&self, generation: u64) -> bool {
        generation < self.retired_below || self.failed.contains(&generation)
    }

    pub(super) fn is_on_trial(&self, generation: u64) -> bool {
        self.trial.is_some_and(|trial| trial.generation == generation)
    }

    /// What a worker may have; none: nothing, as long as the trial goes on.
    pub(super) fn scope(&self, request: &LeaseRequest) -> Option<Scope> {
        let Some(trial) = self.trial else {
            return Some(Scope { keys: request.keys, lane: None, on_trial: false });
        };
        let on_trial = request.generation == trial.generation;
        let keys = if on_trial { Some(trial.share.keys()) } else { trial.share.rest() }?;
        let lane = request.keys.is_none().then_some(usize::from(on_trial));
        let keys = keys.intersection(request.keys.unwrap_or(KeyRange::ALL))?;
        Some(Scope { keys: Some(keys).filter(|keys| *keys != KeyRange::ALL), lane, on_trial })
    }

    /// A version with other workers serves from now on; those of before get nothing any more.
    pub(super) fn replace(&mut self, generation: u64) {
        self.generation = generation;
        self.retired_below = self.retired_below.max(generation);
        self.failed = 0..0;
    }

    /// All workers are gone with their process.
    pub(super) fn forget_workers(&mut self) {
        self.retired_below = 0;
        self.failed = 0..0;
    }
}

impl Subscription {
    /// Whom what waits is for has changed.
    pub(super) fn share_out_anew(&mut self) {
        self.passed = [0; 2];
        self.parking.share_out_anew();
        let share = self.serving.trial.map(|trial| trial.share.keys());
        self.keys.share_out(share);
    }
}

impl Core {
    pub(super) fn scope(&self, request: &LeaseRequest) -> Result<Option<Scope>, Refusal> {
        let place = request.subscription.0 as usize;
        let subscription = self.subscriptions.get(place).ok_or(Refusal::Unknown)?;
        let over = subscription.serving.is_over(request.generation);
        if over || request.generation < subscription.fenced_below {
            return Err(Refusal::Fenced);
        }
        Ok(subscription.serving.scope(request))
    }
}

codec_struct!(Lane { generation, share, told_full });
codec_struct!(Tally { handled, failed, rejected });

impl crate::codec::Codec for Serving {
    fn put(&self, out: &mut Vec<u8>) {
        (self.generation, self.retired_below).put(out);
        self.failed.put(out);
        self.trial.put(out);
        self.decided.put(out);
        (self.tallies[0], self.tallies[1]).put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, crate::codec::Malformed> {
        let (generation, retired_below) = crate::codec::Codec::get(from)?;
        let (failed, trial) = (crate::codec::Codec::get(from)?, crate::codec::Codec::get(from)?);
        let decided = crate::codec::Codec::get(from)?;
        let (old, new) = crate::codec::Codec::get(from)?;
        Ok(Self { generation, retired_below, failed, trial, decided, tallies: [old, new] })
    }
}
