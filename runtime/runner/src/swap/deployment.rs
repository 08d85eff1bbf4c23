//! One plugin of the running pipeline: its versions, and the way from one to another.

mod declared;
mod trial;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use millstream_message::{Batch, SubscriptionId};
use millstream_pipeline::PluginPlan;
use millstream_plugin_host::{Host, Metrics};
use millstream_queue::{Broker, Ended};
use tokio::sync::{mpsc, watch};

pub(crate) use self::declared::Declared;
use super::duty::{Duty, Lane};
use super::meters::Meters;
use super::origins::Origins;
use super::service::Service;
use super::status::SwapStatus;
use super::version::{Generations, Version, VersionReport};
use crate::health::HealthReport;
use crate::versions::{Loaded, Module};

/// One plugin of the running pipeline.
pub(crate) struct Deployment {
    name: String,
    declared: Mutex<Declared>,
    pub(super) host: Host,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) service: watch::Sender<Service>,
    /// The swap that is under way, else the last one.
    pub(super) status: watch::Sender<Option<SwapStatus>>,
    pub(super) under_way: Mutex<UnderWay>,
    meters: Mutex<Meters>,
    origins: Mutex<Origins>,
}

/// What is under way with its versions.
#[derive(Debug, Default)]
pub(super) enum UnderWay {
    #[default]
    Nothing,
    /// The reason for which it must end goes in here.
    Swap(watch::Sender<Option<String>>),
    Rollback,
    /// The pipeline is being changed.
    Apply,
}

impl Deployment {
    /// A plugin with the versions that are loaded; `served` by id.
    pub(crate) fn new(
        declared: Declared,
        loaded: Loaded,
        served: &[SubscriptionId],
        host: &Host,
        broker: &Arc<dyn Broker>,
    ) -> Self {
        let name = declared.plan.name.clone();
        let mut meters = Meters::default();
        let mut version = |(module, since_ms): (Module, u64)| {
            meters.load(&module.plugin);
            let generations = Generations::now(&**broker, served.iter().copied());
            Version::new(&name, module, generations, since_ms)
        };
        let mut service = Service::of(version(loaded.serving));
        service.previous = loaded.previous.map(|previous| Arc::new(version(previous)));
        Self {
            name,
            declared: Mutex::new(declared),
            host: host.clone(),
            broker: Arc::clone(broker),
            service: watch::Sender::new(service),
            status: watch::Sender::new(None),
            under_way: Mutex::default(),
            meters: Mutex::new(meters),
            origins: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the pipeline file says of it.
    pub(crate) fn declared(&self) -> Declared {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn plan(&self) -> Arc<PluginPlan> {
        self.declared().plan
    }

    /// The pipeline file says this of it from now on.
    pub(crate) fn redeclare(&self, declared: Declared) {
        *self.declared.lock().unwrap_or_else(PoisonError::into_inner) = declared;
    }

    /// The version that serves.
    pub(crate) fn serving(&self) -> Arc<Version> {
        Arc::clone(&self.service.borrow().serving)
    }

    /// The version to go back to.
    pub(crate) fn previous(&self) -> Option<Arc<Version>> {
        self.service.borrow().previous.clone()
    }

    /// The bytes of a version; none where nobody has them.
    pub(crate) async fn bytes_of(&self, version: &Version) -> Result<Option<Bytes>, Ended> {
        match &version.bytes {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.broker.module(&self.name, version.digest()).await,
        }
    }

    /// Its versions serve one more subscription from now on.
    pub(crate) fn join(&self, id: SubscriptionId) {
        let generation = self.broker.generation(id).unwrap_or_default();
        self.serving().join(id, generation);
    }

    /// Another version serves from now on, or the same with other settings: every worker takes it up
    /// between two batches. Gives the one that served.
    pub(crate) fn replace(&self, serving: Version, previous: Option<Version>) -> Arc<Version> {
        let (serving, previous) = (Arc::new(serving), previous.map(Arc::new));
        for version in [Some(&serving), previous.as_ref()].into_iter().flatten() {
            self.meters().load(&version.plugin);
        }
        let mut replaced = [None, None];
        self.service.send_modify(|service| {
            let old = std::mem::replace(&mut service.serving, Arc::clone(&serving));
            let before = std::mem::replace(&mut service.previous, previous.clone());
            replaced = [Some(old), before];
        });
        let [old, before] = replaced;
        before.iter().for_each(|before| self.forget(before));
        old.unwrap_or(serving)
    }

    /// What one worker looks at.
    pub(crate) fn duty(&self, lane: Lane) -> Duty {
        Duty::new(lane, self.service.subscribe())
    }

    pub(super) fn versions(&self) -> Vec<VersionReport> {
        let (mut versions, origins) = (self.service.borrow().reports(), self.origins());
        versions.iter_mut().for_each(|one| one.source = origins.of(&one.digest));
        versions
    }

    /// The version with this digest came from `source`.
    pub(super) fn came_from(&self, digest: String, source: String) {
        let in_use: Vec<String> = self.versions().into_iter().map(|one| one.digest).collect();
        self.origins().tell(digest, source, &in_use);
    }

    pub(super) fn origins(&self) -> MutexGuard<'_, Origins> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the version does that has most messages of the subscription.
    pub(crate) fn health(&self, id: SubscriptionId) -> HealthReport {
        self.service.borrow().foremost().health(id).report()
    }

    /// What all versions did and took, by subscription.
    pub(crate) fn metrics(&self) -> Vec<(String, Metrics)> {
        self.meters().sums()
    }

    /// Nobody goes back to the version before.
    pub(super) fn forget_previous(&self) {
        self.change_quietly(|service| service.previous = None);
    }

    /// From now on workers show what they lease, or do so no longer.
    pub(super) fn show_leases(&self, to: Option<mpsc::Sender<(SubscriptionId, Batch)>>) {
        self.change_quietly(|service| service.shadow = to);
    }

    /// Changes what makes no worker take up another version.
    fn change_quietly(&self, change: impl FnOnce(&mut Service)) {
        self.service.send_if_modified(|service| {
            change(service);
            false
        });
    }

    /// A version leaves the memory: what it did and took is kept, unless its code still serves.
    pub(crate) fn forget(&self, version: &Arc<Version>) {
        let needed = {
            let service = self.service.borrow();
            let trial = service.trial.as_ref().map(|trial| &trial.version);
            let needed = [Some(&service.serving), trial, service.previous.as_ref()];
            needed.into_iter().flatten().any(|one| one.plugin.is(&version.plugin))
        };
        if !needed {
            self.meters().unload(&version.plugin);
        }
    }

    fn meters(&self) -> MutexGuard<'_, Meters> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
