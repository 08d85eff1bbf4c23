//! Whoever changes what runs: puts versions on trial, decides on them, and alters the pipeline.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::SubscriptionId;
use millstream_queue::{
    AlterError, Broker, Delivery, DeployError, Ended, Fate, Fates, Judged, LeaseId, Outcome, Share,
    Withholding,
};

use super::{Effect, Effects, Entry, Player, Spot, book, spots};
use crate::world::PLUGIN;

/// A version that is on trial.
#[derive(Default)]
pub(super) struct Trial {
    generation: u64,
    digest: String,
    /// Leases of its workers, which are judged as a trial's.
    leases: Vec<LeaseId>,
    /// What becomes of messages that it failed on, if it is promoted; and whether that is sure.
    withheld: BTreeMap<Spot, (Effect, bool)>,
}

impl Player {
    /// A trial begins, goes on with more keys, or is decided.
    pub(super) async fn deploy(&mut self) {
        if book(&self.book).ended {
            // What was answered by an error may have happened.
            return;
        }
        let Some(trial) = &self.trial else { return self.begin_trial().await };
        // What it failed on shows at its end: until then it goes on, mostly.
        let (digest, ripe) = (trial.digest.clone(), !trial.withheld.is_empty());
        match self.random.below(10) {
            0..6 if !ripe => {
                let widened = self.broker.widen_trial(PLUGIN, Share::ALL).await;
                self.unless_ended(deployed(widened));
            }
            0..3 | 6 => self.roll_back().await,
            _ => {
                let bytes = Bytes::from(digest.clone().into_bytes());
                let kept = self.broker.keep_module(PLUGIN, &digest, bytes).await;
                if self.unless_ended(deployed(kept)).is_some() {
                    self.promote().await;
                }
            }
        }
    }

    async fn begin_trial(&mut self) {
        let percent = self.random.pick(&[10, 50, 100]);
        self.ids += 1;
        let (share, digest) = (Share::percent(percent).unwrap(), format!("v1.{}", self.ids));
        let begun = self.broker.begin_trial(PLUGIN, &digest, share).await;
        if let Some(generation) = self.unless_ended(deployed(begun)) {
            self.newest = self.newest.max(generation);
            self.trial = Some(Trial { generation, digest, ..Trial::default() });
        }
    }

    /// All that the version failed on goes to the old one, uncounted.
    async fn roll_back(&mut self) {
        let rolled_back = self.broker.roll_back(PLUGIN, "as the test wants it").await;
        if self.unless_ended(deployed(rolled_back)).is_some() {
            let leases = self.trial.take().unwrap_or_default().leases;
            let ended = self.take_held(|held| leases.contains(&held.lease));
            self.stale.extend(ended);
        }
    }

    /// What the version made of messages stands: a few are a step's work.
    async fn promote(&mut self) {
        let Some(trial) = self.trial.take() else { return };
        let of = |wanted: bool| -> Effects {
            let meant = trial.withheld.iter().filter(|(_, (_, sure))| *sure == wanted);
            meant.map(|(spot, (effect, _))| (*spot, *effect)).collect()
        };
        book(&self.book).ledger.note(Entry::Passed(of(false)));
        let act = book(&self.book).ledger.attempt(of(true));
        let promoted = self.broker.promote(PLUGIN).await;
        if self.unless_ended(deployed(promoted)).is_some() {
            self.accepted(act);
        }
    }

    /// Other rules for a subscription, while everybody is at work.
    pub(super) async fn alter(&mut self) {
        if self.trial.is_some() || book(&self.book).ended {
            return;
        }
        let s = self.any() as usize;
        let before = self.world.subscriptions[s].clone();
        let rules = &mut self.world.subscriptions[s];
        rules.max_attempts = self.random.pick(&[1, 2, 3]);
        rules.batch_messages = self.random.pick(&[1, 4, 256]);
        rules.ack_deadline = Duration::from_secs(self.random.pick(&[2, 3]));
        match self.broker.alter(self.world.declaration()).await {
            Ok(_) => {}
            Err(AlterError::Ended(ended)) => {
                self.world.subscriptions[s] = before;
                self.note_end(Err(ended));
            }
            Err(error) => panic!("nothing is left over: {error}"),
        }
    }

    /// The generation of the workers that serve a subscription.
    pub(super) fn serving(&self, s: u32) -> u64 {
        self.broker.generation(SubscriptionId(s)).unwrap_or(0).max(1)
    }

    /// That of a worker who asks now: of the version that serves, or of the one on trial.
    pub(super) fn generation_to_lease(&mut self, s: u32) -> u64 {
        let serving = self.serving(s);
        let tries = self.random.chance(80) && self.serves(s);
        self.trial.as_ref().filter(|_| tries).map_or(serving, |trial| trial.generation)
    }

    /// A subscription whose worker asks: while a version is on trial, mostly one that it serves.
    pub(super) fn subscription_to_lease(&mut self) -> u32 {
        let s = self.any();
        match self.trial.is_some() && !self.serves(s) && self.random.chance(80) {
            true => 0,
            false => s,
        }
    }

    /// Whether the plugin serves it.
    fn serves(&self, s: u32) -> bool {
        self.world.declaration().subscriptions[s as usize].plugin.is_some()
    }

    pub(super) fn note_trial(&mut self, delivery: &Delivery) {
        if let Some(trial) = self.trial.as_mut().filter(|_| delivery.on_trial) {
            trial.leases.push(delivery.lease);
        }
    }

    /// Whether the delivery's version is still on trial.
    pub(super) fn is_on_trial(&self, delivery: &Delivery) -> bool {
        self.trial.as_ref().is_some_and(|trial| trial.leases.contains(&delivery.lease))
    }

    /// The lease has ended, though its trial goes on.
    pub(super) fn end_in_trial(&mut self, delivery: &Delivery) {
        if let Some(trial) = &mut self.trial {
            trial.leases.retain(|lease| *lease != delivery.lease);
        }
    }

    /// Remembers what a promotion makes of it. `sure`: unless the settle is refused.
    pub(super) fn note_withheld(&mut self, delivery: &Delivery, judged: &Judged, sure: bool) {
        let (Some(trial), Fates::Each(fates)) = (&mut self.trial, &judged.fates) else { return };
        for (spot, fate) in spots(delivery).zip(fates) {
            let Fate::Withheld(withheld) = fate else { continue };
            let effect = of_promotion(withheld);
            if effect != Effect::Stays {
                trial.withheld.insert(spot, (effect, sure));
            }
        }
    }
}

/// What a promotion makes of a message that was withheld, or of one that would have been.
pub(super) fn of_promotion(withheld: &Withholding) -> Effect {
    match withheld.outcome {
        Outcome::Retry { .. } => Effect::Stays,
        Outcome::Letter { .. } => Effect::DeadLettered,
        Outcome::Drop { .. } => Effect::Leaves,
    }
}

fn deployed<T>(answer: Result<T, DeployError>) -> Result<T, Ended> {
    match answer {
        Err(DeployError::Ended(ended)) => Err(ended),
        answer => Ok(answer.unwrap_or_else(|error| panic!("nobody else deploys: {error}"))),
    }
}
