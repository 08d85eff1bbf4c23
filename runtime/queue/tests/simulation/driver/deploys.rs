//! Versions: on trial, promoted, rolled back; and a process that is gone.

use millstream_message::SubscriptionId;
use millstream_queue::core::{Answer, Event};
use millstream_queue::{Act, Deploy, Share};

use super::Driver;
use crate::action::Asker;
use crate::model::{Check, ensure};
use crate::world::{PLUGINS, plugin};

impl Driver {
    /// The generation of whoever asks.
    pub(super) fn generation(&self, s: usize, asker: Asker) -> u64 {
        let serving = self.generations[s];
        let trial = self.model.subscriptions[s].trial.map(|(generation, _)| generation);
        match asker {
            Asker::Serving => serving,
            Asker::OnTrial => trial.unwrap_or(serving),
            Asker::Outdated => serving - 1,
            Asker::RolledBack => self.rolled_back[s].unwrap_or(serving),
        }
    }

    pub(super) fn begin_trial(&mut self, n: u64, percent: u8) -> Check {
        let name = plugin(n % PLUGINS);
        let share = Share::percent(percent).ok_or("no such share")?;
        self.tell(|| format!("a version of {name} goes on trial for {percent} %"));
        let digest = format!("digest-{n}");
        let event = deploy(&name, Act::Begin { digest: digest.clone(), share });
        self.step(event, |model, answer, _| model.begin_trial(&name, &digest, share, answer))?;
        Ok(())
    }

    pub(super) fn widen_trial(&mut self, n: u64, percent: u8) -> Check {
        let name = plugin(n % PLUGINS);
        let share = Share::percent(percent).ok_or("no such share")?;
        self.tell(|| format!("the trial of {name} gets {percent} %"));
        let event = deploy(&name, Act::Widen(share));
        self.step(event, |model, answer, _| model.widen_trial(&name, share, answer))?;
        Ok(())
    }

    pub(super) fn decide(&mut self, n: u64, promote: bool) -> Check {
        self.decide_on(&plugin(n % PLUGINS), promote)
    }

    fn decide_on(&mut self, name: &str, promote: bool) -> Check {
        self.tell(|| format!("the trial of {name} is decided: promoted {promote}"));
        let act = if promote { Act::Promote } else { Act::RollBack { why: "simulated".into() } };
        let answer = self.step(deploy(name, act), |model, answer, step| match promote {
            true => model.promote(name, answer, step.now),
            false => model.roll_back(name, answer, step.now),
        })?;
        let Answer::Generation(generation) = answer else { return Ok(()) };
        for s in self.model.places_of(name) {
            match promote {
                true => self.generations[s] = generation,
                false => {
                    self.rolled_back[s] = self.model.subscriptions[s].failed.last().copied();
                    // Where the workers were fenced meanwhile, there are new ones.
                    self.generations[s] = self.generations[s].max(generation);
                }
            }
        }
        Ok(())
    }

    /// As whoever swaps does when no more messages may wait for the end of a trial.
    pub(super) fn roll_back_full(&mut self, full: &[SubscriptionId]) -> Check {
        for id in full {
            let rules = &self.world.subscriptions[id.0 as usize];
            let Some(name) = rules.plugin.clone() else {
                return Err(format!("{id:?} has no plugin and a trial"));
            };
            if self.model.is_on_trial(&name) {
                self.decide_on(&name, false)?;
            }
        }
        Ok(())
    }

    /// Every trial is decided, one way or the other.
    pub(super) fn decide_all(&mut self) -> Check {
        for n in 0..PLUGINS {
            if self.model.is_on_trial(&plugin(n)) {
                let promote = self.random.chance(50);
                self.decide(n, promote)?;
            }
        }
        ensure!((0..PLUGINS).all(|n| !self.model.is_on_trial(&plugin(n))), "still on trial");
        Ok(())
    }

    pub(super) fn crash(&mut self) -> Check {
        self.tell(|| "the process is gone, and another goes on".to_owned());
        self.step(Event::Restart, |model, _, step| model.restart(step))?;
        self.restart_clocks();
        Ok(())
    }
}

fn deploy(plugin: &str, act: Act) -> Event {
    Event::Deploy(Box::new(Deploy { plugin: plugin.to_owned(), act }))
}
