//! A version of a plugin at work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millstream_message::SubscriptionId;
use millstream_plugin_host::Plugin;
use millstream_queue::{Broker, Handler};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::figures::Figures;
use super::status::time;
use crate::health::Health;
use crate::versions::Module;

/// How long workers of a version that serves no longer may take for what they have in hand.
const LEAVE_MAX: Duration = Duration::from_secs(10 * 60);

/// A version of a plugin that serves, is on trial, or served before.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) plugin: Plugin,
    /// Its bytes, where no journal keeps them.
    pub(super) bytes: Option<Bytes>,
    generations: Generations,
    /// What dead letters call it.
    pub(crate) handler: Arc<Handler>,
    /// Since when it has messages: milliseconds since the Unix epoch.
    pub(crate) since_ms: u64,
    pub(crate) figures: Figures,
    /// A token for every worker that has taken it up.
    pub(super) workers: TaskTracker,
    /// Its trial has failed: what its workers have in hand is given back.
    pub(super) withdrawn: CancellationToken,
    health: Mutex<BTreeMap<SubscriptionId, Arc<Health>>>,
}

/// What the queue knows workers of a version by.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    /// In subscriptions that are not named.
    pub(crate) all: u64,
    pub(crate) of: Mutex<BTreeMap<SubscriptionId, u64>>,
}

impl Generations {
    /// One for all subscriptions.
    pub(super) fn all(generation: u64) -> Self {
        Self { all: generation, of: Mutex::default() }
    }

    /// Those of the workers that serve these subscriptions now.
    pub(crate) fn now(
        broker: &dyn Broker,
        served: impl IntoIterator<Item = SubscriptionId>,
    ) -> Self {
        let of = served.into_iter().filter_map(|id| Some((id, broker.generation(id)?)));
        Self { all: 0, of: Mutex::new(of.collect()) }
    }

    fn get(&self, id: SubscriptionId) -> u64 {
        locked(&self.of).get(&id).copied().unwrap_or(self.all)
    }
}

impl Version {
    pub(crate) fn new(name: &str, module: Module, generations: Generations, since_ms: u64) -> Self {
        let Module { plugin, bytes } = module;
        let digest = plugin.inspection().digest.to_string();
        Self {
            handler: Arc::new(Handler { name: name.to_owned(), digest }),
            plugin,
            since_ms,
            figures: Figures::default(),
            workers: TaskTracker::new(),
            withdrawn: CancellationToken::new(),
            health: Mutex::default(),
            bytes,
            generations,
        }
    }

    /// What it is made of.
    pub(crate) fn module(&self) -> Module {
        Module { plugin: self.plugin.clone(), bytes: self.bytes.clone() }
    }

    /// What the queue knows its workers in the subscription by.
    pub(crate) fn generation(&self, id: SubscriptionId) -> u64 {
        self.generations.get(id)
    }

    /// It serves one more subscription, by workers of this generation.
    pub(super) fn join(&self, id: SubscriptionId, generation: u64) {
        locked(&self.generations.of).insert(id, generation);
    }

    /// How it does in the subscription.
    pub(crate) fn health(&self, id: SubscriptionId) -> Arc<Health> {
        Arc::clone(locked(&self.health).entry(id).or_default())
    }

    pub(crate) fn digest(&self) -> &str {
        &self.handler.digest
    }

    /// Waits until its workers have left it; not longer than they can take for what they have in hand.
    pub(super) async fn left(&self) {
        self.workers.close();
        // Whoever is later than that is fenced.
        let _ = timeout(LEAVE_MAX, self.workers.wait()).await;
    }

    /// Why an instance of it did not start, if one did not.
    pub(super) fn start_failure(&self) -> Option<String> {
        if self.figures.starts_failed() == 0 {
            return None;
        }
        let why = locked(&self.health).values().find_map(|health| health.report().why);
        Some(format!("an instance did not start: {}", why.unwrap_or_default()))
    }

    pub(super) fn report(&self, state: VersionState) -> VersionReport {
        let [handled, failed, rejected] = self.figures.outcomes();
        VersionReport {
            digest: self.digest().to_owned(),
            source: None,
            world: self.plugin.inspection().world.to_string(),
            state,
            since_ms: self.since_ms,
            messages: handled + failed + rejected,
            failed,
            rejected,
            time_per_message: self.figures.sample().pace(),
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a version is to its plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionState {
    /// It has all messages, or all but those of the version on trial.
    Serving,
    /// A swap watches it.
    Trial,
    /// It served before; a rollback goes back to it.
    Previous,
}

/// One version of a plugin, for whoever asks.
#[derive(Clone, Debug, Serialize)]
pub struct VersionReport {
    /// Its digest.
    pub digest: String,
    /// Where in a registry it came from, if from one and if anybody said so.
    pub source: Option<String>,
    /// How it takes messages: `message` or `batch`.
    pub world: String,
    /// What it is to its plugin.
    pub state: VersionState,
    /// Since when it has, or when it began to have messages: milliseconds since the Unix epoch.
    #[serde(rename = "since", serialize_with = "time")]
    pub since_ms: u64,
    /// Messages that it answered for since then, well or not.
    pub messages: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that it rejected.
    pub rejected: u64,
    /// How long a message took.
    #[serde(rename = "us_per_message", serialize_with = "micros")]
    pub time_per_message: Duration,
}

/// Microseconds with one place.
pub(super) fn micros<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((time.as_nanos() / 100) as f64 / 10.0)
}
