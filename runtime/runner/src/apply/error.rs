//! Why a pipeline was not applied.

use millstream_queue::{AlterError, Ended, Leftover, Named};
use thiserror::Error;

use crate::error::OpenError;
use crate::swap::SwapError;

/// Why a pipeline was not applied. Nothing changed.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// It changes what a host has from its start to its end.
    #[error("{} cannot change while the host runs: stop it and run the file", named(.0))]
    NeedsRestart(Vec<NeedsRestart>),
    /// Messages wait in what it has no place for.
    #[error("messages wait in what the pipeline has no place for")]
    Leftover(Vec<Leftover>),
    /// What is to be dropped or renamed is not there.
    #[error("there is no {}", unheld(.0))]
    Unheld(Vec<Named>),
    /// Versions of a plugin are being changed.
    #[error("plugin `{0}`: {1}")]
    Swapping(String, SwapError),
    /// What a trial withheld still goes on.
    #[error("versions of {} are on trial, or messages withheld meanwhile still go on: try again", .0.join(", "))]
    OnTrial(Vec<String>),
    /// Another pipeline is being applied.
    #[error("another pipeline is being applied: wait for its end")]
    Applying,
    /// The host is being stopped.
    #[error("the host is shutting down")]
    Stopping,
    /// Something could not be opened, loaded or started.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A plugin does not start for a subscription.
    #[error("plugin `{plugin}` does not start for subscription `{subscription}`: {why}")]
    Start {
        /// The plugin's name.
        plugin: String,
        /// The subscription's name.
        subscription: String,
        /// What happened.
        why: String,
    },
    /// No ids are left for new topics and subscriptions.
    #[error("{}", AlterError::TooMany)]
    TooMany,
    /// The broker can keep nothing any more.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// A bug of ours.
    #[error("applying panicked: this is a bug of Millstream")]
    Panicked,
}

/// A setting that only a start takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedsRestart {
    /// Where it stands in the pipeline file.
    pub route: Vec<String>,
    /// Its value now.
    pub from: String,
    /// Its value in the file.
    pub to: String,
}

fn named(all: &[NeedsRestart]) -> String {
    all.iter().map(|one| one.route.join(".")).collect::<Vec<_>>().join(", ")
}

fn unheld(all: &[Named]) -> String {
    all.iter().map(Named::to_string).collect::<Vec<_>>().join(", ")
}

impl From<AlterError> for ApplyError {
    fn from(error: AlterError) -> Self {
        match error {
            AlterError::Ended(ended) => Self::Ended(ended),
            AlterError::TooMany => Self::TooMany,
            // Something came between the plan and the step.
            AlterError::Refused(plan) if !plan.leftovers.is_empty() => {
                Self::Leftover(plan.leftovers)
            }
            AlterError::Refused(plan) if !plan.unheld.is_empty() => Self::Unheld(plan.unheld),
            AlterError::Refused(plan) => Self::OnTrial(plan.on_trial),
        }
    }
}
