//! Millstream over HTTP: its own binary, its own endpoint.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::contender::Entry;
use crate::http::Client;
use crate::payload::Payloads;
use crate::peer::Peer;
use crate::server::Script;

pub(crate) const NAME: &str = "millstream";

/// The one topic of the pipeline that the script writes.
const TOPIC: &str = "bench";

/// What Millstream is measured with.
#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// The binary.
    #[arg(long, default_value = "target/release/millstream", env = "MILLSTREAM_BINARY")]
    millstream: PathBuf,
    /// `broker:` of its pipeline. Only the journal with `sync: always` compares with the others.
    #[arg(long, default_value = "{ journal: { path: ./journal, sync: always } }")]
    broker: String,
    /// Connections that each have one request under way.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Messages of one request.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
}

/// The two forms of a request of many messages, each against a server of its own.
///
/// # Errors
/// When the binary's path is not UTF-8 or cannot be told.
pub(crate) fn entries(options: &Options) -> anyhow::Result<Vec<Entry>> {
    let binary = std::path::absolute(&options.millstream)?;
    let binary = binary.to_str().context("the binary's path is not UTF-8")?.to_owned();
    Ok(vec![entry(options, &binary, &LINES), entry(options, &binary, &OBJECTS)])
}

fn entry(options: &Options, binary: &str, form: &'static Form) -> Entry {
    let Options { connections, batch, broker, .. } = options.clone();
    Entry {
        name: NAME,
        label: format!("Millstream, {}", form.label),
        settings: format!(
            "HTTP, broker: {broker}; {connections} connections × requests of {batch}"
        ),
        script: Some(Script {
            file: "millstream.sh",
            folder: form.folder,
            environment: vec![
                ("MILLSTREAM_BINARY", binary.to_owned()),
                ("MILLSTREAM_BROKER", broker),
            ],
        }),
        connect: Box::new(move |url| {
            Box::pin(async move {
                let millstream = Millstream::connect(&url, form, connections, batch).await?;
                Ok(Box::new(millstream) as Box<dyn Peer>)
            })
        }),
    }
}

/// How many messages stand in one body.
struct Form {
    label: &'static str,
    folder: &'static str,
    query: &'static str,
    content_type: &'static str,
    append: fn(&mut Vec<u8>, &[u8]),
}

/// Opaque payloads, as the others take them.
static LINES: Form = Form {
    label: "lines",
    folder: "millstream-lines",
    query: "?format=lines",
    content_type: "application/octet-stream",
    append: |body, payload| {
        body.extend_from_slice(payload);
        body.push(b'\n');
    },
};

/// Message objects with a key: their JSON is read, their payload is a string in it.
static OBJECTS: Form = Form {
    label: "message objects",
    folder: "millstream-objects",
    query: "",
    content_type: "application/vnd.millstream.messages+ndjson",
    append: |body, payload| {
        body.extend_from_slice(br#"{"key":"customer-4711","payload":""#);
        for byte in payload {
            if *byte == b'"' {
                body.push(b'\\');
            }
            body.push(*byte);
        }
        body.extend_from_slice(b"\"}\n");
    },
};

struct Millstream {
    connections: Vec<Client>,
    single: Client,
    payloads: Payloads,
    form: &'static Form,
    batch: usize,
}

impl Millstream {
    async fn connect(
        url: &str,
        form: &'static Form,
        connections: usize,
        batch: usize,
    ) -> anyhow::Result<Self> {
        let host = url.strip_prefix("http://").context("the script told no http:// address")?;
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Client::connect(host).await?);
        }
        let single = Client::connect(host).await?;
        Ok(Self { connections: clients, single, payloads: Payloads::new(), form, batch })
    }
}

#[async_trait]
impl Peer for Millstream {
    async fn flood(&mut self, until: Instant) -> anyhow::Result<u64> {
        let (form, batch) = (self.form, self.batch);
        let mut tasks = tokio::task::JoinSet::new();
        for client in self.connections.drain(..) {
            tasks.spawn(requests(client, form, batch, until));
        }
        let mut messages = 0;
        while let Some(done) = tasks.join_next().await {
            let (client, accepted) = done??;
            self.connections.push(client);
            messages += accepted;
        }
        Ok(messages)
    }

    async fn one(&mut self) -> anyhow::Result<()> {
        let body = Bytes::copy_from_slice(self.payloads.next());
        publish(&mut self.single, "", "application/json", body, 1).await
    }

    async fn clear(&mut self) -> anyhow::Result<()> {
        let path = format!("/v1/topics/{TOPIC}/purge");
        let (status, answer) = self.single.post(&path, "application/json", "{}".into()).await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}: {}", answer.escape_ascii());
        Ok(())
    }
}

/// One request after the other on one connection, which it hands back.
async fn requests(
    mut client: Client,
    form: &Form,
    batch: usize,
    until: Instant,
) -> anyhow::Result<(Client, u64)> {
    let mut payloads = Payloads::new();
    let mut messages = 0;
    let mut capacity = 0;
    while Instant::now() < until {
        let mut body = Vec::with_capacity(capacity);
        for _ in 0..batch {
            (form.append)(&mut body, payloads.next());
        }
        capacity = body.len();
        publish(&mut client, form.query, form.content_type, body.into(), batch).await?;
        messages += batch as u64;
    }
    Ok((client, messages))
}

/// The part of an accepted publish that is checked.
#[derive(Deserialize)]
struct Accepted {
    ids: Vec<IgnoredAny>,
    duplicates: u64,
}

/// Publishes a body of so many messages.
async fn publish(
    client: &mut Client,
    query: &str,
    content_type: &str,
    body: Bytes,
    messages: usize,
) -> anyhow::Result<()> {
    let path = format!("/v1/topics/{TOPIC}/messages{query}");
    let (status, answer) = client.post(&path, content_type, body).await?;
    anyhow::ensure!(status == StatusCode::ACCEPTED, "{path}: {status}: {}", answer.escape_ascii());
    let accepted: Accepted = serde_json::from_slice(&answer)?;
    let whole = accepted.ids.len() == messages && accepted.duplicates == 0;
    anyhow::ensure!(whole, "{} of {messages} messages were taken", accepted.ids.len());
    Ok(())
}
