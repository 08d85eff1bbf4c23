//! One plugin of the running pipeline: its versions, and the way from one to another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{Batch, SubscriptionId, TopicId};
use millstream_pipeline::{Consumer, Plan, PluginPlan};
use millstream_plugin_host::{Host, Metrics, Plugin};
use millstream_queue::{Broker, DeployError, Share};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::duty::{Duty, Lane};
use super::meters::Meters;
use super::origins::Origins;
use super::service::{Service, Trial};
use super::status::SwapStatus;
use super::version::{Version, VersionReport};
use crate::health::HealthReport;
use crate::rules::topic_id;
use crate::versions::{Loaded, is_journalled};

/// How long a trial waits for the end of the one before: what that withheld goes on in steps.
const TRIAL_BEFORE_MAX: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// One plugin of the running pipeline.
pub(crate) struct Deployment {
    plan: Arc<Plan>,
    /// Where it stands in the plan.
    place: usize,
    pub(super) host: Host,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) service: watch::Sender<Service>,
    /// The swap that is under way, else the last one.
    pub(super) status: watch::Sender<Option<SwapStatus>>,
    pub(super) under_way: Mutex<UnderWay>,
    meters: Mutex<Meters>,
    origins: Mutex<Origins>,
}

/// Whether a swap or a rollback is under way.
#[derive(Debug, Default)]
pub(super) enum UnderWay {
    #[default]
    Nothing,
    /// The reason for which it must end goes in here.
    Swap(watch::Sender<Option<String>>),
    Rollback,
}

impl Deployment {
    /// The plugin at `place` in the plan, with the versions that are loaded.
    pub(crate) fn new(
        plan: &Arc<Plan>,
        place: usize,
        loaded: Loaded,
        host: &Host,
        broker: &Arc<dyn Broker>,
    ) -> Self {
        let name = &plan.plugins[place].name;
        let ids = (0..plan.subscriptions.len()).map(|place| SubscriptionId(place as u32));
        let generations: Vec<u64> =
            ids.map(|id| broker.generation(id).unwrap_or_default()).collect();
        let mut meters = Meters::default();
        let mut version = |(plugin, since_ms): (Plugin, u64)| {
            meters.load(&plugin);
            Version::new(name, plugin, generations.clone(), since_ms)
        };
        let mut service = Service::of(version(loaded.serving));
        service.previous = loaded.previous.map(|previous| Arc::new(version(previous)));
        Self {
            plan: Arc::clone(plan),
            place,
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
        &self.plan().name
    }

    pub(super) fn plan(&self) -> &PluginPlan {
        &self.plan.plugins[self.place]
    }

    /// The subscriptions that it serves, by name and topic's name.
    pub(super) fn served(&self) -> impl Iterator<Item = (SubscriptionId, &str, &str)> {
        let consumer = Consumer::Plugin(self.place);
        let all = self.plan.subscriptions.iter().enumerate();
        all.filter(move |(_, one)| one.consumer == consumer).map(move |(place, one)| {
            let topic = &self.plan.topics[one.topic].name;
            (SubscriptionId(place as u32), one.name.as_str(), topic.as_str())
        })
    }

    /// The topic that a subscription reads.
    pub(super) fn topic_of(&self, subscription: SubscriptionId) -> TopicId {
        let place = subscription.0 as usize;
        topic_id(self.plan.subscriptions.get(place).map_or(0, |one| one.topic))
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

    /// How the version does that has most messages of the subscription at `place`.
    pub(crate) fn health(&self, place: usize) -> HealthReport {
        self.service.borrow().foremost().health(place).report()
    }

    /// What all versions did and took, by subscription.
    pub(crate) fn metrics(&self) -> Vec<(String, Metrics)> {
        self.meters().sums()
    }

    /// Another version has messages from now on, as far as `share` goes.
    pub(super) async fn begin(&self, plugin: &Plugin, share: Share) -> Result<(), DeployError> {
        let digest = plugin.inspection().digest.to_string();
        let generation = self.begin_trial(&digest, share).await?;
        let since = self.broker.now().wall_ms;
        let generations = vec![generation; self.plan.subscriptions.len()];
        let version = Version::new(self.name(), plugin.clone(), generations, since);
        self.meters().load(plugin);
        let trial = Some(Trial { version: Arc::new(version), share });
        self.service.send_modify(|service| service.trial = trial);
        Ok(())
    }

    async fn begin_trial(&self, digest: &str, share: Share) -> Result<u64, DeployError> {
        let until = Instant::now() + TRIAL_BEFORE_MAX;
        loop {
            match self.broker.begin_trial(self.name(), digest, share).await {
                Err(DeployError::OnTrial) if Instant::now() < until => sleep(LOOK_AGAIN).await,
                begun => return begun,
            }
        }
    }

    /// The version on trial has all keys from now on.
    pub(super) async fn widen(&self) -> Result<(), DeployError> {
        self.broker.widen_trial(self.name(), Share::ALL).await?;
        self.service.send_modify(|service| {
            if let Some(trial) = &mut service.trial {
                trial.share = Share::ALL;
            }
        });
        Ok(())
    }

    /// The version on trial serves from now on. Gives the one that served.
    pub(super) async fn promote(
        &self,
        bytes: Option<Bytes>,
    ) -> Result<Option<Arc<Version>>, DeployError> {
        let trial = self.service.borrow().trial.clone();
        let Some(Trial { version, .. }) = trial else { return Ok(None) };
        if let Some(bytes) = bytes.filter(|_| is_journalled(&*self.broker)) {
            self.broker.keep_module(self.name(), version.digest(), bytes).await?;
        }
        self.broker.promote(self.name()).await?;
        let mut replaced = None;
        self.service.send_modify(|service| replaced = service.promote());
        let Some((old, forgotten)) = replaced else { return Ok(None) };
        forgotten.into_iter().for_each(|one| self.forget(&one));
        Ok(Some(old))
    }

    /// The trial is over and the version that serves has all messages.
    pub(super) async fn roll_back(&self, why: &str) -> Result<Option<Arc<Version>>, DeployError> {
        let told = self.broker.roll_back(self.name(), why).await;
        let mut trial = None;
        self.service.send_modify(|service| trial = service.trial.take());
        if let Some(trial) = &trial {
            trial.version.withdrawn.cancel();
        }
        told.map(|_| trial.map(|trial| trial.version))
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
    pub(super) fn forget(&self, version: &Arc<Version>) {
        let needed = {
            let service = self.service.borrow();
            let trial = service.trial.as_ref().map(|trial| &trial.version);
            let needed = [Some(&service.serving), trial, service.previous.as_ref()];
            needed.into_iter().flatten().any(|one| one.digest() == version.digest())
        };
        if !needed {
            self.meters().unload(&version.plugin);
        }
    }

    fn meters(&self) -> MutexGuard<'_, Meters> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
