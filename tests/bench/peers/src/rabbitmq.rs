//! RabbitMQ: a quorum queue and publisher confirms.

use std::collections::VecDeque;
use std::time::Instant;

use async_trait::async_trait;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, PublisherConfirm,
};

use crate::contender::Entry;
use crate::payload::Payloads;
use crate::peer::Peer;
use crate::server::Script;

pub(crate) const NAME: &str = "rabbitmq";

const QUEUE: &str = "bench";
/// Messages that wait for their confirm.
const IN_FLIGHT: usize = 5_000;

pub(crate) fn entry() -> Entry {
    Entry {
        name: NAME,
        label: "RabbitMQ".to_owned(),
        settings: format!("quorum queue, publisher confirms; {IN_FLIGHT} in flight"),
        script: Some(Script { file: "rabbitmq.sh", folder: NAME, environment: Vec::new() }),
        connect: Box::new(|url| {
            Box::pin(async move { Ok(Box::new(RabbitMq::connect(&url).await?) as Box<dyn Peer>) })
        }),
    }
}

struct RabbitMq {
    channel: Channel,
    payloads: Payloads,
    /// Closes when dropped.
    _connection: Connection,
}

impl RabbitMq {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        channel.queue_declare(QUEUE.into(), QueueDeclareOptions::durable(), arguments).await?;
        Ok(Self { channel, payloads: Payloads::new(), _connection: connection })
    }

    async fn publish(&mut self) -> anyhow::Result<PublisherConfirm> {
        const PERSISTENT: u8 = 2;
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let (options, payload) = (BasicPublishOptions::default(), self.payloads.next());
        let queue = QUEUE.into();
        Ok(self.channel.basic_publish("".into(), queue, options, payload, properties).await?)
    }
}

#[async_trait]
impl Peer for RabbitMq {
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64> {
        let mut waiting = VecDeque::with_capacity(IN_FLIGHT);
        let mut messages = 0;
        while Instant::now() < until {
            if waiting.len() == IN_FLIGHT {
                messages += confirmed(waiting.pop_front()).await?;
            }
            waiting.push_back(self.publish().await?);
        }
        while !waiting.is_empty() {
            messages += confirmed(waiting.pop_front()).await?;
        }
        Ok(messages)
    }

    async fn one(&mut self) -> anyhow::Result<()> {
        let confirm = self.publish().await?;
        confirmed(Some(confirm)).await.map(drop)
    }

    /// A long queue slows it down.
    async fn clear(&mut self) -> anyhow::Result<()> {
        self.channel.queue_purge(QUEUE.into(), QueuePurgeOptions::default()).await?;
        Ok(())
    }
}

/// How many messages the confirm stands for.
async fn confirmed(confirm: Option<PublisherConfirm>) -> anyhow::Result<u64> {
    let Some(confirm) = confirm else { return Ok(0) };
    let answer = confirm.await?;
    anyhow::ensure!(matches!(answer, Confirmation::Ack(None)), "a message was refused: {answer:?}");
    Ok(1)
}
