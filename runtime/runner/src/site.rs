//! What runs, and how what is new is put to work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_message::SubscriptionId;
use millstream_plugin_host::Host;
use millstream_queue::{Broker, Clock, EmbeddedBroker};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::error::RunError;
use crate::feed::Feed;
use crate::guests::GuestThreads;
use crate::monitor::Monitor;
use crate::report::SourceCounters;
use crate::shared_sink::LeftSink;
use crate::sources::{Intake, Intakes};
use crate::station::Station;
use crate::swap::{Crew, Deployment, Swaps, watch as follow};
use crate::wiring::{Wiring, Wirings};

/// A running pipeline and all that it is made of.
pub(crate) struct Site {
    pub(crate) broker: Arc<EmbeddedBroker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) host: Host,
    pub(crate) crew: Crew,
    pub(crate) monitor: Monitor,
    pub(crate) swaps: Swaps,
    wiring: watch::Sender<Arc<Wiring>>,
    /// Sources that end.
    pub(crate) feeds: TaskTracker,
    /// Sources that go on for as long as the host runs.
    pub(crate) endless: TaskTracker,
    sources: Mutex<Vec<(String, Arc<SourceCounters>)>>,
    /// What an apply changes; whoever has it is the only one that does.
    pub(crate) plant: tokio::sync::Mutex<Plant>,
    #[expect(dead_code, reason = "owning them keeps them running")]
    threads: GuestThreads,
}

/// The parts at work.
#[derive(Default)]
pub(crate) struct Plant {
    /// By their places in the plan.
    pub(crate) stations: Vec<Station>,
    /// By their places in the plan.
    pub(crate) deployments: Vec<Arc<Deployment>>,
    /// In the order of the plan, without those that the server answers.
    pub(crate) intakes: Vec<Intake>,
    /// Sinks of subscriptions that are gone, until their workers are gone as well.
    pub(crate) left: Vec<LeftSink>,
}

impl Site {
    pub(crate) fn new(
        (broker, clock): (Arc<EmbeddedBroker>, Arc<dyn Clock>),
        (host, threads, crew): (Host, GuestThreads, Crew),
        wiring: Wiring,
    ) -> Self {
        Self {
            broker,
            clock,
            host,
            crew,
            monitor: Monitor::default(),
            swaps: Swaps::default(),
            wiring: watch::Sender::new(Arc::new(wiring)),
            feeds: TaskTracker::new(),
            endless: TaskTracker::new(),
            sources: Mutex::default(),
            plant: tokio::sync::Mutex::default(),
            threads,
        }
    }

    pub(crate) fn shared_broker(&self) -> Arc<dyn Broker> {
        Arc::clone(&self.broker) as Arc<dyn Broker>
    }

    /// The pipeline of now.
    pub(crate) fn wiring(&self) -> Arc<Wiring> {
        Arc::clone(&self.wiring.borrow())
    }

    pub(crate) fn wirings(&self) -> Wirings {
        Wirings::of(&self.wiring)
    }

    /// Another pipeline runs from now on.
    pub(crate) fn rewire(&self, wiring: Wiring) {
        self.wiring.send_replace(Arc::new(wiring));
    }

    /// Opens a source of the pipeline of `wiring`.
    pub(crate) fn intakes<'a>(&'a self, broker: &'a Arc<dyn Broker>) -> Intakes<'a> {
        Intakes { broker, clock: &self.clock, stop: &self.crew.stop }
    }

    /// Puts the source to work; not before `before` has ended, whose place it takes.
    pub(crate) fn start_feed(&self, mut feed: Feed, before: Option<&Intake>) -> Intake {
        let intake = Intake {
            name: feed.name.clone(),
            counters: Arc::clone(&feed.counters),
            leave: feed.leave.clone(),
            ended: Default::default(),
        };
        let (before, ended) = (before.map(|one| one.ended.clone()), intake.ended.clone());
        let tracker = if feed.source.endless() { &self.endless } else { &self.feeds };
        let task = tokio::spawn(async move {
            let _ended = ended.drop_guard();
            if let Some(before) = before {
                before.cancelled().await;
                feed.resume()?;
            }
            feed.run().await
        });
        let (name, source) = (intake.name.clone(), intake.name.clone());
        let failed = |error| RunError::Source { name: source, error };
        let task = async move { task.await.map(|ended| ended.map_err(failed)) };
        tracker.spawn(follow(name, task, self.crew.fault.clone()));
        intake
    }

    /// Tells everybody what runs.
    pub(crate) fn announce(&self, plant: &Plant) {
        let posts = |deployment: &Arc<Deployment>| {
            let serves =
                |one: &&Station| one.plugin().is_some_and(|plugin| Arc::ptr_eq(plugin, deployment));
            plant.stations.iter().filter(serves).map(|one| Arc::clone(&one.post)).collect()
        };
        let plugins = plant.deployments.iter().map(|one| (Arc::clone(one), posts(one)));
        self.swaps.serve(plugins.collect(), &self.crew);
        let handler = |one: &Station| (one.post.subscription, one.watched());
        let handlers: BTreeMap<SubscriptionId, _> = plant.stations.iter().map(handler).collect();
        self.monitor.watch(plant.deployments.clone(), handlers);
        let source = |one: &Intake| (one.name.clone(), Arc::clone(&one.counters));
        *self.sources() = plant.intakes.iter().map(source).collect();
    }

    pub(crate) fn sources(&self) -> MutexGuard<'_, Vec<(String, Arc<SourceCounters>)>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
