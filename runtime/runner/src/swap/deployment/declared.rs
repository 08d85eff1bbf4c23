//! What the pipeline file says of a plugin.

use std::sync::Arc;

use millstream_pipeline::PluginPlan;

use crate::component::Component;

/// What the pipeline file says of it.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) plan: Arc<PluginPlan>,
    /// Digest of the bytes that its source names.
    pub(crate) source: String,
}

impl Declared {
    /// `plan`, and what its source names.
    pub(crate) fn new(plan: &PluginPlan, source: &Component) -> Self {
        Self { plan: Arc::new(plan.clone()), source: source.digest().to_owned() }
    }
}
