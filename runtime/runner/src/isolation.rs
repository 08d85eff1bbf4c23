//! Poison costs one message: running a failed batch again, one by one, under the same lease.

use std::collections::HashSet;

use millstream_message::{Batch, FailureKind, Settlement, Verdict, Verdicts};
use millstream_pipeline::Ordering;
use millstream_queue::{Broker, Delivery};

use crate::consumer::{Consumer, Trouble};
use crate::filter::{Filter, spread};
use crate::routing::Routing;

/// What decides how a subscription's deliveries are handled.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) routing: &'a Routing,
    pub(crate) ordering: Ordering,
    pub(crate) filter: Option<&'a Filter>,
    pub(crate) broker: &'a dyn Broker,
}

/// What a worker learned from handling a delivery.
pub(crate) struct Handled {
    pub(crate) settlement: Settlement,
    /// A call of many messages ran out of time: take fewer next time.
    pub(crate) too_slow: bool,
    /// The handler could not be started: rest before the next delivery.
    pub(crate) start_failure: Option<String>,
}

/// Lets `consumer` answer for what of `delivery` passes the filter, and says how to settle it.
pub(crate) async fn handle(
    consumer: &mut Consumer,
    delivery: &Delivery,
    rules: Rules<'_>,
) -> Handled {
    let Some(sieved) = rules.filter.and_then(|filter| filter.sieve(delivery)) else {
        return handle_all(consumer, delivery, rules).await;
    };
    let rest = match &sieved.rest {
        Some(rest) => handle_all(consumer, rest, rules).await,
        None => return settled(sieved.settlement(None)),
    };
    let Handled { settlement, too_slow, start_failure } = rest;
    Handled { settlement: sieved.settlement(Some(settlement)), too_slow, start_failure }
}

async fn handle_all(consumer: &mut Consumer, delivery: &Delivery, rules: Rules<'_>) -> Handled {
    let batch = &delivery.batch;
    let attempts: Vec<u32> =
        (0..batch.len()).map(|i| delivery.histories.of(i).failures + 1).collect();
    match consumer.handle(batch, &attempts).await {
        Ok(answers) => {
            settled(rules.routing.settlement(batch, answers, rules.broker.now().wall_ms))
        }
        Err(Trouble::Start(failure)) => {
            let verdicts = Verdicts::Each(vec![Verdict::Returned; batch.len()]);
            let settlement = Settlement { verdicts, outputs: Vec::new() };
            Handled { start_failure: Some(failure), ..settled(settlement) }
        }
        Err(Trouble::Call(failure)) if batch.len() == 1 || !consumer.isolates() => {
            let verdict = Verdict::Failed { failure, delay_ms: 0 };
            let verdicts = Verdicts::Each(vec![verdict; batch.len()]);
            settled(Settlement { verdicts, outputs: Vec::new() })
        }
        Err(Trouble::Call(failure)) => {
            let too_slow = failure.kind == FailureKind::Timeout;
            let mut rerun = Rerun::new(consumer, delivery, rules);
            rerun.run(&attempts).await;
            Handled { too_slow, ..rerun.finish() }
        }
    }
}

fn settled(settlement: Settlement) -> Handled {
    Handled { settlement, too_slow: false, start_failure: None }
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
            Ordering::Key => {
                Some(self.delivery.batch.get(i).order_hash()).filter(|hash| *hash != 0)
            }
            Ordering::Strict => Some(0),
        }
    }

    /// Runs one message; false when no further one can be run.
    async fn message(&mut self, i: usize, one: &Batch, attempt: u32) -> bool {
        match self.consumer.handle(one, &[attempt]).await {
            Ok(answers) => {
                let now = self.rules.broker.now().wall_ms;
                self.add(i, self.rules.routing.settlement(one, answers, now));
            }
            Err(Trouble::Call(failure)) => {
                self.verdicts.push(Verdict::Failed { failure, delay_ms: 0 })
            }
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
        Handled { settlement, too_slow: false, start_failure: self.start_failure }
    }
}
