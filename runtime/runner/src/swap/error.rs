//! Why nothing is swapped.

use millstream_queue::DeployError;
use thiserror::Error;

use super::status::SwapStatus;

/// Why a swap does not begin, or a rollback does not happen. Nothing changed.
#[derive(Debug, Error)]
pub enum SwapError {
    /// No such plugin runs.
    #[error("no such plugin")]
    Unknown,
    /// A swap of the plugin is under way.
    #[error(
        "a swap of this plugin is under way, {} since {}: wait for its end, or `rollback` ends it",
        .0.state.name(),
        .0.since()
    )]
    Busy(Box<SwapStatus>),
    /// The pipeline is being changed.
    #[error("a changed pipeline is being applied: wait for its end")]
    Applying,
    /// An option says what cannot be.
    #[error("{0}")]
    Options(String),
    /// There is nothing to go back to.
    #[error(
        "no version served before the one that does, as far as this host knows: there is nothing to go back to"
    )]
    NothingBefore,
    /// The host is being stopped.
    #[error("the host is shutting down")]
    Stopping,
    /// The queue does not do it.
    #[error(transparent)]
    Queue(#[from] DeployError),
}
