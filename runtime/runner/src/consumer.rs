//! Who handles a subscription's messages: a plugin or a sink, behind one call.

use std::sync::Arc;

use millstream_connectors::Sink;
use millstream_message::{Answers, Batch, Failure, FailureKind};
use millstream_plugin_host::{
    CallFailure, Digest, FAILURE_BYTES_MAX, Input, Instance, Plugin, StartFailure,
};

use crate::health::Health;

/// Room for the failure's kind before its message.
const KIND_BYTES_MAX: usize = 32;

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
    /// Every place for an instance is taken: nobody is to blame.
    NoPlace,
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

    /// Whether [`Consumer::ready`] has to start something first.
    pub(crate) fn must_start(&self) -> bool {
        matches!(self, Self::Plugin(plugin) if !plugin.lives())
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
    health: Arc<Health>,
}

impl PluginConsumer {
    pub(crate) fn new(
        plugin: Plugin,
        subscription: &str,
        topic: &str,
        health: Arc<Health>,
    ) -> Self {
        let (subscription, topic) = (subscription.to_owned(), topic.to_owned());
        Self { plugin, subscription, topic, instance: None, health }
    }

    fn lives(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| !instance.spent())
    }

    /// Makes sure that there is a live instance.
    pub(crate) async fn start(&mut self) -> Result<&mut Instance, StartFailure> {
        let usable = self.instance.take().filter(|instance| !instance.spent());
        let instance = match usable {
            Some(instance) => instance,
            None => {
                let Self { plugin, subscription, topic, health, .. } = &mut *self;
                let instance = plugin.instantiate(subscription, topic).await?;
                health.started();
                instance
            }
        };
        Ok(self.instance.insert(instance))
    }

    /// Makes sure of a live instance, however long the pool is full.
    async fn ready(&mut self) -> Result<(), StartFailure> {
        loop {
            match self.start().await {
                Err(StartFailure::Pool(_) | StartFailure::Instances(_)) => {
                    self.plugin.room(&self.subscription).await;
                }
                started => return started.map(|_| ()),
            }
        }
    }

    async fn handle(&mut self, batch: &Batch, attempts: &[u32]) -> Result<Answers, Trouble> {
        let instance = self.start().await.map_err(|failure| match failure {
            StartFailure::Pool(_) | StartFailure::Instances(_) => Trouble::NoPlace,
            failure => Trouble::Start(failure.to_string()),
        })?;
        let answer = instance.call(Input { batch, attempts }).await;
        answer.map_err(|CallFailure { kind, message, host_fault }| match host_fault {
            true => Trouble::Start(message),
            false => {
                let message = signed(message, self.plugin.inspection().digest);
                Trouble::Call(Failure { kind, message, alone: true })
            }
        })
    }
}

/// `message` and, on a line of its own, which plugin it is about: a text is read long after its
/// plugin was replaced. What is too long loses the end of its backtrace.
fn signed(mut message: String, digest: Digest) -> String {
    let line = format!("\nplugin {digest}");
    let mut end = message.len().min(FAILURE_BYTES_MAX - KIND_BYTES_MAX - line.len());
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.truncate(end);
    message + &line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_plugin_however_long_its_backtrace_is() {
        let digest = Digest::of(b"plugin");
        for (message, begins) in
            [("oops".to_owned(), "trap: oops\nplugin sha256:"), ("é".repeat(9_000), "trap: é")]
        {
            let failure = Failure::new(FailureKind::Trap, signed(message, digest)).to_string();
            assert!(failure.starts_with(begins) && failure.ends_with(&digest.to_string()));
            assert!(failure.len() <= FAILURE_BYTES_MAX, "{}", failure.len());
        }
    }
}
