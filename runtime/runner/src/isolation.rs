//! Poison costs one message: running a failed batch again, one by one, under the same lease.

use std::collections::HashSet;
use std::time::Duration;

use millstream_message::{Answers, Batch, Failure, FailureKind, Settlement, Verdict, Verdicts};
use millstream_pipeline::Ordering;
use millstream_queue::{Broker, Delivery};

use crate::consumer::{Consumer, Trouble};
use crate::filter::{Filter, sieve, spread};
use crate::routing::Routing;
use crate::swap::Figures;

/// What decides how a subscription's deliveries are handled.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) routing: &'a Routing,
    pub(crate) ordering: Ordering,
    pub(crate) filter: Option<&'a Filter>,
    /// Whether a call gets at most one message of a key.
    pub(crate) one_per_key: bool,
    pub(crate) broker: &'a dyn Broker,
    /// How often the lease is renewed during a call.
    pub(crate) renew_every: Duration,
    /// Counts what the version of a plugin does; none for a sink.
    pub(crate) figures: Option<&'a Figures>,
}

impl Rules<'_> {
    /// What follows from a call that gave answers.
    fn settlement(&self, batch: &Batch, answers: Answers) -> Settlement {
        let settlement = self.routing.settlement(batch, answers, self.broker.now().wall_ms);
        self.figures.into_iter().for_each(|figures| figures.count(&settlement, batch.len()));
        settlement
    }

    /// A call of one message failed.
    fn fail(&self) {
        self.figures.into_iter().for_each(Figures::fail);
    }
}

/// What a worker learned from handling a delivery.
pub(crate) struct Handled {
    pub(crate) settlement: Settlement,
    /// A call of many messages ran out of time, or most of them had to be given back: take fewer next
    /// time.
    pub(crate) too_many: bool,
    /// The handler could not be started: rest before the next delivery.
    pub(crate) start_failure: Option<String>,
    /// What the calls said about the handler.
    pub(crate) calls: Calls,
}

/// How the calls of one delivery went that decide about their messages.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Whether some gave answers.
    pub(crate) answered: bool,
    /// How many gave none.
    pub(crate) failed: u64,
    /// The last of them.
    pub(crate) failure: Option<String>,
}

impl Calls {
    fn fail(&mut self, failure: &Failure) {
        self.failed += 1;
        self.failure = Some(failure.to_string());
    }
}

/// Lets `consumer` answer for what of `delivery` is for it now, and says how to settle all of it.
pub(crate) async fn handle(
    consumer: &mut Consumer,
    delivery: &Delivery,
    rules: Rules<'_>,
) -> Handled {
    let Some(sieved) = sieve(delivery, rules.filter, rules.one_per_key) else {
        return handle_all(consumer, delivery, rules).await;
    };
    let rest = match &sieved.rest {
        Some(rest) => handle_all(consumer, rest, rules).await,
        None => return settled(sieved.settlement(None)),
    };
    let too_many = rest.too_many || sieved.gives_back_most();
    Handled { settlement: sieved.settlement(Some(rest.settlement)), too_many, ..rest }
}

async fn handle_all(consumer: &mut Consumer, delivery: &Delivery, rules: Rules<'_>) -> Handled {
    let batch = &delivery.batch;
    let attempts: Vec<u32> =
        (0..batch.len()).map(|i| delivery.histories.of(i).failures + 1).collect();
    match call(consumer, batch, &attempts, delivery, rules).await {
        Ok(answers) => {
            let settlement = rules.settlement(batch, answers);
            let calls = Calls { answered: true, ..Calls::default() };
            Handled { calls, ..settled(settlement) }
        }
        Err(Trouble::NoPlace) => settled(all(batch.len(), Verdict::Returned)),
        Err(Trouble::Start(failure)) => {
            let settlement = all(batch.len(), Verdict::Returned);
            Handled { start_failure: Some(failure), ..settled(settlement) }
        }
        Err(Trouble::Call(failure)) if batch.len() == 1 || !consumer.isolates() => {
            let mut calls = Calls::default();
            calls.fail(&failure);
            rules.fail();
            let verdict = Verdict::Failed { failure, delay_ms: 0 };
            Handled { calls, ..settled(all(batch.len(), verdict)) }
        }
        Err(Trouble::Call(failure)) => {
            let too_many = failure.kind == FailureKind::Timeout;
            let mut rerun = Rerun::new(consumer, delivery, rules);
            rerun.run(&attempts).await;
            Handled { too_many, ..rerun.finish() }
        }
    }
}

/// Lets `consumer` handle `batch` and renews the lease meanwhile: the worker lives, however long its
/// guest waits for a thread, since each call has a timeout of its own. A sink has none, and a stuck
/// one must lose its lease.
async fn call(
    consumer: &mut Consumer,
    batch: &Batch,
    attempts: &[u32],
    delivery: &Delivery,
    rules: Rules<'_>,
) -> Result<Answers, Trouble> {
    if !consumer.isolates() {
        return consumer.handle(batch, attempts).await;
    }
    let _in_call = rules.figures.map(Figures::begin_call);
    let begun = rules.broker.now().monotonic;
    let mut answers = std::pin::pin!(consumer.handle(batch, attempts));
    loop {
        match tokio::time::timeout(rules.renew_every, &mut answers).await {
            Ok(answers) => {
                let took = rules.broker.now().monotonic.saturating_sub(begun);
                rules.figures.into_iter().for_each(|figures| figures.took(took));
                return answers;
            }
            // A lease that has ended shows at its settlement.
            Err(_) => drop(rules.broker.renew(delivery)),
        }
    }
}

/// The same verdict on all of `messages` messages.
fn all(messages: usize, verdict: Verdict) -> Settlement {
    Settlement { verdicts: Verdicts::Each(vec![verdict; messages]), outputs: Vec::new() }
}

fn settled(settlement: Settlement) -> Handled {
    Handled { settlement, too_many: false, start_failure: None, calls: Calls::default() }
}

/// One pass over the messages of a failed batch.
struct Rerun<'a> {
    consumer: &'a mut Consumer,
    delivery: &'a Delivery,
    rules: Rules<'a>,
    verdicts: Vec<Verdict>,
    outputs: Vec<millstream_message::Output>,
    /// Keys whose later messages would be discarded: they are not run in this pass.
    failed_keys: HashSet<u64>,
    start_failure: Option<String>,
    calls: Calls,
}

impl<'a> Rerun<'a> {
    fn new(consumer: &'a mut Consumer, delivery: &'a Delivery, rules: Rules<'a>) -> Self {
        let verdicts = Vec::with_capacity(delivery.batch.len());
        Self {
            consumer,
            delivery,
            rules,
            verdicts,
            outputs: Vec::new(),
            failed_keys: HashSet::new(),
            start_failure: None,
            calls: Calls::default(),
        }
    }

    async fn run(&mut self, attempts: &[u32]) {
        for (i, attempt) in attempts.iter().enumerate() {
            let order = self.order(i);
            if order.is_some_and(|key| self.failed_keys.contains(&key)) {
                self.verdicts.push(Verdict::Returned);
                continue;
            }
            // The worker lives, however long the pass takes: each call has its own timeout.
            if self.rules.broker.renew(self.delivery).is_err() {
                return;
            }
            let one = self.delivery.batch.slice(i..i + 1);
            if !self.message(i, &one, *attempt).await {
                return;
            }
            if matches!(self.verdicts.last(), Some(Verdict::Failed { .. })) {
                self.failed_keys.extend(order);
            }
        }
    }

    /// What orders message `i`.
    fn order(&self, i: usize) -> Option<u64> {
        match self.rules.ordering {
            Ordering::None => None,
            Ordering::Key => self.delivery.batch.get(i).order_key(),
            Ordering::Strict => Some(0),
        }
    }

    /// Runs one message; false when no further one can be run.
    async fn message(&mut self, i: usize, one: &Batch, attempt: u32) -> bool {
        match call(self.consumer, one, &[attempt], self.delivery, self.rules).await {
            Ok(answers) => {
                self.calls.answered = true;
                self.add(i, self.rules.settlement(one, answers));
            }
            Err(Trouble::Call(failure)) => {
                self.calls.fail(&failure);
                self.rules.fail();
                self.verdicts.push(Verdict::Failed { failure, delay_ms: 0 })
            }
            Err(Trouble::NoPlace) => return false,
            Err(Trouble::Start(failure)) => {
                self.start_failure = Some(failure);
                return false;
            }
        }
        true
    }

    fn add(&mut self, i: usize, settlement: Settlement) {
        match settlement.verdicts {
            Verdicts::AllHandled => self.verdicts.push(Verdict::Handled),
            Verdicts::Each(verdicts) => self.verdicts.extend(verdicts),
        }
        let messages = self.delivery.batch.len();
        let outputs = settlement.outputs.into_iter();
        self.outputs.extend(outputs.map(|output| spread(output, &[i], messages)));
    }

    /// Messages that were not reached are given back.
    fn finish(mut self) -> Handled {
        self.verdicts.resize(self.delivery.batch.len(), Verdict::Returned);
        let verdicts = Verdicts::Each(self.verdicts);
        let settlement = Settlement { verdicts, outputs: self.outputs };
        let Self { start_failure, calls, .. } = self;
        Handled { settlement, too_many: false, start_failure, calls }
    }
}
