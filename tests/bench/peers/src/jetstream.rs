//! NATS JetStream, every message synced before its answer.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::time::Instant;

use async_nats::jetstream::{self, stream::StorageType};
use async_trait::async_trait;
use bytes::Bytes;

use crate::contender::Entry;
use crate::payload::Payloads;
use crate::peer::Peer;
use crate::server::Script;

pub(crate) const NAME: &str = "jetstream";

const SUBJECT: &str = "bench";
/// Messages that wait for their answer. Small: with thousands in flight it confirms nothing for
/// seconds, and each message has a sync of its own anyway.
const IN_FLIGHT: usize = 64;

pub(crate) fn entry() -> Entry {
    Entry {
        name: NAME,
        label: "NATS JetStream".to_owned(),
        settings: format!("file storage, sync_interval: always; {IN_FLIGHT} in flight"),
        script: Some(Script {
            file: "nats.sh",
            folder: NAME,
            environment: vec![("NATS_SYNC", "always".to_owned())],
        }),
        connect: Box::new(|url| {
            Box::pin(async move { Ok(Box::new(JetStream::connect(&url).await?) as Box<dyn Peer>) })
        }),
    }
}

struct JetStream {
    context: jetstream::Context,
    stream: jetstream::stream::Stream,
    payloads: Payloads,
}

impl JetStream {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let context = jetstream::new(async_nats::connect(url).await?);
        let config = jetstream::stream::Config {
            name: SUBJECT.to_owned(),
            subjects: vec![SUBJECT.to_owned()],
            storage: StorageType::File,
            ..Default::default()
        };
        let stream = context.create_stream(config).await?;
        Ok(Self { context, stream, payloads: Payloads::new() })
    }

    async fn publish(&mut self) -> anyhow::Result<jetstream::context::PublishAckFuture> {
        let payload = Bytes::copy_from_slice(self.payloads.next());
        Ok(self.context.publish(SUBJECT, payload).await?)
    }
}

#[async_trait]
impl Peer for JetStream {
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64> {
        let mut waiting = VecDeque::with_capacity(IN_FLIGHT);
        let mut messages = 0;
        loop {
            let may_send = Instant::now() < until;
            if may_send && waiting.len() < IN_FLIGHT {
                waiting.push_back(self.publish().await?);
            } else if let Some(answer) = waiting.pop_front() {
                answer.into_future().await?;
                messages += 1;
            } else {
                return Ok(messages);
            }
        }
    }

    async fn one(&mut self) -> anyhow::Result<()> {
        self.publish().await?.await?;
        Ok(())
    }

    async fn clear(&mut self) -> anyhow::Result<()> {
        self.stream.purge().await?;
        Ok(())
    }
}
