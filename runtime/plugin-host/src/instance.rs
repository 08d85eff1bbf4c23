//! One running guest, owned by one worker.

use std::time::Duration;

use millstream_message::{Answers, Batch, MessageId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::TypedFunc;

use crate::bound::{Bound, begin, end};
use crate::failure::{CallFailure, invalid_result};
use crate::guest::Guest;
use crate::load::Limits;
use crate::wire::{
    self, ALLOWANCE_PER_MESSAGE, BatchParam, BatchResult, Collector, Fault, MessageParam,
    MessageResult, Scratch,
};

/// What a call is about.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The messages, all of the topic that the instance was started for.
    pub batch: &'a Batch,
    /// For each message which try this is, from 1.
    pub attempts: &'a [u32],
}

/// One running guest. It keeps its place in the pool until it is dropped.
pub struct Instance {
    pub(crate) store: Store<Guest>,
    pub(crate) handler: Handler,
    pub(crate) topic: Box<str>,
    pub(crate) limits: Limits,
    pub(crate) tick: Duration,
    pub(crate) scratch: Scratch,
    /// Memory at which it is replaced.
    pub(crate) recycle_at: usize,
    /// Whether a call failed, or was dropped before it ended.
    pub(crate) broken: bool,
    /// Given back after the store is gone.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// The function that handles messages.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Message(TypedFunc<(MessageParam<'static>,), (MessageResult,)>),
    Batch(TypedFunc<(BatchParam<'static>,), (BatchResult,)>),
}

impl Instance {
    /// Hands over a batch. In the message world its messages go in one by one, and the first that
    /// fails, fails the call.
    ///
    /// A call of one message may take `limits.timeout` and return `limits.output`; more may take
    /// `limits.batch_timeout` and return `limits.batch_output`. The answers are checked: they fit
    /// the batch, texts are UTF-8, header names lower case.
    ///
    /// # Errors
    /// No message got an answer. The instance is then [`Instance::spent`], as it is when the
    /// future is dropped before it ends.
    pub async fn call(&mut self, input: Input<'_>) -> Result<Answers, CallFailure> {
        let messages = input.batch.len();
        if messages != input.attempts.len() {
            let what = format!("{messages} messages with {} attempts", input.attempts.len());
            return Err(CallFailure { host_fault: true, ..invalid_result(what) });
        }
        if self.broken {
            let what = "the instance is spent: start another one".to_owned();
            return Err(CallFailure { host_fault: true, ..invalid_result(what) });
        }
        if messages == 0 {
            return Ok(Answers::all_ok(0));
        }
        self.broken = true;
        let answers = match self.handler {
            Handler::Message(handle) => self.call_each(handle, input).await,
            Handler::Batch(handle) => self.call_all(handle, input).await,
        };
        self.broken = answers.is_err();
        answers
    }

    /// Whether the instance must be replaced before the next call: a call failed, or its memory has
    /// grown so far that the limit is near. The latter is nobody's failure.
    #[must_use]
    pub fn spent(&self) -> bool {
        self.broken || self.store.data().limiter.used() > self.recycle_at
    }

    async fn call_all(
        &mut self,
        handle: TypedFunc<(BatchParam<'_>,), (BatchResult,)>,
        Input { batch, attempts }: Input<'_>,
    ) -> Result<Answers, CallFailure> {
        let messages = batch.len();
        let bound = self.limits.bound(messages);
        self.store.data_mut().log.begin(batch, (messages == 1).then_some(0));
        begin(&mut self.store, &bound, messages);
        let param = self.scratch.encode(&self.topic, batch, attempts);
        let call = handle.call_async(&mut self.store, (param,));
        let outcome = timeout(bound.patience(self.tick), call).await;
        let (result,) = end(&mut self.store, &bound, outcome)?;
        wire::decode(result, messages, bound.output).map_err(|fault| failure(fault, &bound))
    }

    async fn call_each(
        &mut self,
        handle: TypedFunc<(MessageParam<'_>,), (MessageResult,)>,
        Input { batch, attempts }: Input<'_>,
    ) -> Result<Answers, CallFailure> {
        let (one, all) = (self.limits.bound(1), self.limits.bound(batch.len()));
        let mut answers = Collector::new(batch.len(), all.output);
        for (i, (message, &attempt)) in batch.iter().zip(attempts).enumerate() {
            let id = &mut [0; MessageId::TEXT_LEN];
            let param = MessageParam::new(id, &self.topic, message, attempt);
            self.store.data_mut().log.begin(batch, Some(i));
            begin(&mut self.store, &one, 1);
            let call = handle.call_async(&mut self.store, (param,));
            let outcome = timeout(one.patience(self.tick), call).await;
            let (result,) = end(&mut self.store, &one, outcome)?;
            if wire::bytes(&result) > one.output.saturating_add(ALLOWANCE_PER_MESSAGE) {
                return Err(one.too_much(None));
            }
            answers.push(result).map_err(|fault| failure(fault, &all))?;
        }
        Ok(answers.finish())
    }
}

fn failure(fault: Fault, bound: &Bound) -> CallFailure {
    match fault {
        Fault::Invalid(what) => invalid_result(what),
        Fault::TooLarge => bound.too_much(None),
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { topic, .. } = self;
        f.debug_struct("Instance")
            .field("topic", topic)
            .field("spent", &self.spent())
            .finish_non_exhaustive()
    }
}
