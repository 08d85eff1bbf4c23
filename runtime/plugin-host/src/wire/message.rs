//! The message world: one message in, its outputs or its failure out.

use millstream_message::{
    Answers, ColumnBuilder, HeaderBuilder, Message, MessageId, Outcome, Outgoing,
};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{ALLOWANCE_PER_MESSAGE, Fault, HEADER_OVERHEAD, MESSAGE_OVERHEAD, OutputMax};

/// A header on its way into a guest.
#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct HeaderParam<'a> {
    name: &'a str,
    value: &'a str,
}

/// A message on its way into a guest.
#[derive(ComponentType, Lower, Clone)]
#[component(record)]
pub(crate) struct MessageParam<'a> {
    id: &'a str,
    topic: &'a str,
    key: Option<&'a str>,
    headers: Vec<HeaderParam<'a>>,
    payload: &'a [u8],
    #[component(name = "publish-time-ms")]
    publish_time_ms: u64,
    attempt: u32,
}

impl<'a> MessageParam<'a> {
    /// `message` in the guest's form; `id` is the buffer that its id is written to.
    pub(crate) fn new(
        id: &'a mut [u8; MessageId::TEXT_LEN],
        topic: &'a str,
        message: Message<'a>,
        attempt: u32,
    ) -> Self {
        Self {
            id: message.id().encode(id),
            topic,
            key: message.key(),
            headers: message.headers().map(|(name, value)| HeaderParam { name, value }).collect(),
            payload: message.payload(),
            publish_time_ms: message.published_at(),
            attempt,
        }
    }
}

/// What a guest returns for one message.
pub(crate) type MessageResult = Result<Vec<OutgoingMessage>, FailureResult>;

/// A header as a guest returned it.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct HeaderResult {
    pub(super) name: String,
    pub(super) value: String,
}

/// A message to publish as a guest returned it.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct OutgoingMessage {
    pub(super) topic: Option<String>,
    pub(super) key: Option<String>,
    pub(super) headers: Vec<HeaderResult>,
    pub(super) payload: Vec<u8>,
    #[component(name = "delay-ms")]
    pub(super) delay_ms: Option<u32>,
}

/// Another delivery, as a guest asks for it.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct RetryResult {
    pub(super) reason: String,
    #[component(name = "delay-ms")]
    pub(super) delay_ms: Option<u32>,
}

/// Why a guest did not handle a message.
#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum FailureResult {
    #[component(name = "retry")]
    Retry(RetryResult),
    #[component(name = "reject")]
    Reject(String),
}

impl OutgoingMessage {
    fn bytes(&self) -> u64 {
        let texts = self.topic.iter().chain(&self.key).map(String::len);
        let headers = self.headers.iter().map(|header| header.name.len() + header.value.len());
        let data = self.payload.len() + texts.chain(headers).sum::<usize>();
        data as u64 + MESSAGE_OVERHEAD + self.headers.len() as u64 * HEADER_OVERHEAD
    }
}

/// Collects the results of single messages into the answers to their batch.
pub(crate) struct Collector {
    outcomes: Vec<Outcome>,
    reasons: ColumnBuilder,
    retry_delays_ms: Vec<u32>,
    starts: Vec<u32>,
    topics: ColumnBuilder,
    keys: ColumnBuilder,
    headers: HeaderBuilder,
    payloads: ColumnBuilder,
    delays_ms: Vec<u32>,
    /// Bytes and messages that may still be returned.
    left: OutputMax,
}

impl Collector {
    /// For `messages` messages that may return so much `output` together.
    pub(crate) fn new(messages: usize, output: OutputMax) -> Self {
        let column = || ColumnBuilder::with_capacity(messages, 0);
        let mut starts = Vec::with_capacity(messages + 1);
        starts.push(0);
        Self {
            outcomes: Vec::with_capacity(messages),
            reasons: column(),
            retry_delays_ms: Vec::with_capacity(messages),
            starts,
            topics: column(),
            keys: column(),
            headers: HeaderBuilder::with_capacity(messages),
            payloads: column(),
            delays_ms: Vec::new(),
            left: output.with_allowance(messages),
        }
    }

    /// Adds the result of the next message.
    pub(crate) fn push(&mut self, result: MessageResult) -> Result<(), Fault> {
        self.left = self.left.less(&result)?;
        match result {
            Ok(outgoing) => {
                outgoing.into_iter().for_each(|message| self.output(message));
                self.outcome(Outcome::Ok, "", 0);
            }
            Err(FailureResult::Retry(RetryResult { reason, delay_ms })) => {
                self.outcome(Outcome::Retry, &reason, delay_ms.unwrap_or(0));
            }
            Err(FailureResult::Reject(reason)) => self.outcome(Outcome::Reject, &reason, 0),
        }
        Ok(())
    }

    fn outcome(&mut self, outcome: Outcome, reason: &str, retry_delay_ms: u32) {
        self.outcomes.push(outcome);
        self.reasons.push(reason.as_bytes());
        self.retry_delays_ms.push(retry_delay_ms);
        self.starts.push(self.payloads.len() as u32);
    }

    fn output(&mut self, message: OutgoingMessage) {
        self.topics.push(message.topic.unwrap_or_default().as_bytes());
        self.keys.push(message.key.unwrap_or_default().as_bytes());
        for HeaderResult { mut name, value } in message.headers {
            name.make_ascii_lowercase();
            self.headers.push(&name, &value);
        }
        self.headers.end_message();
        self.payloads.push(&message.payload);
        self.delays_ms.push(message.delay_ms.unwrap_or(0));
    }

    pub(crate) fn finish(self) -> Answers {
        let topics = self.topics.build();
        Answers {
            outcomes: self.outcomes,
            reasons: self.reasons.build(),
            retry_delays_ms: unless_zero(self.retry_delays_ms),
            outgoing: Outgoing {
                starts: self.starts,
                topics: Some(topics).filter(|topics| !topics.data().is_empty()),
                keys: self.keys.build(),
                headers: self.headers.build(),
                payloads: self.payloads.build(),
                delays_ms: unless_zero(self.delays_ms),
            },
        }
    }
}

/// `delays`, or the short form when there is none.
fn unless_zero(delays: Vec<u32>) -> Vec<u32> {
    if delays.iter().all(|&delay| delay == 0) { Vec::new() } else { delays }
}

/// Checks one result against what a single message may return.
pub(crate) fn check(result: &MessageResult, output: OutputMax) -> Result<(), Fault> {
    output.with_allowance(1).less(result).map(|_| ())
}

impl OutputMax {
    fn with_allowance(self, messages: usize) -> Self {
        let bytes = self.bytes.saturating_add(messages as u64 * ALLOWANCE_PER_MESSAGE);
        Self { bytes, ..self }
    }

    /// What is left after `result`.
    fn less(self, result: &MessageResult) -> Result<Self, Fault> {
        let (bytes, messages) = cost(result);
        Ok(Self {
            messages: self.messages.checked_sub(messages).ok_or(Fault::TooMany)?,
            bytes: self.bytes.checked_sub(bytes).ok_or(Fault::TooLarge)?,
        })
    }
}

/// What a result costs, as limits on output count it: bytes and messages.
fn cost(result: &MessageResult) -> (u64, u64) {
    match result {
        Ok(outgoing) => (outgoing.iter().map(OutgoingMessage::bytes).sum(), outgoing.len() as u64),
        Err(FailureResult::Retry(RetryResult { reason, .. }) | FailureResult::Reject(reason)) => {
            (reason.len() as u64, 0)
        }
    }
}
