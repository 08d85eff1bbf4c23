//! Who handles a subscription's messages: a plugin or a sink, behind one call.

use std::time::Duration;

use millstream_connectors::Sink;
use millstream_message::{Answers, Batch, Failure, FailureKind};
use millstream_plugin_host::{CallFailure, Input, Instance, Plugin, StartFailure};

/// Handles batches for one worker.
pub(crate) enum Consumer {
    Plugin(Box<PluginConsumer>),
    Sink(Box<dyn Sink>),
}

/// Why a batch got no answers.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The call failed: its messages are to blame, one of them or all.
    Call(Failure),
    /// The handler could not be started, or the host failed: no message is to blame.
    Start(String),
}

impl Consumer {
    /// Answers for `batch`; `attempts` counts from 1.
    pub(crate) async fn handle(
        &mut self,
        batch: &Batch,
        attempts: &[u32],
    ) -> Result<Answers, Trouble> {
        match self {
            Self::Plugin(plugin) => plugin.handle(batch, attempts).await,
            Self::Sink(sink) => sink.deliver(batch).await.map_err(|error| {
                Trouble::Call(Failure::new(FailureKind::Retry, error.to_string()))
            }),
        }
    }

    /// Resolves when a batch can be handled at once. Comes before the lease, so that no message
    /// runs out of its deadline while its worker waits for a place in the pool.
    pub(crate) async fn ready(&mut self) -> Result<(), StartFailure> {
        match self {
            Self::Plugin(plugin) => plugin.ready().await,
            Self::Sink(_) => Ok(()),
        }
    }

    /// Whether a failed batch is worth running again one by one: a plugin fails by what one
    /// message makes it do, a sink by where it writes to.
    pub(crate) fn isolates(&self) -> bool {
        matches!(self, Self::Plugin(_))
    }
}

/// A plugin and the instance of it that this worker owns. An instance belongs to one subscription
/// for life.
pub(crate) struct PluginConsumer {
    plugin: Plugin,
    subscription: String,
    topic: String,
    instance: Option<Instance>,
}

impl PluginConsumer {
    pub(crate) fn new(plugin: Plugin, subscription: &str, topic: &str) -> Self {
        let (subscription, topic) = (subscription.to_owned(), topic.to_owned());
        Self { plugin, subscription, topic, instance: None }
    }

    /// Makes sure that there is a live instance.
    pub(crate) async fn start(&mut self) -> Result<&mut Instance, StartFailure> {
        let usable = self.instance.take().filter(|instance| !instance.spent());
        let instance = match usable {
            Some(instance) => instance,
            None => self.plugin.instantiate(&self.subscription, &self.topic).await?,
        };
        Ok(self.instance.insert(instance))
    }

    /// Makes sure of a live instance, however long the pool is full.
    async fn ready(&mut self) -> Result<(), StartFailure> {
        loop {
            match self.start().await {
                Err(StartFailure::Pool(_)) => self.plugin.room().await,
                started => return started.map(|_| ()),
            }
        }
    }

    async fn handle(&mut self, batch: &Batch, attempts: &[u32]) -> Result<Answers, Trouble> {
        let instance = self.start().await.map_err(|failure| Trouble::Start(failure.to_string()))?;
        let answer = instance.call(Input { batch, attempts }).await;
        answer.map_err(|CallFailure { kind, message, host_fault }| match host_fault {
            true => Trouble::Start(message),
            false => Trouble::Call(Failure { kind, message, alone: true }),
        })
    }
}

/// How long a worker rests after its handler could not be started for the `n`-th time in a row.
pub(crate) fn rest_after(starts_failed: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(30);
    FIRST.saturating_mul(1 << starts_failed.min(16)).min(LONGEST)
}
