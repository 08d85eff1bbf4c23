//! A loaded plugin, and the start of its instances.

use std::sync::Arc;

use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::failure::StartFailure;
use crate::guest::{Config, Guest, Names};
use crate::host::Shared;
use crate::inspect::Inspection;
use crate::instance::Instance;
use crate::load::Limits;
use crate::start;

/// One version of a plugin, compiled and linked. Cloning is cheap.
#[derive(Clone)]
pub struct Plugin {
    version: Arc<Version>,
}

impl Plugin {
    pub(crate) fn new(version: Version) -> Self {
        Self { version: Arc::new(version) }
    }

    /// What the plugin's file is.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.version.inspection
    }

    /// Starts an instance for `subscription`, which reads `topic`, and lets it check its
    /// configuration. Never waits for a place: a full pool is [`StartFailure::Pool`].
    ///
    /// Needs a tokio runtime with time enabled, as does every call of the instance.
    ///
    /// # Errors
    /// The guest refuses its configuration, or fails while starting; or there is no place.
    pub async fn instantiate(
        &self,
        subscription: &str,
        topic: &str,
    ) -> Result<Instance, StartFailure> {
        let full = || StartFailure::Pool(self.version.host.instances_max);
        let place = self.version.host.places.clone().try_acquire_owned().map_err(|_| full())?;
        let guest = Guest::new(self.version.clone(), subscription);
        start::start(guest, topic, place).await
    }

    /// Waits until there is place for an instance. Someone else may take it first.
    pub async fn room(&self) {
        // The semaphore is never closed; the permit is given back at once.
        let _ = self.version.host.places.acquire().await;
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Version { names, inspection, .. } = &*self.version;
        f.debug_struct("Plugin")
            .field("name", &names.plugin)
            .field("digest", &inspection.digest)
            .finish_non_exhaustive()
    }
}

/// Everything that instances of a plugin share.
pub(crate) struct Version {
    pub(crate) host: Arc<Shared>,
    pub(crate) inspection: Inspection,
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) exports: Exports,
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    pub(crate) names: Names,
}

/// Where a component's functions are.
pub(crate) struct Exports {
    pub(crate) handle: ComponentExportIndex,
    pub(crate) configure: Option<ComponentExportIndex>,
}
