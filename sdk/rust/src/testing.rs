//! Calls a plugin's function natively, as the host would: for `cargo test`.
//!
//! ```
//! use millstream_sdk::testing::Delivery;
//! use millstream_sdk::{Failure, Message, Outputs};
//!
//! fn shout(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
//!     out.push(message.text()?.to_uppercase()).key("loud");
//!     Ok(())
//! }
//!
//! # fn main() -> Result<(), Failure> {
//! let sent = Delivery::of("ahoy").handled_by(shout)?;
//! assert_eq!(sent[0].text(), "AHOY");
//! assert_eq!(sent[0].key.as_deref(), Some("loud"));
//! assert!(Delivery::of([0xff]).handled_by(shout).is_err());
//! # Ok(())
//! # }
//! ```

use std::fmt::Display;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::bindings::{Batch, BatchResult, Column, HeaderColumns, Outcome, OutgoingColumns};
use crate::column::{ColumnBuilder, item, text};
use crate::configuration;
use crate::failure::Failure;
use crate::handler::{Answer, handle};
use crate::headers::{HeaderBuilder, Headers};
use crate::message::Message;
use crate::outputs::Outputs;

/// One delivery of one message, to be handled by the function under test.
#[derive(Clone, Debug)]
pub struct Delivery {
    payload: Vec<u8>,
    key: String,
    headers: Vec<(String, String)>,
    attempt: u32,
}

impl Delivery {
    /// A first delivery of a message with this payload, without key and headers.
    pub fn of(payload: impl AsRef<[u8]>) -> Self {
        let payload = payload.as_ref().to_vec();
        Self { payload, key: String::new(), headers: Vec::new(), attempt: 1 }
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Delivered for the `attempt`th time.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// What `function` publishes for this message.
    ///
    /// # Errors
    /// The failure it answers.
    pub fn handled_by<A: Answer>(
        &self,
        function: impl Fn(Message<'_>, &mut Outputs<'_>) -> A,
    ) -> Result<Vec<Sent>, Failure> {
        let answer = handle(batch(std::slice::from_ref(self)), function);
        outcome(&answer, 0)
    }
}

/// What `function` answers to each of `deliveries` when they come as one batch.
pub fn handled_as_batch<A: Answer>(
    deliveries: &[Delivery],
    function: impl Fn(Message<'_>, &mut Outputs<'_>) -> A,
) -> Vec<Result<Vec<Sent>, Failure>> {
    let answer = handle(batch(deliveries), function);
    (0..deliveries.len()).map(|i| outcome(&answer, i)).collect()
}

/// The settings that a plugin's `config`, written as JSON, stands for: `check` is what
/// `handler!` has after `configure =`.
///
/// # Errors
/// Why the configuration is refused, as the host would show it.
pub fn configured<D, S, E>(config: &str, check: impl Fn(D) -> Result<S, E>) -> Result<S, String>
where
    D: DeserializeOwned,
    E: Display,
{
    configuration::settings(config, check)
}

/// A message that the function published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Where it goes; none: the subscription's output.
    pub topic: Option<String>,
    /// Its key, or none.
    pub key: Option<String>,
    /// Its headers in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub payload: Vec<u8>,
    /// How long it stays invisible after the settle.
    pub delay: Duration,
}

impl Sent {
    /// The body as text. Panics when it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).unwrap_or_else(|error| panic!("payload: {error}"))
    }

    /// The body read as JSON. Panics when it is not that.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.payload).unwrap_or_else(|error| panic!("payload: {error}"))
    }
}

fn batch(deliveries: &[Delivery]) -> Batch {
    let mut ids = ColumnBuilder::default();
    let mut keys = ColumnBuilder::default();
    let mut payloads = ColumnBuilder::default();
    let mut headers = HeaderBuilder::default();
    for (i, delivery) in deliveries.iter().enumerate() {
        ids.push(format!("message-{i}").as_bytes());
        keys.push(delivery.key.as_bytes());
        payloads.push(&delivery.payload);
        headers.push_empty();
        delivery
            .headers
            .iter()
            .for_each(|(name, value)| headers.add(&name.to_ascii_lowercase(), value));
    }
    Batch {
        topic: "testing".to_owned(),
        ids: spelled_out(ids),
        keys: spelled_out(keys),
        headers: headers_spelled_out(headers, deliveries.len()),
        payloads: spelled_out(payloads),
        publish_times_ms: vec![0; deliveries.len()],
        attempts: deliveries.iter().map(|delivery| delivery.attempt).collect(),
    }
}

/// The host never leaves a column's offsets out.
fn spelled_out(column: ColumnBuilder) -> Column {
    let rows = column.rows();
    with_offsets(column.build(), rows)
}

fn headers_spelled_out(headers: HeaderBuilder, rows: usize) -> HeaderColumns {
    let HeaderColumns { mut starts, names, values } = headers.build();
    starts.resize(rows + 1, starts.last().copied().unwrap_or(0));
    let count = starts[rows] as usize;
    HeaderColumns { starts, names: with_offsets(names, count), values: with_offsets(values, count) }
}

fn with_offsets(mut column: Column, rows: usize) -> Column {
    if column.offsets.is_empty() {
        column.offsets = vec![0; rows + 1];
    }
    column
}

fn outcome(answer: &BatchResult, i: usize) -> Result<Vec<Sent>, Failure> {
    let reason = || optional(&answer.reasons, i).unwrap_or_default();
    match answer.outcomes[i] {
        Outcome::Ok => Ok(sent(&answer.outgoing, i)),
        Outcome::Reject => Err(Failure::reject(reason())),
        Outcome::Retry => Err(match answer.retry_delays_ms.get(i) {
            None | Some(0) => Failure::retry(reason()),
            Some(&ms) => Failure::retry(reason()).after(Duration::from_millis(ms.into())),
        }),
    }
}

fn sent(outgoing: &OutgoingColumns, i: usize) -> Vec<Sent> {
    let range = outgoing.starts[i] as usize..outgoing.starts[i + 1] as usize;
    let delay = |m| outgoing.delays_ms.get(m).copied().unwrap_or(0).into();
    range
        .map(|m| Sent {
            topic: optional(&outgoing.topics, m),
            key: optional(&outgoing.keys, m),
            headers: headers(&outgoing.headers, m),
            payload: bytes(&outgoing.payloads, m).to_vec(),
            delay: Duration::from_millis(delay(m)),
        })
        .collect()
}

fn headers(columns: &HeaderColumns, m: usize) -> Vec<(String, String)> {
    if columns.starts.is_empty() {
        return Vec::new();
    }
    Headers::of(columns, m).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn optional(column: &Column, i: usize) -> Option<String> {
    Some(text(bytes(column, i)).to_owned()).filter(|text| !text.is_empty())
}

/// Item `i`, also of a column that leaves out its offsets because all items are empty.
fn bytes(column: &Column, i: usize) -> &[u8] {
    if column.offsets.is_empty() { &[] } else { item(column, i) }
}
