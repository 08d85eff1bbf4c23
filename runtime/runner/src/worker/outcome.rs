//! What follows from a delivery that was handled, or could not be.

use std::time::Duration;

use millstream_message::{Settlement, Verdict, Verdicts};
use millstream_queue::{Delivery, SettleError};

use super::{Worker, figures};
use crate::isolation::{Calls, Handled};
use crate::swap::{Duty, Figures};

impl Worker {
    /// Takes up what the handling of a delivery showed, which took so long.
    pub(super) fn adapt(&mut self, handled: &Handled, took: Duration) {
        let on_trial = self.duty.as_ref().is_some_and(Duty::on_trial);
        match handled.too_many {
            true => self.pace.slow_down(),
            false if on_trial => self.pace.speed_up_on_trial(took),
            false => self.pace.speed_up(),
        }
        if let Some(failure) = &handled.start_failure {
            self.start_failed(failure);
        }
        let Calls { answered, failed, failure } = &handled.calls;
        if *answered {
            self.health.answered();
        } else if let Some(why) = failure {
            // A sink has the retry delays of its messages; where to write to is not its fault.
            let rests = self.consumer.isolates();
            self.health.calls_failed(*failed, why, self.post.broker.now().wall_ms, rests);
        }
    }

    pub(super) fn start_failed(&self, failure: &str) {
        let rest = self.health.start_failed(failure, self.post.broker.now().wall_ms);
        self.duty.as_ref().and_then(figures).into_iter().for_each(Figures::fail_start);
        tracing::error!(subscription = %self.post.name, %failure, ?rest, "the handler does not start");
    }

    /// The trial of the version was ended: what its worker has in hand was never tried.
    pub(super) async fn give_back(&mut self, delivery: Delivery) {
        let verdicts = Verdicts::Each(vec![Verdict::Returned; delivery.batch.len()]);
        let returned = Settlement { verdicts, outputs: Vec::new() };
        // A lease that has ended was given back already.
        let _ = self.post.broker.settle(delivery, returned).await;
    }

    pub(super) async fn settle(&mut self, delivery: Delivery, settlement: Settlement) {
        let subscription = &self.post.name;
        match self.post.broker.settle(delivery, settlement).await {
            Ok(settled) if settled.parked + settled.given_up > 0 => tracing::debug!(
                %subscription,
                retried = settled.parked,
                given_up = settled.given_up,
                "messages failed"
            ),
            Ok(_) => {}
            Err(SettleError::LeaseEnded) => tracing::warn!(
                %subscription,
                "the lease ended before its messages were handled: they are delivered again"
            ),
            Err(error) => tracing::error!(%subscription, %error, "settle refused"),
        }
    }
}
