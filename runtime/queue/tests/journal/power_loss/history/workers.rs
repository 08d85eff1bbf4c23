//! Workers: they lease, answer in all ways there are, give back, come too late, or never.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    BatchBuilder, Failure, FailureKind, Output, OutputIds, Settlement, Verdict, Verdicts,
};
use millstream_queue::{
    Broker, Case, Delivery, Fate, Fates, Judged, LeaseError, SettleError, judge,
};

use super::deployers::of_promotion;
use super::{Effect, Effects, Entry, Player, all, book, spots};
use crate::power_loss::parcel;
use crate::world::{WORK, request};

/// Longer than a grant takes that is there to be had.
const PATIENCE: Duration = Duration::from_millis(2);

impl Player {
    pub(super) async fn lease(&mut self) {
        // Publishers that were let go just before have their turn.
        tokio::task::yield_now().await;
        let s = self.subscription_to_lease() as usize;
        if self.broker.figures().subscriptions[s].live() == 0 {
            return;
        }
        let generation = self.generation_to_lease(s as u32);
        let request = request(s as u32, generation, self.random.pick(&[1, 3, 10, 256]));
        // What may have been given up meanwhile is there if it is granted.
        let granted = tokio::time::timeout(PATIENCE, self.broker.lease(request)).await;
        if let Ok(delivery) = granted {
            let delivery = match delivery {
                Ok(delivery) => delivery,
                Err(LeaseError::Ended(ended)) => return self.note_end(Err::<(), _>(ended)),
                // A trial whose end was answered by an error may have ended.
                Err(LeaseError::Fenced) if book(&self.book).ended => return,
                Err(error) => {
                    panic!("a worker of the newest generation {generation} at {s}: {error}")
                }
            };
            book(&self.book).ledger.note(Entry::Granted(spots(&delivery).collect()));
            self.note_trial(&delivery);
            self.held.push(delivery);
        }
    }

    /// Some of the workers come to an end, at once; or one that is too late.
    pub(super) async fn settle(&mut self) {
        if self.random.chance(20)
            && let Some(late) = self.stale.pop()
        {
            let settlement = self.answer(&late);
            all(vec![self.commit(late, settlement)]).await;
            return self.note_end(Ok(()));
        }
        let mut tasks = Vec::new();
        for _ in 0..self.random.pick(&[1, 1, 3]) {
            if self.held.is_empty() {
                break;
            }
            let place = self.random.below(self.held.len() as u64) as usize;
            let delivery = self.held.swap_remove(place);
            let settlement = self.answer(&delivery);
            tasks.push(self.commit(delivery, settlement));
        }
        all(tasks).await;
        self.note_end(Ok(()));
    }

    pub(super) async fn give_back(&mut self) {
        let Some(delivery) = self.held.pop() else { return };
        let verdicts = Verdicts::Each(vec![Verdict::Returned; delivery.batch.len()]);
        let task = self.commit(delivery, Settlement { verdicts, outputs: Vec::new() });
        all(vec![task]).await;
        self.note_end(Ok(()));
    }

    /// Leases that ended by themselves: the broker settles them some time from now on.
    pub(super) fn pass_deadlines(&mut self) {
        let now = self.broker.now().monotonic;
        for delivery in self.take_held(|held| held.deadline <= now) {
            let failure = Failure::new(FailureKind::Timeout, "too late");
            let failed = Verdict::Failed { failure, delay_ms: 0 };
            let verdicts = Verdicts::Each(vec![failed; delivery.batch.len()]);
            let settlement = Settlement { verdicts, outputs: Vec::new() };
            let judged = self.judge(&delivery, &settlement, self.is_on_trial(&delivery));
            book(&self.book).ledger.note(Entry::Passed(fates(&delivery, &judged, false)));
            self.note_withheld(&delivery, &judged, false);
            self.end_in_trial(&delivery);
            self.stale.push(delivery);
        }
    }

    /// What the workers of a subscription hold is given back.
    pub(super) fn replace_workers(&mut self, s: u32) {
        let held = self.take_held(|held| held.subscription.0 == s);
        self.stale.extend(held);
    }

    pub(super) fn take_held(&mut self, ended: impl Fn(&Delivery) -> bool) -> Vec<Delivery> {
        let (ended, held) = std::mem::take(&mut self.held).into_iter().partition(ended);
        self.held = held;
        ended
    }

    fn commit(
        &mut self,
        delivery: Delivery,
        settlement: Settlement,
    ) -> tokio::task::JoinHandle<()> {
        // Handed over in a trial, it is judged so: if that was decided meanwhile, it stands at once.
        let judged = self.judge(&delivery, &settlement, delivery.on_trial);
        let stands = !self.is_on_trial(&delivery);
        let mut effects = fates(&delivery, &judged, stands);
        let mut outputs = Vec::new();
        for (topic, publication) in &judged.outputs {
            let parcels = parcel::of(*topic, publication, None);
            effects.extend(self.arrivals(*topic, &parcels));
            outputs.extend(parcels);
        }
        if !stands {
            self.note_withheld(&delivery, &judged, true);
        }
        let act = {
            let mut book = book(&self.book);
            parcel::add(&mut book.parcels, outputs);
            book.ledger.attempt(effects)
        };
        let (broker, shared) = (Arc::clone(&self.broker), Arc::clone(&self.book));
        tokio::spawn(async move {
            let entry = match broker.settle(delivery, settlement).await {
                Ok(_) => Entry::Accepted(act, Vec::new()),
                Err(SettleError::LeaseEnded) => Entry::Refused(act),
                Err(SettleError::Ended(_)) => return book(&shared).ended = true,
                Err(SettleError::TooLarge) => panic!("the letters of a few messages are too large"),
            };
            book(&shared).ledger.note(entry);
        })
    }

    /// As the broker will judge it.
    fn judge(&self, delivery: &Delivery, settlement: &Settlement, on_trial: bool) -> Judged {
        let rules = &self.world.subscriptions[delivery.subscription.0 as usize];
        let Delivery { handler, batch, histories, .. } = delivery;
        let (full, now, random) = (&[][..], self.broker.now(), 0);
        let case = Case { rules, handler, batch, histories, full, on_trial, now, random };
        judge(case, settlement).unwrap()
    }

    fn answer(&mut self, delivery: &Delivery) -> Settlement {
        let outputs = self.outputs(delivery);
        if self.random.chance(50) {
            return Settlement { verdicts: Verdicts::AllHandled, outputs };
        }
        let on_trial = self.is_on_trial(delivery);
        let verdicts = (0..delivery.batch.len()).map(|_| self.verdict(on_trial)).collect();
        Settlement { verdicts: Verdicts::Each(verdicts), outputs }
    }

    /// A version on trial fails on more.
    fn verdict(&mut self, on_trial: bool) -> Verdict {
        let failure = |kind| Failure::new(kind, "as the test wants it");
        let least = if on_trial { 8 } else { 0 };
        match least + self.random.below(20 - least) {
            0..11 => Verdict::Handled,
            11..15 => {
                let delay_ms = self.random.pick(&[0, 0, 700]);
                Verdict::Failed { failure: failure(FailureKind::Retry), delay_ms }
            }
            15..17 => Verdict::Rejected(failure(FailureKind::Reject)),
            17 => Verdict::Filtered,
            _ => Verdict::Returned,
        }
    }

    /// Up to two messages of work for each message.
    fn outputs(&mut self, delivery: &Delivery) -> Vec<Output> {
        let rules = &self.world.subscriptions[delivery.subscription.0 as usize];
        if rules.outputs.is_empty() || self.random.chance(20) {
            return Vec::new();
        }
        let ids = OutputIds::new("simulated", &rules.name);
        let wall_ms = self.broker.now().wall_ms;
        let mut builder = BatchBuilder::with_capacity(delivery.batch.len(), 0);
        let (mut starts, mut delays_ms) = (vec![0], Vec::new());
        for message in delivery.batch.iter() {
            for index in 0..self.random.below(3) as u32 {
                // The attempt in it: another result is another effect, but not another id.
                let payload = [message.payload(), b" done"].concat();
                let id = ids.id(&message.id(), index);
                builder.push(id, wall_ms, message.key(), [("by", "alpha")], &payload).unwrap();
                delays_ms.push(self.random.pick(&[0, 0, 0, 400]));
            }
            starts.push(builder.len() as u32);
        }
        vec![Output { topic: WORK, batch: builder.build(), delays_ms, starts }]
    }
}

/// What the fates of a delivery's messages mean for the ledger. `stands`: nothing is withheld any more.
fn fates(delivery: &Delivery, judged: &Judged, stands: bool) -> Effects {
    let effect = |place: usize| match &judged.fates {
        Fates::AllHandled => Effect::Leaves,
        Fates::AllReturned => Effect::Stays,
        Fates::Each(fates) => match fates.get(place) {
            Some(Fate::DeadLettered(..)) => Effect::DeadLettered,
            Some(Fate::Withheld(one)) if stands => of_promotion(one),
            Some(Fate::Parked(_) | Fate::Withheld(_) | Fate::Returned) | None => Effect::Stays,
            Some(_) => Effect::Leaves,
        },
    };
    spots(delivery).enumerate().map(|(place, spot)| (spot, effect(place))).collect()
}
