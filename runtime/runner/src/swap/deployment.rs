//! One plugin of the running pipeline: its versions, and the way from one to another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use millstream_message::{Batch, SubscriptionId, TopicId};
use millstream_pipeline::{Consumer, Plan, PluginPlan};
use millstream_plugin_host::{Host, Metrics, Plugin};
use millstream_queue::Broker;
use tokio::sync::{mpsc, watch};

use super::deliveries::{Deliveries, QueueRefusal, Share};
use super::duty::{Duty, Lane};
use super::service::{Service, Trial};
use super::status::SwapStatus;
use super::version::{Version, VersionReport};
use crate::health::HealthReport;
use crate::rules::topic_id;

/// One plugin of the running pipeline.
pub(crate) struct Deployment {
    plan: Arc<Plan>,
    /// Where it stands in the plan.
    place: usize,
    pub(super) host: Host,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) deliveries: Arc<dyn Deliveries>,
    pub(super) service: watch::Sender<Service>,
    /// The swap that is under way, else the last one.
    pub(super) status: watch::Sender<Option<SwapStatus>>,
    pub(super) under_way: Mutex<UnderWay>,
    meters: Mutex<Meters>,
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

/// What the versions did and took.
#[derive(Default)]
struct Meters {
    /// Those that are loaded.
    plugins: Vec<Plugin>,
    /// Those that are gone, by subscription.
    gone: Vec<(String, Metrics)>,
}

impl Deployment {
    /// `plugin` serves as the one at `place` in the plan.
    pub(crate) fn new(
        plan: &Arc<Plan>,
        place: usize,
        plugin: Plugin,
        host: &Host,
        broker: &Arc<dyn Broker>,
        deliveries: &Arc<dyn Deliveries>,
    ) -> Self {
        let (name, since) = (&plan.plugins[place].name, broker.now().wall_ms);
        let ids = (0..plan.subscriptions.len()).map(|place| SubscriptionId(place as u32));
        let generations = ids.map(|id| deliveries.generation(id)).collect();
        let meters = Meters { plugins: vec![plugin.clone()], gone: Vec::new() };
        let version = Version::new(name, plugin, generations, since);
        Self {
            plan: Arc::clone(plan),
            place,
            host: host.clone(),
            broker: Arc::clone(broker),
            deliveries: Arc::clone(deliveries),
            service: watch::Sender::new(Service::of(version)),
            status: watch::Sender::new(None),
            under_way: Mutex::default(),
            meters: Mutex::new(meters),
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
        Duty::new(lane, self.service.subscribe(), Arc::clone(&self.deliveries))
    }

    pub(super) fn versions(&self) -> Vec<VersionReport> {
        self.service.borrow().reports()
    }

    /// How the version does that has most messages of the subscription at `place`.
    pub(crate) fn health(&self, place: usize) -> HealthReport {
        self.service.borrow().foremost().health(place).report()
    }

    /// What all versions did and took, by subscription.
    pub(crate) fn metrics(&self) -> Vec<(String, Metrics)> {
        let meters = self.meters();
        let mut sums = meters.gone.clone();
        meters.plugins.iter().flat_map(Plugin::metrics).for_each(|one| add(&mut sums, one));
        sums
    }

    /// Another version has messages from now on, as far as `share` goes.
    pub(super) async fn begin(&self, plugin: &Plugin, share: Share) -> Result<(), QueueRefusal> {
        let digest = plugin.inspection().digest.to_string();
        let generation = self.deliveries.begin_trial(self.name(), &digest, share).await?;
        let since = self.broker.now().wall_ms;
        let generations = vec![generation; self.plan.subscriptions.len()];
        let version = Version::new(self.name(), plugin.clone(), generations, since);
        self.meters().load(plugin);
        let trial = Some(Trial { version: Arc::new(version), share });
        self.service.send_modify(|service| service.trial = trial);
        Ok(())
    }

    /// The version on trial has all keys from now on.
    pub(super) async fn widen(&self) -> Result<(), QueueRefusal> {
        self.deliveries.widen_trial(self.name()).await?;
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
    ) -> Result<Option<Arc<Version>>, QueueRefusal> {
        let trial = self.service.borrow().trial.clone();
        let Some(Trial { version, .. }) = trial else { return Ok(None) };
        if let Some(bytes) = bytes {
            self.deliveries.keep(self.name(), version.digest(), bytes).await?;
        }
        self.deliveries.promote(self.name()).await?;
        let mut replaced = None;
        self.service.send_modify(|service| replaced = service.promote());
        let Some((old, forgotten)) = replaced else { return Ok(None) };
        forgotten.into_iter().for_each(|one| self.forget(&one));
        Ok(Some(old))
    }

    /// The trial is over and the version that serves has all messages.
    pub(super) async fn roll_back(&self, why: &str) -> Result<Option<Arc<Version>>, QueueRefusal> {
        let told = self.deliveries.roll_back(self.name(), why).await;
        let mut trial = None;
        self.service.send_modify(|service| trial = service.trial.take());
        if let Some(trial) = &trial {
            trial.version.withdrawn.cancel();
        }
        told.map(|()| trial.map(|trial| trial.version))
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

impl Meters {
    fn load(&mut self, plugin: &Plugin) {
        let digest = plugin.inspection().digest;
        if self.plugins.iter().all(|one| one.inspection().digest != digest) {
            self.plugins.push(plugin.clone());
        }
    }

    fn unload(&mut self, plugin: &Plugin) {
        let digest = plugin.inspection().digest;
        let gone: Vec<Plugin> =
            self.plugins.extract_if(.., |one| one.inspection().digest == digest).collect();
        for (name, metrics) in gone.iter().flat_map(Plugin::metrics) {
            // What is gone has no memory any more.
            let metrics = Metrics { memory: 0, instances: 0, ..metrics };
            add(&mut self.gone, (name, metrics));
        }
    }
}

fn add(sums: &mut Vec<(String, Metrics)>, (name, metrics): (String, Metrics)) {
    match sums.iter_mut().find(|(one, _)| *one == name) {
        Some((_, sum)) => *sum = sum.and(&metrics),
        None => sums.push((name, metrics)),
    }
}
