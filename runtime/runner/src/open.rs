//! Opening everything a plan names, before anything starts.

use std::sync::Arc;

use millstream_message::SubscriptionId;
use millstream_pipeline::{Consumer, Plan, SubscriptionPlan};
use millstream_plugin_host::Host;
use millstream_queue::{Broker, Clock, Recovered, SystemClock};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broker;
use crate::component::Components;
use crate::error::{OpenError, RunError};
use crate::feed::Feed;
use crate::guests::GuestThreads;
use crate::launch::Launch;
use crate::running::Running;
use crate::site::{Plant, Site};
use crate::station::{Equipment, Station};
use crate::swap::{Crew, Declared, Deployment};
use crate::versions;
use crate::wiring::Wiring;
use crate::worker::Worker;

/// Faults that are kept until somebody asks; each stands for a task that ended.
const FAULTS_MAX: usize = 16;

/// A pipeline with every source, sink and plugin open, and nothing started.
pub struct Opened {
    pub(crate) site: Site,
    pub(crate) plant: Plant,
    pub(crate) feeds: Vec<Feed>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) faults: mpsc::Receiver<RunError>,
    recovered: Option<Recovered>,
}

/// Opens every source and sink of the plan, loads its plugins and lets each judge its
/// configuration. Starts nothing.
///
/// # Errors
/// The first thing that cannot be opened; all that was open is closed again.
pub async fn open(launch: Launch) -> Result<Opened, OpenError> {
    let threads = GuestThreads::start().map_err(OpenError::Threads)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let Launch { plan, components, host, text, changes } = launch;
    let components = Components::new(components);
    let declaration = broker::declaration(&plan, &text, &components, &changes);
    let (broker, recovered) = broker::open(&plan.broker, declaration, &clock).await?;
    let (fault, faults) = mpsc::channel(FAULTS_MAX);
    let crew = Crew {
        threads: threads.handle().cloned(),
        workers: TaskTracker::new(),
        fault,
        stop: CancellationToken::new(),
    };
    let wiring = Wiring::new(Arc::clone(&plan), text);
    let site = Site::new((Arc::new(broker), clock), (host, threads, crew), wiring);
    let (wiring, broker) = (site.wiring(), site.shared_broker());
    let feeds = feeds(&site, &broker)?;
    let equipment = Equipment::open_all(&plan, &[])?;
    let deployments = load(&wiring, &components, &site.host, &broker).await?;
    let with = (&broker, &site.crew.stop);
    let station = |(one, equipment)| Station::new(&wiring, one, equipment, &deployments, with);
    let stations: Vec<_> = wiring.subscriptions().zip(equipment).map(station).collect();
    let workers = workers(&plan, &stations).await?;
    let plant = Plant { stations, deployments, ..Plant::default() };
    Ok(Opened { site, plant, feeds, workers, faults, recovered })
}

impl Opened {
    /// What the journal held; none where messages live in memory.
    #[must_use]
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Starts all of it.
    #[must_use]
    pub fn start(self) -> Running {
        Running::start(self)
    }
}

fn feeds(site: &Site, broker: &Arc<dyn Broker>) -> Result<Vec<Feed>, OpenError> {
    let (wiring, intakes) = (site.wiring(), site.intakes(broker));
    let feeds = wiring.plan().sources.iter().map(|one| intakes.open(&wiring, one, None));
    feeds.filter_map(Result::transpose).collect()
}

/// Loads the plugins, in the order of the plan.
async fn load(
    wiring: &Wiring,
    components: &Components,
    host: &Host,
    broker: &Arc<dyn Broker>,
) -> Result<Vec<Arc<Deployment>>, OpenError> {
    let plan = wiring.plan();
    let mut deployments = Vec::with_capacity(plan.plugins.len());
    for (place, one) in plan.plugins.iter().enumerate() {
        let source = components.of(&one.name);
        let declared = Declared::new(one, &source);
        let loaded = versions::load(one, source, host, &**broker).await?;
        let served = served(wiring, place);
        let deployment = Deployment::new(declared, loaded, &served, host, broker);
        deployments.push(Arc::new(deployment));
    }
    Ok(deployments)
}

/// The subscriptions of the plugin at this place in the plan.
pub(crate) fn served(wiring: &Wiring, plugin: usize) -> Vec<SubscriptionId> {
    let served = wiring.subscriptions().filter(|(_, one)| one.consumer == Consumer::Plugin(plugin));
    served.map(|(id, _)| id).collect()
}

/// The workers of all subscriptions. The first of each has started its handler, so that a plugin
/// that refuses its configuration or traps at its start is known before anything runs.
async fn workers(plan: &Plan, stations: &[Station]) -> Result<Vec<Worker>, OpenError> {
    let mut all = Vec::new();
    for (one, station) in plan.subscriptions.iter().zip(stations) {
        let mut workers = station.workers();
        if let Some(first) = workers.first_mut() {
            start(plan, one, first).await?;
        }
        all.extend(workers);
    }
    Ok(all)
}

async fn start(plan: &Plan, one: &SubscriptionPlan, worker: &mut Worker) -> Result<(), OpenError> {
    worker.start().await.map_err(|failure| {
        let name = match one.consumer {
            Consumer::Plugin(place) => plan.plugins[place].name.clone(),
            Consumer::Sink(_) => one.name.clone(),
        };
        OpenError::Start { name, failure }
    })
}
