//! The trial of a new version, and its end.

use std::time::Duration;

use millstream_queue::Share;

use super::{Course, done, unready};
use crate::swap::entry::Entry;
use crate::swap::machine::Event;
use crate::swap::stage::Stage;
use crate::versions::{Module, is_journalled};

impl Course {
    pub(super) async fn begin(&mut self, percent: u8) -> Event {
        let share = Share::percent(percent).unwrap_or(Share::ALL);
        let Some(plugin) = self.plugin.clone() else { return unready() };
        let Entry { deployment, crew, .. } = &*self.entry;
        self.before = deployment.service.borrow().serving.figures.sample();
        let bytes = Some(self.bytes.clone()).filter(|_| !is_journalled(&*deployment.broker));
        let begun = deployment.begin(Module { plugin, bytes }, share).await;
        if begun.is_ok() && share != Share::ALL {
            crew.reinforce(deployment, &self.entry.posts(), share);
        }
        done(begun, Stage::Probation)
    }

    /// Waits until `at` and measures both versions.
    pub(super) async fn look(&mut self, at: Duration) -> Event {
        let deployment = &self.entry.deployment;
        let wait = at.saturating_sub(deployment.broker.now().monotonic);
        tokio::select! {
            biased;
            () = deployment.broker.trial_full(deployment.name()) => {
                return Event::Withdraw("it failed on as many messages as may wait (max_parked)".into());
            }
            () = tokio::time::sleep(wait) => {}
        }
        let service = deployment.service.borrow().clone();
        let Some(trial) = service.trial else { return unready() };
        if let Some(why) = trial.version.start_failure() {
            return Event::Withdraw(why);
        }
        let (all, new) = (service.serving.figures.sample(), trial.version.figures.sample());
        let meanwhile = all.since(&self.before);
        let old = if meanwhile.says_much() { meanwhile } else { all };
        self.entry.update(|status| {
            status.old = Some(old);
            status.new = Some(new);
        });
        Event::Measured { old, new, busy: trial.version.figures.busy() }
    }

    pub(super) async fn promote(&mut self) -> Event {
        let promoted = self.entry.deployment.promote(Some(self.bytes.clone())).await;
        promoted.map_or_else(
            |refusal| Event::Failed(Stage::Promoted, refusal.to_string()),
            |old| {
                old.into_iter().for_each(|old| self.entry.retire(old));
                Event::Done
            },
        )
    }

    pub(super) async fn roll_back(&mut self, why: &str) -> Event {
        match self.entry.deployment.roll_back(why).await {
            Ok(trial) => {
                trial.into_iter().for_each(|trial| self.entry.dismiss(trial));
                Event::Done
            }
            Err(refusal) => Event::Failed(Stage::RolledBack, refusal.to_string()),
        }
    }
}
