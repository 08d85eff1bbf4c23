//! Carries what a source reads into its topic, at the pace the topic allows.

use std::sync::Arc;
use std::time::Duration;

use millstream_connectors::{Chunk, ChunkLimits, Source, SourceError};
use millstream_message::{Batch, HeaderColumns, MessageId, TopicId};
use millstream_pipeline::TopicPlan;
use millstream_queue::{Broker, Publication, PublishError, SourcePosition, Terms};
use tokio_util::sync::CancellationToken;

use crate::report::SourceCounters;

/// Most messages and bytes that a source hands over at once: large enough that a publish costs
/// next to nothing per message, small enough that a topic's bound is met closely.
const CHUNK: ChunkLimits = ChunkLimits { messages_max: 256, bytes_max: 1 << 20 };

/// One source and where its messages go.
pub(crate) struct Feed {
    pub(crate) name: String,
    pub(crate) source: Box<dyn Source>,
    pub(crate) topic: TopicId,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) counters: Arc<SourceCounters>,
    pub(crate) random: fn() -> u128,
    pub(crate) limits: ChunkLimits,
    /// The host stops: what is not accepted yet is not waited for.
    pub(crate) stop: CancellationToken,
    /// It is not needed any more: what it publishes in this moment is still waited for, so that
    /// whoever reads on from its position repeats nothing. Ends with `stop`.
    pub(crate) leave: CancellationToken,
}

impl Feed {
    /// Goes on from what was accepted of the source before, where it was.
    pub(crate) fn resume(&mut self) -> Result<(), SourceError> {
        match self.broker.position(&self.name) {
            Some(at) => self.source.resume(&at),
            None => Ok(()),
        }
    }

    /// Reads and publishes until the source ends or the feed is told to stop.
    pub(crate) async fn run(mut self) -> Result<(), SourceError> {
        loop {
            let chunk = tokio::select! {
                biased;
                () = self.leave.cancelled() => return Ok(()),
                chunk = self.source.next(self.limits) => chunk?,
            };
            match chunk {
                Some(chunk) => self.take(chunk).await,
                None => return Ok(()),
            }
        }
    }

    async fn take(&mut self, chunk: Chunk) {
        self.counters.add_skipped(chunk.skipped_empty);
        for refused in &chunk.refused {
            tracing::warn!(source = %self.name, line = refused.line, reason = %refused.reason, "line refused");
            self.counters.add_refused(format!(
                "{}:{}: {}",
                self.source.place(),
                refused.line,
                refused.reason
            ));
        }
        if let Some(publication) = self.stamp(chunk) {
            self.publish(publication).await;
        }
    }

    /// The chunk as a publication, with ids and times.
    fn stamp(&self, chunk: Chunk) -> Option<Publication> {
        let position = chunk.position.map(|at| SourcePosition { source: self.name.clone(), at });
        let (now, random) = (self.broker.now().wall_ms, (self.random)());
        let n = chunk.payloads.len();
        let ids =
            (0..n as u128).map(|i| MessageId::published(now, random.wrapping_add(i))).collect();
        let headers = chunk.headers.unwrap_or_else(|| HeaderColumns::empty(n));
        let batch = Batch::from_columns(ids, vec![now; n], chunk.keys, headers, chunk.payloads)?;
        let terms = Terms { dedup: chunk.dedup, ..Terms::default() };
        let publication = Publication { position, ..Publication::on_terms(batch, &terms, now) };
        Some(publication).filter(|all| !all.is_empty())
    }

    /// Publishes, waiting for room as long as it takes: this is how backpressure reaches the
    /// source.
    async fn publish(&mut self, publication: Publication) {
        let messages = publication.len() as u64;
        loop {
            let published = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                published = self.broker.publish(self.topic, publication.clone()) => published,
            };
            match published {
                Ok(repeats) => {
                    return self.counters.add_published(messages, repeats.len() as u64);
                }
                Err(
                    error @ (PublishError::Full { .. }
                    | PublishError::Rejected
                    | PublishError::DedupFull
                    | PublishError::DiskFull { .. }),
                ) => match (self.leave.is_cancelled(), &publication.position) {
                    (false, _) => self.rest().await,
                    (true, Some(_)) => return,
                    (true, None) => return self.refuse(messages, &error),
                },
                // An apply has removed the topic: whoever comes after reads this again.
                Err(PublishError::Unknown) => return self.leave.cancelled().await,
                Err(error) => return self.refuse(messages, &error),
            }
        }
    }

    /// A full topic has made us wait already, unless its line was full as well.
    async fn rest(&mut self) {
        const REST: Duration = Duration::from_millis(10);
        tokio::time::sleep(REST).await;
    }

    fn refuse(&self, messages: u64, error: &PublishError) {
        tracing::error!(source = %self.name, messages, %error, "messages refused");
        for _ in 0..messages {
            self.counters.add_refused(format!("{}: {error}", self.source.place()));
        }
    }
}

/// What a source may hand over at once so that it fits into `topic`.
pub(crate) fn chunk_limits(topic: &TopicPlan) -> ChunkLimits {
    let messages = usize::try_from(topic.max_messages).unwrap_or(usize::MAX);
    let bytes = usize::try_from(topic.max_bytes / 2).unwrap_or(usize::MAX);
    ChunkLimits {
        messages_max: CHUNK.messages_max.min(messages),
        bytes_max: CHUNK.bytes_max.min(bytes),
    }
}
