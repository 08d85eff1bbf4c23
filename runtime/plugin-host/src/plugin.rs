//! A loaded plugin, and the start of its instances.

use std::sync::Arc;

use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::capability::Outlet;
use crate::failure::StartFailure;
use crate::grants::Reach;
use crate::growth::Grown;
use crate::guest::{Config, Guest, Names};
use crate::host::Shared;
use crate::inspect::Inspection;
use crate::instance::Instance;
use crate::limits::Limits;
use crate::log_pace::LogPace;
use crate::meter::Meters;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::start;
use crate::turns::Lane;

/// One version of a plugin, compiled and linked. Cloning is cheap.
#[derive(Clone)]
pub struct Plugin {
    version: Arc<Version>,
}

impl Plugin {
    pub(crate) fn new(version: Version) -> Self {
        Self { version: Arc::new(version) }
    }

    /// Whether both are the same, loaded once.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.version, &other.version)
    }

    /// What the plugin's file is.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.version.inspection
    }

    /// Starts an instance for `subscription`, which reads `topic`, and lets it check its
    /// configuration. Never waits for a place: a full pool is [`StartFailure::Pool`], and
    /// `limits.instances` reached is [`StartFailure::Instances`].
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
        self.instantiate_within(subscription, topic, Reach::default()).await
    }

    /// What this plugin did and took so far, by subscription.
    #[must_use]
    pub fn metrics(&self) -> Vec<(String, Metrics)> {
        self.version.meters.read()
    }

    /// Starts an instance as [`Plugin::instantiate`] does, but one that reaches less than the
    /// plugin's grants: for a look at the configuration, or a comparison of versions.
    ///
    /// # Errors
    /// As there.
    pub async fn instantiate_within(
        &self,
        subscription: &str,
        topic: &str,
        reach: Reach,
    ) -> Result<Instance, StartFailure> {
        let version = &self.version;
        let instances = version.limits.instances.unwrap_or(u32::MAX);
        let own = version.places.take(subscription).ok_or(StartFailure::Instances(instances))?;
        let full = || StartFailure::Pool(version.host.instances_max);
        let place = version.host.places.take(&version.key(subscription)).ok_or_else(full)?;
        let guest = Guest::new(version.clone(), subscription, reach);
        let seat = guest.seat.clone();
        let started = seat.run(start::start(guest, topic, [own, place])).await;
        if let Err(failure) = &started
            && !matches!(failure, StartFailure::Pool(_) | StartFailure::Instances(_))
        {
            seat.meter.start_failed();
        }
        started
    }

    /// Waits until there is place for an instance for `subscription`. Someone else may take it
    /// first.
    pub async fn room(&self, subscription: &str) {
        self.version.places.room(subscription).await;
        self.version.host.places.room(&self.version.key(subscription)).await;
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
    /// Among those of the host.
    pub(crate) number: u64,
    pub(crate) host: Arc<Shared>,
    pub(crate) inspection: Inspection,
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) exports: Exports,
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    pub(crate) http: Arc<Outlet>,
    pub(crate) names: Names,
    pub(crate) places: Arc<Places>,
    pub(crate) log_pace: LogPace,
    pub(crate) grown: Grown,
    pub(crate) meters: Meters,
    pub(crate) lane: Arc<Lane>,
}

impl Version {
    /// By what name a subscription of this plugin takes places of the host.
    fn key(&self, subscription: &str) -> String {
        format!("{}/{subscription}", self.number)
    }
}

impl Drop for Version {
    fn drop(&mut self) {
        self.host.places.forget(&self.key(""));
    }
}

/// Where a component's functions are.
pub(crate) struct Exports {
    pub(crate) handle: ComponentExportIndex,
    pub(crate) configure: Option<ComponentExportIndex>,
}
