//! What is measured: a broker with a journal, one topic and one subscription, in this process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use millstream_message::{Batch, SubscriptionId, TopicId};
use millstream_queue::journal::Folder;
use millstream_queue::{
    Broker, Declaration, Delivery, EmbeddedBroker, Handler, JournalOptions, LeaseRequest,
    Publication, Recovered, SubscriptionRules, SystemClock, TopicKind, TopicRules,
};

use crate::load::{self, BATCH};

use super::place::Place;

const TOPIC: TopicId = TopicId(0);
const READER: SubscriptionId = SubscriptionId(0);

/// A broker on a journal.
pub(crate) struct Subject {
    pub(crate) broker: Arc<EmbeddedBroker>,
    handler: Arc<Handler>,
}

impl Subject {
    /// Opens the journal at a place, as a start does.
    pub(crate) fn open(place: &Place) -> anyhow::Result<(Self, Recovered)> {
        let topic = TopicRules {
            max_messages: u64::MAX / 4,
            max_bytes: u64::MAX / 4,
            ..TopicRules::new("orders", TopicKind::Event)
        };
        let subscription = SubscriptionRules {
            ack_deadline: Duration::from_secs(24 * 60 * 60),
            ..SubscriptionRules::new("ship", TOPIC, "orders")
        };
        let declaration = Declaration {
            pipeline: "bench".to_owned(),
            topics: vec![topic],
            subscriptions: vec![subscription],
            ..Declaration::default()
        };
        let (broker, recovered) = EmbeddedBroker::open(
            Arc::new(Folder::create(place.path())?),
            JournalOptions::default(),
            declaration,
            Arc::new(SystemClock::start()),
            rand::random::<u64>,
        )?;
        let handler = Arc::new(Handler { name: "bench".to_owned(), digest: String::new() });
        Ok((Self { broker: Arc::new(broker), handler }, recovered))
    }

    /// Has checkpoints made beside, as a host does.
    pub(crate) fn care(&self) -> anyhow::Result<()> {
        let broker = Arc::downgrade(&self.broker);
        let thread = std::thread::Builder::new().name("care".to_owned());
        thread.spawn(move || EmbeddedBroker::care(&broker)).context("no thread to be had")?;
        Ok(())
    }

    pub(crate) async fn publish(&self, batch: Batch) -> anyhow::Result<()> {
        self.broker.publish(TOPIC, Publication::now(batch)).await?;
        Ok(())
    }

    /// `number` batches, `batch(i)` each, by `tasks` tasks that each wait until theirs is durable.
    pub(crate) async fn publish_all(
        self: &Arc<Self>,
        batch: impl Fn(usize) -> Batch + Clone + Send + 'static,
        number: usize,
        tasks: usize,
    ) -> anyhow::Result<()> {
        let publisher = |task: usize| {
            let (subject, batch) = (Arc::clone(self), batch.clone());
            tokio::spawn(async move {
                for i in (task..number).step_by(tasks) {
                    subject.publish(batch(i)).await?;
                }
                anyhow::Ok(())
            })
        };
        let publishers: Vec<_> = (0..tasks).map(publisher).collect();
        for publisher in publishers {
            publisher.await??;
        }
        Ok(())
    }

    pub(crate) async fn lease(&self) -> anyhow::Result<Delivery> {
        let request = LeaseRequest {
            subscription: READER,
            generation: 1,
            keys: None,
            messages_max: BATCH as u32,
            handler: Arc::clone(&self.handler),
        };
        Ok(self.broker.lease(request).await?)
    }

    /// Messages that wait or are under lease.
    pub(crate) fn depth(&self) -> u64 {
        self.broker.figures().topics.iter().map(|topic| topic.depth).sum()
    }

    /// Ends the journal as a host does.
    pub(crate) async fn close(&self) -> anyhow::Result<()> {
        Ok(self.broker.close().await?)
    }
}

/// Batches of `messages` messages with keys among 10,000, as publishers build them.
pub(crate) fn batches(messages: usize) -> anyhow::Result<Arc<[Batch]>> {
    const BATCHES: usize = 64;
    const KEYS: usize = 10_000;
    let key = |i: usize| format!("customer-{}", i % KEYS);
    let batch = |n: usize| {
        let keys = (0..messages).map(|i| key(n * messages + i));
        load::batch_of(keys, n as u64)
    };
    Ok((0..BATCHES).map(batch).collect::<Result<Vec<_>, _>>()?.into())
}

/// One of `batches` after the other: they share their memory with those before.
pub(crate) fn in_turn(batches: &Arc<[Batch]>) -> impl Fn(usize) -> Batch + Clone + Send + 'static {
    let batches = Arc::clone(batches);
    move |i| batches[i % batches.len()].clone()
}

/// Bytes that a record of this batch takes in the log, close enough: its columns, where each item of
/// them ends, and the header.
pub(crate) fn stored_bytes(batch: &Batch) -> u64 {
    const POSITIONS: usize = 4 * (1 + 1 + 2 * 2 + 1);
    const HEADER_BYTES: usize = 56;
    (batch.bytes() + batch.len() * POSITIONS + HEADER_BYTES) as u64
}
