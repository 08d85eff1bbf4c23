//! What is asked of everyone who is measured.

use std::time::Instant;

use async_trait::async_trait;

/// A client of one broker, connected.
#[async_trait]
pub(crate) trait Peer: Send {
    /// Publishes until `until` with as many messages under way as suits the broker best, and waits
    /// for the last acknowledgement. Returns how many were acknowledged.
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64>;

    /// Publishes one message and waits for its acknowledgement.
    async fn one(&mut self) -> anyhow::Result<()>;

    /// Gives up what was published, where it would weigh on the next round. Not measured.
    async fn clear(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
