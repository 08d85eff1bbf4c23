//! Kafka through librdkafka, one fsync per produced batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer,
};

use crate::contender::Entry;
use crate::payload::Payloads;
use crate::peer::Peer;
use crate::server::Script;

pub(crate) const NAME: &str = "kafka";

const TOPIC: &str = "bench";
/// Messages between two looks at the acknowledgements.
const STRIDE: usize = 1_000;
/// How long the last acknowledgements may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One ordered log with the largest batches that a broker takes by default; and what serves it best
/// here: logs that are synced beside each other, and batches that it must be allowed.
pub(crate) fn entries() -> [Entry; 2] {
    [
        entry(Shape { folder: "kafka-1", partitions: 1, batch_bytes: 1_000_000 }),
        entry(Shape { folder: "kafka-4", partitions: 4, batch_bytes: 4_000_000 }),
    ]
}

/// How the messages are gathered.
#[derive(Clone, Copy)]
struct Shape {
    folder: &'static str,
    partitions: i32,
    batch_bytes: u32,
}

fn entry(shape: Shape) -> Entry {
    let every_message = "log.flush.interval.messages=1".to_owned();
    let (partitions, mb) = (shape.partitions, shape.batch_bytes / 1_000_000);
    Entry {
        name: NAME,
        label: format!("Kafka 4.3, partitions: {partitions}"),
        settings: format!(
            "flush.messages=1, acks=all, batches to {mb} MB, linger 5 ms; one at a time: no linger"
        ),
        script: Some(Script {
            file: "kafka.sh",
            folder: shape.folder,
            environment: vec![("KAFKA_EXTRA", every_message), ("KAFKA_HEAP", "1g".to_owned())],
        }),
        connect: Box::new(move |url| {
            Box::pin(
                async move { Ok(Box::new(Kafka::connect(&url, shape).await?) as Box<dyn Peer>) },
            )
        }),
    }
}

struct Kafka {
    many: BaseProducer<Counting>,
    single: ThreadedProducer<Telling>,
    /// What `single` hears from the broker.
    answers: Receiver<KafkaResult<()>>,
    payloads: Payloads,
}

impl Kafka {
    async fn connect(url: &str, shape: Shape) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", url).set("acks", "all");
        // Else the client waits for the kernel to fill a packet.
        config.set("socket.nagle.disable", "true");
        create_topic(&config, shape).await?;
        let mut many = config.clone();
        many.set("queue.buffering.max.messages", "200000").set("linger.ms", "5");
        many.set("batch.size", shape.batch_bytes.to_string());
        many.set("message.max.bytes", (shape.batch_bytes + 48_576).to_string());
        many.set("batch.num.messages", (shape.batch_bytes / 100).to_string());
        let (tell, answers) = channel();
        Ok(Self {
            many: many.create_with_context(Counting::default())?,
            single: config.set("linger.ms", "0").create_with_context(Telling(tell))?,
            answers,
            payloads: Payloads::new(),
        })
    }
}

async fn create_topic(config: &ClientConfig, shape: Shape) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    // What stands around a batch must fit in, too.
    let message_max = (shape.batch_bytes + 48_576).to_string();
    let topic = NewTopic::new(TOPIC, shape.partitions, TopicReplication::Fixed(1))
        .set("flush.messages", "1")
        .set("max.message.bytes", &message_max);
    for result in admin.create_topics([&topic], &AdminOptions::new()).await? {
        result
            .map_err(|(topic, code)| anyhow::anyhow!("the topic {topic} was not made: {code}"))?;
    }
    Ok(())
}

#[async_trait]
impl Peer for Kafka {
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64> {
        let counts = Arc::clone(&self.many.context().0);
        let before = counts.acknowledged()?;
        while Instant::now() < until {
            for _ in 0..STRIDE {
                send(&self.many, self.payloads.next())?;
            }
            self.many.poll(Duration::ZERO);
        }
        self.many.flush(ANSWER_MAX).context("not all were acknowledged")?;
        Ok(counts.acknowledged()? - before)
    }

    async fn one(&mut self) -> anyhow::Result<()> {
        let record = BaseRecord::<(), [u8]>::to(TOPIC).payload(self.payloads.next());
        self.single.send(record).map_err(|(error, _)| error)?;
        Ok(self.answers.recv_timeout(ANSWER_MAX)??)
    }
}

/// Waits while the client's own queue is full.
fn send(producer: &BaseProducer<Counting>, payload: &[u8]) -> anyhow::Result<()> {
    loop {
        match producer.send(BaseRecord::<(), [u8]>::to(TOPIC).payload(payload)) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// Counts what the broker answered.
#[derive(Clone, Default)]
struct Counting(Arc<Counts>);

#[derive(Default)]
struct Counts {
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    /// # Errors
    /// When a message was refused.
    fn acknowledged(&self) -> anyhow::Result<u64> {
        anyhow::ensure!(self.failed.load(Ordering::Relaxed) == 0, "a message was refused");
        Ok(self.acknowledged.load(Ordering::Relaxed))
    }
}

impl ClientContext for Counting {}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let count = if result.is_ok() { &self.0.acknowledged } else { &self.0.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells each answer as soon as it is there.
struct Telling(Sender<KafkaResult<()>>);

impl ClientContext for Telling {}

impl ProducerContext for Telling {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        // Nobody waits for what is answered too late.
        let _ = self.0.send(result.as_ref().map(drop).map_err(|(error, _)| error.clone()));
    }
}
