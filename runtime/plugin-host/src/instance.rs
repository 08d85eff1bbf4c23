//! One running guest, owned by one worker.

use std::time::Duration;

use millstream_message::{Answers, Batch, MessageId};
use tokio::time::Instant;
use wasmtime::Store;
use wasmtime::component::TypedFunc;

use crate::bound::{Bound, begin, end};
use crate::failure::{CallFailure, invalid_result};
use crate::growth::Growth;
use crate::guest::Guest;
use crate::limits::Limits;
use crate::meter::Life;
use crate::places::Place;
use crate::wire::{
    self, BatchParam, BatchResult, Collector, Fault, MessageParam, MessageResult, Scratch,
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
    pub(crate) growth: Growth,
    /// Whether it holds so much that the next call may fail for it.
    pub(crate) worn: bool,
    /// Whether a call failed, or was dropped before it ended.
    pub(crate) broken: bool,
    pub(crate) life: Life,
    /// Given back after the store is gone.
    pub(crate) _place: [Place; 2],
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
        let seat = self.life.seat.clone();
        let answers = seat.run(self.answer(input)).await;
        self.broken = answers.is_err();
        let guest = self.store.data_mut();
        self.worn = self.growth.passed(guest.limiter.used(), &guest.version.grown) || guest.leaks();
        seat.meter.called(messages, answers.as_ref().err());
        self.life.holds(self.store.data().limiter.used());
        if !self.broken && self.spent() {
            self.life.outgrown();
        }
        answers
    }

    async fn answer(&mut self, input: Input<'_>) -> Result<Answers, CallFailure> {
        match self.handler {
            Handler::Message(handle) => self.call_each(handle, input).await,
            Handler::Batch(handle) => self.call_all(handle, input).await,
        }
    }

    /// Whether the instance must be replaced before the next call: a call failed, or it has grown,
    /// or kept handles, so far that a limit is near. The latter is nobody's failure.
    #[must_use]
    pub fn spent(&self) -> bool {
        self.broken || self.worn
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
        let outcome = self.life.seat.within(bound.patience(self.tick), call).await;
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
        // Moves by what the guest waits for its turns.
        let mut end_all = Instant::now() + all.timeout;
        for (i, (message, &attempt)) in batch.iter().zip(attempts).enumerate() {
            let left = end_all.saturating_duration_since(Instant::now());
            let one = one.within(&all, left);
            if left.is_zero() {
                return Err(one.timed_out(None));
            }
            let id = &mut [0; MessageId::TEXT_LEN];
            let param = MessageParam::new(id, &self.topic, message, attempt);
            self.store.data_mut().log.begin(batch, Some(i));
            begin(&mut self.store, &one, 1);
            let call = handle.call_async(&mut self.store, (param,));
            let outcome = self.life.seat.within(one.patience(self.tick), call).await;
            end_all += self.life.seat.waited();
            let (result,) = end(&mut self.store, &one, outcome)?;
            wire::check(&result, one.output).map_err(|fault| failure(fault, &one))?;
            answers.push(result).map_err(|fault| failure(fault, &all))?;
        }
        Ok(answers.finish())
    }
}

fn failure(fault: Fault, bound: &Bound) -> CallFailure {
    match fault {
        Fault::Invalid(what) => invalid_result(what),
        Fault::TooLarge => bound.too_much(None),
        Fault::TooMany => bound.too_many(),
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
