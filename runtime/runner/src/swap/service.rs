//! Which versions of a plugin serve, as its workers see it.

use std::sync::Arc;

use millstream_message::{Batch, SubscriptionId};
use millstream_queue::Share;
use tokio::sync::mpsc;

use super::version::{Version, VersionReport, VersionState};

/// Which versions of a plugin serve.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(super) serving: Arc<Version>,
    pub(super) trial: Option<Trial>,
    /// Served well before, and is kept to go back to.
    pub(super) previous: Option<Arc<Version>>,
    /// Who wants copies of what is leased.
    pub(super) shadow: Option<mpsc::Sender<(SubscriptionId, Batch)>>,
}

/// A version on trial.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) version: Arc<Version>,
    pub(super) share: Share,
}

impl Service {
    pub(super) fn of(serving: Version) -> Self {
        Self { serving: Arc::new(serving), trial: None, previous: None, shadow: None }
    }

    /// The version that has most messages: while another has all of them on trial, that one.
    pub(super) fn foremost(&self) -> &Arc<Version> {
        match &self.trial {
            Some(trial) if trial.share == Share::ALL => &trial.version,
            _ => &self.serving,
        }
    }

    /// The share of the keys that a version has, while the others have another one.
    pub(super) fn divided(&self) -> Option<Share> {
        self.trial.as_ref().map(|trial| trial.share).filter(|share| *share != Share::ALL)
    }

    /// The version on trial serves from now on. Gives the one that served, and the one that it
    /// replaces in the memory.
    pub(super) fn promote(&mut self) -> Option<(Arc<Version>, Option<Arc<Version>>)> {
        let trial = self.trial.take()?;
        let old = std::mem::replace(&mut self.serving, trial.version);
        let forgotten = self.previous.replace(Arc::clone(&old));
        Some((old, forgotten))
    }

    /// The versions, the one that serves first.
    pub(super) fn reports(&self) -> Vec<VersionReport> {
        let trial = self.trial.as_ref().map(|trial| trial.version.report(VersionState::Trial));
        let previous = self.previous.as_ref().map(|one| one.report(VersionState::Previous));
        let serving = self.serving.report(VersionState::Serving);
        [serving].into_iter().chain(trial).chain(previous).collect()
    }
}
