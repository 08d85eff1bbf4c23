//! A pipeline that runs: its tasks, its figures, its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_queue::{Broker, EmbeddedBroker};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::apply::Applier;
use crate::error::RunError;
use crate::monitor::Monitor;
use crate::open::Opened;
use crate::report::Report;
use crate::site::Site;
use crate::swap::Swaps;
use crate::wiring::{Wiring, Wirings};

/// A pipeline at work.
pub struct Running {
    site: Arc<Site>,
    started: Instant,
    faults: tokio::sync::Mutex<mpsc::Receiver<RunError>>,
    /// Ends the broker's timekeeper, after everything else.
    clock_stop: CancellationToken,
    clock: TaskTracker,
}

impl Running {
    pub(crate) fn start(opened: Opened) -> Self {
        let Opened { mut site, mut plant, feeds, workers, faults, .. } = opened;
        workers.into_iter().for_each(|worker| site.crew.start(worker));
        plant.intakes = feeds.into_iter().map(|feed| site.start_feed(feed, None)).collect();
        site.announce(&plant);
        *site.plant.get_mut() = plant;
        let running = Self {
            site: Arc::new(site),
            started: Instant::now(),
            faults: tokio::sync::Mutex::new(faults),
            clock_stop: CancellationToken::new(),
            clock: TaskTracker::new(),
        };
        running.start_clock();
        running.start_care(running.site.crew.fault.clone());
        running
    }

    fn start_clock(&self) {
        let (broker, stop) = (Arc::clone(&self.site.broker), self.clock_stop.clone());
        self.clock.spawn(async move { broker.keep_time(stop).await });
    }

    /// Checkpoints are made on a thread of their own; what ends the journal ends the run.
    fn start_care(&self, fault: mpsc::Sender<RunError>) {
        let care = Arc::downgrade(&self.site.broker);
        let spawned = std::thread::Builder::new()
            .name("journal-care".to_owned())
            .spawn(move || EmbeddedBroker::care(&care));
        if let Err(error) = spawned {
            tracing::error!(%error, "the journal will not be made smaller while this runs");
        }
        let (broker, stop) = (Arc::clone(&self.site.broker), self.clock_stop.clone());
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

    /// Where the messages wait.
    #[must_use]
    pub fn broker(&self) -> Arc<dyn Broker> {
        Arc::clone(&self.site.broker) as Arc<dyn Broker>
    }

    /// The pipeline that runs now.
    #[must_use]
    pub fn wiring(&self) -> Arc<Wiring> {
        self.site.wiring()
    }

    /// The pipeline that runs, whatever is applied.
    #[must_use]
    pub fn wirings(&self) -> Wirings {
        self.site.wirings()
    }

    /// Changes the pipeline that runs.
    #[must_use]
    pub fn applier(&self) -> Applier {
        Applier::new(&self.site)
    }

    /// The versions of the plugins, and what is swapped.
    #[must_use]
    pub fn swaps(&self) -> Swaps {
        self.site.swaps.clone()
    }

    /// Looks at the plugins and the health of the subscriptions.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.site.monitor.clone()
    }

    /// Resolves when every source that ends has ended and nothing goes on by itself any more: no
    /// message is unsettled except those behind a key that a dead letter stopped. Messages that
    /// wait for a retry or until they are due count as unsettled.
    pub async fn drained(&self) {
        self.site.feeds.close();
        self.site.feeds.wait().await;
        self.site.broker.quiet().await;
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
        let sources = self.site.sources().clone();
        let sources = sources.iter().map(|(name, counters)| counters.report(name)).collect();
        let (wiring, figures) = (self.wiring(), self.site.broker.figures());
        let plugins = self.site.monitor.reports();
        Report::new(self.started.elapsed(), &wiring, &figures, sources, plugins)
    }

    /// Stops intake, lets work in flight finish and settle for at most `grace`, and says what was
    /// done. What is in flight after that is abandoned: unsettled, as after a crash.
    pub async fn shutdown(self, grace: Duration) -> Report {
        self.site.crew.stop.cancel();
        self.site.feeds.close();
        self.site.endless.close();
        self.site.crew.workers.close();
        let ended = async {
            self.site.feeds.wait().await;
            self.site.endless.wait().await;
            self.site.crew.workers.wait().await;
        };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::warn!(
                ?grace,
                workers = self.site.crew.workers.len(),
                "work in flight was abandoned"
            );
        }
        self.clock_stop.cancel();
        self.clock.close();
        self.clock.wait().await;
        if let Err(error) = self.site.broker.close().await {
            tracing::error!(%error, "the journal was not closed well");
        }
        self.report()
    }
}
