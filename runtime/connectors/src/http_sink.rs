//! Posts each message to a URL.

mod client;
mod request;
mod response;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use hyper::{HeaderMap, Uri};
use millstream_message::{Answers, Batch, ColumnBuilder, Message};

use crate::error::SinkError;
use crate::sink::Sink;
use client::Client;
use response::Verdict;

/// Requests of one batch that are under way at a time: bounds sockets, and what a slow receiver
/// has to bear.
pub const HTTP_IN_FLIGHT_MAX: usize = 16;

/// Posts each message to a URL, one a request, and takes the status for the answer.
///
/// The message's id is the header `Idempotency-Key`, the same in every delivery: a receiver that
/// remembers ids drops what was delivered again. The body is the payload, its content type
/// `application/json` where it is a JSON object or list, else `application/octet-stream`. The key
/// is in `millstream-key` (percent-encoded where it holds what a header cannot), a header of the
/// message in `millstream-header-NAME`, `traceparent` and `tracestate` under their own names.
///
/// 2xx is handled. 408, 425, 429, 5xx, no answer in time and no connection are retries, for which
/// `Retry-After` sets the delay, up to an hour. Any other status rejects the message: 4xx, and 3xx
/// since redirects are not followed.
///
/// Clones share connections: workers of one subscription each take one.
#[derive(Clone)]
pub struct HttpSink {
    shared: Arc<Shared>,
}

/// Where to post, and how.
#[derive(Clone, Debug)]
pub struct HttpSinkRules {
    /// `http` or `https`.
    pub url: String,
    /// How long one request may take, connecting included.
    pub timeout: Duration,
    /// Headers of every request; a `content-type` among them goes before the sink's own.
    pub headers: Vec<(String, String)>,
    /// Which messages wait for each other.
    pub ordered: Ordered,
    /// Whether a rejected message holds its key (all messages under [`Ordered::Strict`]), so that
    /// later ones may not be sent; a failed one always does.
    pub reject_holds: bool,
}

/// Which messages of a batch go one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// None: up to [`HTTP_IN_FLIGHT_MAX`] at a time.
    None,
    /// Those of one key; as many keys at a time, and messages without one.
    Key,
    /// All.
    Strict,
}

struct Shared {
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    ordered: Ordered,
    reject_holds: bool,
}

impl HttpSink {
    /// A sink that posts to the URL of `rules`; connects to nothing yet.
    ///
    /// # Errors
    /// The URL is not one of `http` or `https` with a host, holds credentials, or a header cannot
    /// be sent or is the sink's own.
    pub fn open(rules: HttpSinkRules) -> Result<Self, SinkError> {
        let failed = |why: String| SinkError::new(request::place(&rules.url), &why);
        let uri = request::uri(&rules.url).map_err(failed)?;
        let headers = request::configured(&rules.headers).map_err(failed)?;
        let client = Client::new(&uri, rules.timeout).map_err(failed)?;
        let HttpSinkRules { ordered, reject_holds, .. } = rules;
        Ok(Self { shared: Arc::new(Shared { client, uri, headers, ordered, reject_holds }) })
    }
}

#[async_trait]
impl Sink for HttpSink {
    async fn deliver(&mut self, batch: &Batch) -> Result<Answers, SinkError> {
        let lanes = lanes(batch, self.shared.ordered);
        let shared = &self.shared;
        let sent: Vec<Vec<(usize, Verdict)>> = stream::iter(lanes)
            .map(|lane| shared.send_in_turn(batch, lane))
            .buffer_unordered(HTTP_IN_FLIGHT_MAX)
            .collect()
            .await;
        Ok(answers(batch.len(), sent.into_iter().flatten()))
    }
}

impl Shared {
    /// Sends messages one after another, until one holds the rest back.
    async fn send_in_turn(&self, batch: &Batch, lane: Vec<usize>) -> Vec<(usize, Verdict)> {
        let mut verdicts = Vec::with_capacity(lane.len());
        let mut held = false;
        for i in lane {
            let verdict = if held { Verdict::not_sent() } else { self.send(batch.get(i)).await };
            held |= match verdict {
                Verdict::Taken => false,
                Verdict::Retry { .. } => true,
                Verdict::Reject { .. } => self.reject_holds,
            };
            verdicts.push((i, verdict));
        }
        verdicts
    }

    async fn send(&self, message: Message<'_>) -> Verdict {
        match request::of(message, &self.uri, &self.headers) {
            Ok(request) => self.client.send(request).await,
            Err(reason) => Verdict::Reject { reason },
        }
    }
}

/// Messages that wait for each other, by position: each lane goes in order, lanes beside each
/// other.
fn lanes(batch: &Batch, ordered: Ordered) -> Vec<Vec<usize>> {
    let all = 0..batch.len();
    match ordered {
        Ordered::None => all.map(|i| vec![i]).collect(),
        Ordered::Strict => vec![all.collect()],
        Ordered::Key => by_key(batch),
    }
}

fn by_key(batch: &Batch) -> Vec<Vec<usize>> {
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    let mut of_key: HashMap<&str, usize> = HashMap::new();
    for (i, message) in batch.iter().enumerate() {
        let new = lanes.len();
        let lane = message.key().map_or(new, |key| *of_key.entry(key).or_insert(new));
        if lane == new {
            lanes.push(Vec::new());
        }
        lanes[lane].push(i);
    }
    lanes
}

fn answers(messages: usize, sent: impl Iterator<Item = (usize, Verdict)>) -> Answers {
    let mut verdicts: Vec<Verdict> = Vec::new();
    verdicts.resize_with(messages, Verdict::not_sent);
    sent.for_each(|(i, verdict)| verdicts[i] = verdict);
    let mut reasons = ColumnBuilder::with_capacity(messages, 0);
    verdicts.iter().for_each(|verdict| reasons.push(verdict.reason().as_bytes()));
    Answers {
        outcomes: verdicts.iter().map(Verdict::outcome).collect(),
        reasons: reasons.build(),
        retry_delays_ms: verdicts.iter().map(Verdict::delay_ms).collect(),
        ..Answers::all_ok(messages)
    }
}
