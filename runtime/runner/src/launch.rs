//! What it takes to open a pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use millstream_pipeline::Plan;
use millstream_plugin_host::Host;
use millstream_queue::{Named, Rename};

/// What it takes to open a pipeline.
pub struct Launch {
    /// The checked pipeline.
    pub plan: Arc<Plan>,
    /// The bytes of each plugin by its name in the plan.
    pub components: BTreeMap<String, Bytes>,
    /// Runs the guests.
    pub host: Host,
    /// The text of the pipeline file, which a journal keeps.
    pub text: String,
    /// What an older journal is told besides.
    pub changes: Changes,
}

/// What an older journal holds and the pipeline file does not name any more.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What may go although messages wait in it.
    pub drops: Vec<Named>,
    /// What has another name now.
    pub renames: Vec<Rename>,
}
