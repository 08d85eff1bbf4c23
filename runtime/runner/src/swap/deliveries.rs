//! What a swap asks of the queue. All that the two have to do with each other is here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use millstream_message::SubscriptionId;
use millstream_queue::{Broker, KeyRange};
use thiserror::Error;

use super::duty::Lane;

/// The generation of the workers that a start begins with.
const FIRST_GENERATION: u64 = 1;

/// How long a message may wait for a worker of its version.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Why the queue does not do what a swap asks.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct QueueRefusal(pub String);

/// A share of the keys in percent: always the same ones, those of a smaller share among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(u8);

impl Share {
    pub(crate) const ALL: Self = Self(100);

    /// What is more than all is all.
    pub(crate) fn percent(percent: u8) -> Self {
        Self(percent.clamp(1, 100))
    }

    /// Workers out of `workers` that do for this share: one at least.
    pub(super) fn of(self, workers: u32) -> u32 {
        (workers * u32::from(self.0)).div_ceil(100).max(1)
    }

    /// The lowest hash that is not in the share; it is not for [`Share::ALL`].
    fn end(self) -> u64 {
        u64::MAX / 100 * u64::from(self.0)
    }
}

/// What the queue does for a swap.
#[async_trait]
pub(crate) trait Deliveries: Send + Sync {
    /// A version goes on trial for a share of the keys. Gives the generation of its workers.
    async fn begin_trial(
        &self,
        plugin: &str,
        digest: &str,
        share: Share,
    ) -> Result<u64, QueueRefusal>;

    /// The version on trial has all keys from now on.
    async fn widen_trial(&self, plugin: &str) -> Result<(), QueueRefusal>;

    /// The version on trial serves from now on.
    async fn promote(&self, plugin: &str) -> Result<(), QueueRefusal>;

    /// The trial is over: nothing that its workers still have is settled.
    async fn roll_back(&self, plugin: &str, why: &str) -> Result<(), QueueRefusal>;

    /// Workers of generations before `generation` may settle nothing any more.
    async fn fence(
        &self,
        subscription: SubscriptionId,
        generation: u64,
    ) -> Result<(), QueueRefusal>;

    /// Keeps a version's bytes for the next start.
    async fn keep(&self, plugin: &str, digest: &str, bytes: Bytes) -> Result<(), QueueRefusal>;

    /// The generation of the workers that serve a subscription when nothing was swapped yet.
    fn generation(&self, subscription: SubscriptionId) -> u64;

    /// Resolves when no more messages may wait for the end of the plugin's trial: roll it back.
    async fn trial_full(&self, plugin: &str);

    /// How long a worker may wait before it asks again, while a version on trial has a share of the
    /// keys; none: it is woken when there is something for it.
    fn look_again(&self, divided: Option<Share>) -> Option<Duration>;

    /// The keys that a lease of a worker may have while a version on trial has a share of them.
    fn keys(&self, lane: Lane, divided: Option<Share>) -> Option<KeyRange>;
}

/// What a broker that knows nothing of versions can do: generations fence, and keys are shared out by
/// what the workers ask for. Versions last as long as the process.
pub(crate) struct OverBroker {
    broker: Arc<dyn Broker>,
    generations: AtomicU64,
}

impl OverBroker {
    pub(crate) fn new(broker: Arc<dyn Broker>) -> Self {
        Self { broker, generations: AtomicU64::new(FIRST_GENERATION) }
    }
}

#[async_trait]
impl Deliveries for OverBroker {
    async fn begin_trial(&self, _: &str, _: &str, _: Share) -> Result<u64, QueueRefusal> {
        Ok(self.generations.fetch_add(1, Ordering::Relaxed) + 1)
    }

    async fn widen_trial(&self, _: &str) -> Result<(), QueueRefusal> {
        Ok(())
    }

    async fn promote(&self, _: &str) -> Result<(), QueueRefusal> {
        Ok(())
    }

    // The workers themselves give back what they have.
    async fn roll_back(&self, _: &str, _: &str) -> Result<(), QueueRefusal> {
        Ok(())
    }

    async fn fence(
        &self,
        subscription: SubscriptionId,
        generation: u64,
    ) -> Result<(), QueueRefusal> {
        let fenced = self.broker.fence(subscription, generation).await;
        fenced.map_err(|error| QueueRefusal(error.to_string()))
    }

    async fn keep(&self, _: &str, _: &str, _: Bytes) -> Result<(), QueueRefusal> {
        Ok(())
    }

    fn generation(&self, _: SubscriptionId) -> u64 {
        FIRST_GENERATION
    }

    // Nothing waits for it.
    async fn trial_full(&self, _: &str) {
        std::future::pending().await
    }

    // The broker wakes one worker for what is new, which may be none of the lane that it is for.
    fn look_again(&self, divided: Option<Share>) -> Option<Duration> {
        divided.map(|_| LOOK_AGAIN)
    }

    fn keys(&self, lane: Lane, divided: Option<Share>) -> Option<KeyRange> {
        let end = divided?.end();
        Some(match lane {
            Lane::Trial => KeyRange { first: 0, last: end - 1 },
            Lane::Main => KeyRange { first: end, last: u64::MAX },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_workers_and_all_keys_belong_to_one_side() {
        assert_eq!([1, 10, 50, 99].map(|percent| Share::percent(percent).of(4)), [1, 1, 2, 4]);
        let share = Share::percent(10);
        assert!(share.end().abs_diff(u64::MAX / 10) < 100);
        assert_eq!(Share::percent(200), Share::ALL);
    }
}
