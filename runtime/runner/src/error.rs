//! What stops a pipeline, before and after its start.

use millstream_connectors::{SinkError, SourceError};
use millstream_plugin_host::{LoadError, StartFailure};
use thiserror::Error;

/// Why a pipeline could not be opened. Nothing was started.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A source could not be opened.
    #[error("source `{name}`: {error}")]
    Source {
        /// The source's name in the pipeline file.
        name: String,
        /// What was wrong.
        error: SourceError,
    },
    /// A sink could not be opened.
    #[error("subscription `{name}`: {error}")]
    Sink {
        /// The subscription's name in the pipeline file.
        name: String,
        /// What was wrong.
        error: SinkError,
    },
    /// A filter or schedule could not be read, although the check had read it.
    #[error("{place}: {error}")]
    Expression {
        /// Where it stands in the pipeline file.
        place: String,
        /// What was wrong.
        error: String,
    },
    /// A plugin could not be loaded.
    #[error("plugin `{name}`: {error}")]
    Load {
        /// The plugin's name in the pipeline file.
        name: String,
        /// What was wrong.
        error: LoadError,
    },
    /// A plugin was loaded but did not start: it refused its configuration, or trapped.
    #[error("plugin `{name}`: {failure}")]
    Start {
        /// The plugin's name in the pipeline file.
        name: String,
        /// What happened.
        failure: StartFailure,
    },
    /// The journal does not have the bytes of the version of a plugin that serves.
    #[error(
        "plugin `{name}`: version {digest} serves since it was swapped in, but the journal does not have its bytes; \
         put another file where its source is and that version serves"
    )]
    Version {
        /// The plugin's name in the pipeline file.
        name: String,
        /// The version's digest.
        digest: String,
    },
    /// The journal could not be opened for this pipeline.
    #[error("journal: {0}")]
    Journal(millstream_queue::OpenError),
    /// The host could not set itself up.
    #[error("the guests' threads could not be started: {0}")]
    Threads(std::io::Error),
}

/// What broke while the pipeline ran. Everything else goes on until it is shut down.
#[derive(Debug, Error)]
pub enum RunError {
    /// A source could not be read any further.
    #[error("source `{name}`: {error}")]
    Source {
        /// The source's name in the pipeline file.
        name: String,
        /// What was wrong.
        error: SourceError,
    },
    /// The broker can keep nothing any more.
    #[error(
        "the journal has ended, nothing more is accepted: {0}; what was acknowledged is there at the next start"
    )]
    Journal(String),
    /// A task of ours ended with a panic: a bug.
    #[error("task `{0}` panicked: this is a bug of Millstream")]
    Panicked(String),
}
