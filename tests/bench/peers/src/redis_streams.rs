//! Redis Streams, the append-only file synced before every answer.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

use crate::contender::Entry;
use crate::payload::Payloads;
use crate::peer::Peer;
use crate::server::Script;

pub(crate) const NAME: &str = "redis";

const STREAM: &str = "bench";
/// Connections that each have one pipeline under way.
const CONNECTIONS: usize = 4;
/// Commands in one pipeline.
const PIPELINE: usize = 1_000;
/// How long one pipeline may take: the client's own default is too short for a busy disk.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub(crate) fn entry() -> Entry {
    Entry {
        name: NAME,
        label: "Redis Streams".to_owned(),
        settings: format!("appendfsync always; {CONNECTIONS} × pipelines of {PIPELINE} XADD"),
        script: Some(Script {
            file: "redis.sh",
            folder: NAME,
            environment: vec![("REDIS_APPENDFSYNC", "always".to_owned())],
        }),
        connect: Box::new(|url| {
            Box::pin(async move { Ok(Box::new(Redis::connect(&url).await?) as Box<dyn Peer>) })
        }),
    }
}

struct Redis {
    connections: Vec<MultiplexedConnection>,
    payloads: Payloads,
}

impl Redis {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let client = redis::Client::open(url)?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_MAX));
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let connection = client.get_multiplexed_async_connection_with_config(&config);
            connections.push(connection.await?);
        }
        Ok(Self { connections, payloads: Payloads::new() })
    }
}

#[async_trait]
impl Peer for Redis {
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64> {
        let connections = self.connections.iter().cloned();
        let tasks: Vec<_> =
            connections.map(|connection| tokio::spawn(pipelines(connection, until))).collect();
        let mut messages = 0;
        for task in tasks {
            messages += task.await??;
        }
        Ok(messages)
    }

    async fn one(&mut self) -> anyhow::Result<()> {
        let command = xadd(self.payloads.next());
        Ok(command.query_async(&mut self.connections[0]).await?)
    }

    /// Streams lie in memory.
    async fn clear(&mut self) -> anyhow::Result<()> {
        Ok(redis::cmd("UNLINK").arg(STREAM).query_async(&mut self.connections[0]).await?)
    }
}

/// One pipeline after the other.
async fn pipelines(mut connection: MultiplexedConnection, until: Instant) -> anyhow::Result<u64> {
    let mut payloads = Payloads::new();
    let mut messages = 0;
    while Instant::now() < until {
        let mut pipeline = redis::Pipeline::with_capacity(PIPELINE);
        for _ in 0..PIPELINE {
            pipeline.add_command(xadd(payloads.next())).ignore();
        }
        let () = pipeline.query_async(&mut connection).await?;
        messages += PIPELINE as u64;
    }
    Ok(messages)
}

fn xadd(payload: &[u8]) -> redis::Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(STREAM).arg("*").arg("d").arg(payload);
    command
}
