//! A pipeline that runs: its tasks, its figures, its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_pipeline::Plan;
use millstream_plugin_host::Host;
use millstream_queue::{Broker, EmbeddedBroker};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::RunError;
use crate::feed::Feed;
use crate::guests::GuestThreads;
use crate::monitor::Monitor;
use crate::open::Opened;
use crate::post::Post;
use crate::report::{Report, SourceCounters};
use crate::swap::{Crew, Deployment, Swaps, watch};

/// Faults that are kept until somebody asks; each stands for a task that ended.
const FAULTS_MAX: usize = 16;

/// What a running pipeline consists of beside its tasks.
pub(crate) struct Parts {
    pub(crate) plan: Arc<Plan>,
    pub(crate) broker: Arc<EmbeddedBroker>,
    pub(crate) deployments: Vec<Arc<Deployment>>,
    pub(crate) posts: Vec<Arc<Post>>,
    pub(crate) monitor: Monitor,
    pub(crate) stop: CancellationToken,
    pub(crate) threads: GuestThreads,
    /// Kept for as long as its guests live.
    #[expect(dead_code, reason = "owning it keeps the engine's clock running")]
    pub(crate) host: Host,
}

/// A pipeline at work.
pub struct Running {
    parts: Parts,
    started: Instant,
    sources: Vec<(String, Arc<SourceCounters>)>,
    /// Sources that end.
    feeds: TaskTracker,
    /// Sources that go on for as long as the host runs.
    endless: TaskTracker,
    workers: TaskTracker,
    swaps: Swaps,
    faults: tokio::sync::Mutex<mpsc::Receiver<RunError>>,
    /// Ends the broker's timekeeper, after everything else.
    clock_stop: CancellationToken,
    clock: TaskTracker,
}

impl Running {
    pub(crate) fn start(opened: Opened) -> Self {
        let Opened { parts, feeds, workers, .. } = opened;
        let (fault, faults) = mpsc::channel(FAULTS_MAX);
        let crew = Crew {
            threads: parts.threads.handle().cloned(),
            workers: TaskTracker::new(),
            fault: fault.clone(),
            stop: parts.stop.clone(),
        };
        let running = Self {
            sources: feeds
                .iter()
                .map(|feed| (feed.name.clone(), Arc::clone(&feed.counters)))
                .collect(),
            swaps: Swaps::new(&parts.deployments, &parts.posts, &crew),
            parts,
            started: Instant::now(),
            feeds: TaskTracker::new(),
            endless: TaskTracker::new(),
            workers: crew.workers.clone(),
            faults: tokio::sync::Mutex::new(faults),
            clock_stop: CancellationToken::new(),
            clock: TaskTracker::new(),
        };
        running.start_clock();
        running.start_care(fault.clone());
        workers.into_iter().for_each(|worker| crew.start(worker));
        feeds.into_iter().for_each(|feed| running.start_feed(feed, fault.clone()));
        running
    }

    fn start_clock(&self) {
        let (broker, stop) = (Arc::clone(&self.parts.broker), self.clock_stop.clone());
        self.clock.spawn(async move { broker.keep_time(stop).await });
    }

    /// Checkpoints are made on a thread of their own; what ends the journal ends the run.
    fn start_care(&self, fault: mpsc::Sender<RunError>) {
        let care = Arc::downgrade(&self.parts.broker);
        let spawned = std::thread::Builder::new()
            .name("journal-care".to_owned())
            .spawn(move || EmbeddedBroker::care(&care));
        if let Err(error) = spawned {
            tracing::error!(%error, "the journal will not be made smaller while this runs");
        }
        let (broker, stop) = (Arc::clone(&self.parts.broker), self.clock_stop.clone());
        self.clock.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                reason = broker.failed() => {
                    // A full channel already holds more faults than anybody will read.
                    let _ = fault.try_send(RunError::Journal(reason));
                }
            }
        });
    }

    fn start_feed(&self, feed: Feed, fault: mpsc::Sender<RunError>) {
        let name = feed.name.clone();
        let source = name.clone();
        let tracker = if feed.source.endless() { &self.endless } else { &self.feeds };
        let task = tokio::spawn(feed.run());
        let ended = async move {
            task.await.map(|ended| ended.map_err(|error| RunError::Source { name: source, error }))
        };
        tracker.spawn(watch(name, ended, fault));
    }

    /// Where the messages wait.
    #[must_use]
    pub fn broker(&self) -> Arc<dyn Broker> {
        Arc::clone(&self.parts.broker) as Arc<dyn Broker>
    }

    /// The pipeline that runs.
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.parts.plan)
    }

    /// The versions of the plugins, and what is swapped.
    #[must_use]
    pub fn swaps(&self) -> Swaps {
        self.swaps.clone()
    }

    /// Looks at the plugins and the health of the subscriptions.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.parts.monitor.clone()
    }

    /// Resolves when every source that ends has ended and nothing goes on by itself any more: no
    /// message is unsettled except those behind a key that a dead letter stopped. Messages that
    /// wait for a retry or until they are due count as unsettled.
    pub async fn drained(&self) {
        self.feeds.close();
        self.feeds.wait().await;
        self.parts.broker.quiet().await;
    }

    /// Resolves when something broke; the rest goes on until [`Running::shutdown`].
    pub async fn failed(&self) -> RunError {
        match self.faults.lock().await.recv().await {
            Some(error) => error,
            // Every task has ended well: nothing can break any more.
            None => std::future::pending().await,
        }
    }

    /// What the pipeline has done so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let sources = self.sources.iter().map(|(name, counters)| counters.report(name)).collect();
        let (plan, figures) = (&self.parts.plan, self.parts.broker.figures());
        let plugins = self.parts.monitor.reports();
        Report::new(self.started.elapsed(), plan, &figures, sources, plugins)
    }

    /// Stops intake, lets work in flight finish and settle for at most `grace`, and says what was
    /// done. What is in flight after that is abandoned: unsettled, as after a crash.
    pub async fn shutdown(self, grace: Duration) -> Report {
        self.parts.stop.cancel();
        self.feeds.close();
        self.endless.close();
        self.workers.close();
        let ended = async {
            self.feeds.wait().await;
            self.endless.wait().await;
            self.workers.wait().await;
        };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::warn!(?grace, workers = self.workers.len(), "work in flight was abandoned");
        }
        self.clock_stop.cancel();
        self.clock.close();
        self.clock.wait().await;
        if let Err(error) = self.parts.broker.close().await {
            tracing::error!(%error, "the journal was not closed well");
        }
        self.report()
    }
}
