//! Poison costs one message: running a failed batch again, one by one, under the same lease.

use millstream_message::{Batch, FailureKind, Settlement, Verdict, Verdicts};
use millstream_queue::{Broker, Delivery};

use crate::consumer::{Consumer, Trouble};
use crate::routing::Routing;

/// What a worker learned from handling a delivery.
pub(crate) struct Handled {
    pub(crate) settlement: Settlement,
    /// A call of many messages ran out of time: take fewer next time.
    pub(crate) too_slow: bool,
    /// The handler could not be started: rest before the next delivery.
    pub(crate) start_failure: Option<String>,
}

/// Lets `consumer` answer for `delivery` and says how to settle it.
pub(crate) async fn handle(
    consumer: &mut Consumer,
    delivery: &Delivery,
    routing: &Routing,
    broker: &dyn Broker,
) -> Handled {
    let batch = &delivery.batch;
    let attempts: Vec<u32> =
        (0..batch.len()).map(|i| delivery.histories.of(i).failures + 1).collect();
    match consumer.handle(batch, &attempts).await {
        Ok(answers) => settled(routing.settlement(batch, answers, broker.now().wall_ms)),
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
            let mut rerun = Rerun::new(consumer, delivery, routing, broker);
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
    routing: &'a Routing,
    broker: &'a dyn Broker,
    verdicts: Vec<Verdict>,
    outputs: Vec<millstream_message::Output>,
    start_failure: Option<String>,
}

impl<'a> Rerun<'a> {
    fn new(
        consumer: &'a mut Consumer,
        delivery: &'a Delivery,
        routing: &'a Routing,
        broker: &'a dyn Broker,
    ) -> Self {
        let verdicts = Vec::with_capacity(delivery.batch.len());
        Self {
            consumer,
            delivery,
            routing,
            broker,
            verdicts,
            outputs: Vec::new(),
            start_failure: None,
        }
    }

    async fn run(&mut self, attempts: &[u32]) {
        for (i, attempt) in attempts.iter().enumerate() {
            // The worker lives, however long the pass takes: each call has its own timeout.
            if self.broker.renew(self.delivery).is_err() {
                return;
            }
            let one = self.delivery.batch.slice(i..i + 1);
            if !self.message(&one, *attempt).await {
                return;
            }
        }
    }

    /// Runs one message; false when no further one can be run.
    async fn message(&mut self, one: &Batch, attempt: u32) -> bool {
        match self.consumer.handle(one, &[attempt]).await {
            Ok(answers) => {
                self.add(self.routing.settlement(one, answers, self.broker.now().wall_ms))
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

    fn add(&mut self, settlement: Settlement) {
        match settlement.verdicts {
            Verdicts::AllHandled => self.verdicts.push(Verdict::Handled),
            Verdicts::Each(verdicts) => self.verdicts.extend(verdicts),
        }
        self.outputs.extend(settlement.outputs);
    }

    /// Messages that were not reached are given back.
    fn finish(mut self) -> Handled {
        self.verdicts.resize(self.delivery.batch.len(), Verdict::Returned);
        let verdicts = Verdicts::Each(self.verdicts);
        let settlement = Settlement { verdicts, outputs: self.outputs };
        Handled { settlement, too_slow: false, start_failure: self.start_failure }
    }
}
