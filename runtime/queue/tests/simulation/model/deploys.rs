//! Versions of plugins: who gets what, what is withheld, what follows from how a trial ends.

use std::time::Duration;

use millstream_message::Verdict;
use millstream_queue::core::{Answer, CRASHES_MAX, Refusal, Why};
use millstream_queue::{LeaseId, Now, PluginFigures, Share, Tally};

use super::granting::messages;
use super::item::Withheld;
use super::settling::{Ended, Fated, Kept, counts_as_failure};
use super::{Check, LeaseModel, Model, Place, State, Step, ensure};

/// The versions of one plugin, by their digests.
#[derive(Debug, Default)]
pub(crate) struct PluginModel {
    serving: String,
    previous: Option<String>,
    trial: Option<(String, u64)>,
}

impl Model {
    pub(crate) fn places_of(&self, plugin: &str) -> Vec<usize> {
        let all = self.subscriptions.iter().enumerate();
        all.filter(|(_, one)| !one.gone && one.rules.plugin.as_deref() == Some(plugin))
            .map(|(place, _)| place)
            .collect()
    }

    pub(crate) fn is_on_trial(&self, plugin: &str) -> bool {
        self.plugins.get(plugin).is_some_and(|one| one.trial.is_some())
    }

    pub(crate) fn begin_trial(
        &mut self,
        plugin: &str,
        digest: &str,
        share: Share,
        answer: &Answer,
    ) -> Check {
        let places = self.places_of(plugin);
        let expected = match () {
            () if places.is_empty() => Some(Refusal::Unknown),
            () if self.is_on_trial(plugin) => Some(Refusal::OnTrial),
            () => None,
        };
        let Some(generation) = refused_or(answer, expected)? else { return Ok(()) };
        self.plugins.entry(plugin.to_owned()).or_default().trial =
            Some((digest.to_owned(), generation));
        for s in places {
            let subscription = &mut self.subscriptions[s];
            let older = self.leases.values().filter(|lease| lease.subscription == s);
            let newest = older.map(|lease| lease.generation).max().unwrap_or(0);
            ensure!(newest < generation, "sub-{s}: generation {generation} is not new");
            subscription.trial = Some((generation, share));
            subscription.tallies[1] = Tally::default();
        }
        Ok(())
    }

    pub(crate) fn widen_trial(&mut self, plugin: &str, share: Share, answer: &Answer) -> Check {
        if !self.is_on_trial(plugin) {
            ensure!(matches!(answer, Answer::Refused(_)), "{plugin}: widened without a trial");
            return Ok(());
        }
        ensure!(matches!(answer, Answer::Done), "{plugin}: not widened: {answer:?}");
        for s in self.places_of(plugin) {
            let trial = &mut self.subscriptions[s].trial;
            *trial = trial.map(|(generation, _)| (generation, share));
        }
        Ok(())
    }

    pub(crate) fn promote(&mut self, plugin: &str, answer: &Answer, now: Now) -> Check {
        let Some(generation) = self.decided(plugin, answer)? else { return Ok(()) };
        if let Some(record) = self.plugins.get_mut(plugin)
            && let Some((digest, on_trial)) = record.trial.take()
        {
            ensure!(on_trial == generation, "{plugin}: another generation was promoted");
            let goes_back = record.previous.as_ref() == Some(&digest);
            let before = std::mem::replace(&mut record.serving, digest);
            record.previous = Some(before).filter(|one| !goes_back && !one.is_empty());
        }
        for s in self.places_of(plugin) {
            let subscription = &mut self.subscriptions[s];
            subscription.trial = None;
            subscription.retired_below = generation;
            subscription.failed.clear();
            let [_, trial] = std::mem::take(&mut subscription.sleepers);
            subscription.sleepers[0] = trial;
            subscription.tallies = [subscription.tallies[1], Tally::default()];
        }
        // First all trials are over, then what was withheld goes on.
        self.places_of(plugin).into_iter().try_for_each(|s| self.let_stand(s, now))
    }

    pub(crate) fn roll_back(&mut self, plugin: &str, answer: &Answer, now: Now) -> Check {
        let Some(serves) = self.decided(plugin, answer)? else { return Ok(()) };
        self.plugins.entry(plugin.to_owned()).or_default().trial = None;
        for s in self.places_of(plugin) {
            let Some((generation, _)) = self.subscriptions[s].trial.take() else { continue };
            let subscription = &mut self.subscriptions[s];
            if serves > generation {
                // Its workers were fenced: there are new ones.
                subscription.retired_below = serves;
                subscription.failed.clear();
                subscription.sleepers[0].wake_all();
            } else {
                let able = subscription.fenced_below <= serves.max(subscription.newest).max(1);
                ensure!(able, "sub-{s}: rolled back to workers that are fenced");
            }
            subscription.failed.insert(generation);
            self.subscriptions[s].sleepers[1] = Default::default();
            self.end_leases(s, |of| of == generation, now)?;
        }
        for s in self.places_of(plugin) {
            if self.take_back_withheld(s) {
                self.admit(self.subscriptions[s].rules.topic.0 as usize, now)?;
            }
        }
        Ok(())
    }

    fn decided(&self, plugin: &str, answer: &Answer) -> Check<Option<u64>> {
        let expected = match () {
            () if !self.plugins.contains_key(plugin) => Some(Refusal::Unknown),
            () if !self.is_on_trial(plugin) => Some(Refusal::NoTrial),
            () => None,
        };
        refused_or(answer, expected)
    }

    /// A version on trial failed on the item: it stays what it was.
    pub(super) fn withhold(
        &mut self,
        s: usize,
        place: Place,
        fated: Kept,
        due: Duration,
        now: Now,
    ) {
        let serial = self.next_serial();
        if let Some(item) = self.subscriptions[s].items.get_mut(&place) {
            item.withheld = Some(Withheld { fated, due, wall_ms: now.wall_ms, serial });
            (item.state, item.copied) = (State::Withheld, true);
        }
    }

    /// What the promoted version made of its failures.
    fn let_stand(&mut self, s: usize, now: Now) -> Check {
        let held = self.subscriptions[s].items.iter();
        let mut held: Vec<(u64, Place, Withheld)> = held
            .filter_map(|(place, item)| item.withheld.map(|one| (one.serial, *place, one)))
            .collect();
        held.sort_by_key(|(serial, ..)| *serial);
        let none = held.is_empty();
        for (_, place, withheld) in held {
            let subscription = &mut self.subscriptions[s];
            subscription.counts.failed += u64::from(withheld.fated.is_failure());
            subscription.items.entry(place).and_modify(|item| item.withheld = None);
            let letter = self.end(s, place, &withheld.fated.stands(), withheld.due);
            self.bury(s, letter.into_iter().collect(), withheld.wall_ms, now)?;
        }
        let topic = self.subscriptions[s].rules.topic.0 as usize;
        if none { Ok(()) } else { self.admit(topic, now) }
    }

    /// Everything withheld waits as if the version had never had it; whether there was anything.
    fn take_back_withheld(&mut self, s: usize) -> bool {
        let mut any = false;
        for item in self.subscriptions[s].items.values_mut() {
            if item.withheld.take().is_some() {
                item.state = State::Parked(Duration::ZERO);
                any = true;
            }
        }
        any
    }

    pub(super) fn tally(&mut self, s: usize, generation: u64, fates: &[Fated], ended: &Ended<'_>) {
        if generation == u64::MAX {
            return;
        }
        let lane = usize::from(self.subscriptions[s].is_on_trial(generation));
        let tally = &mut self.subscriptions[s].tallies[lane];
        for (i, fated) in fates.iter().enumerate() {
            let rejected = matches!(ended.verdicts.get(i), Some(Verdict::Rejected(_)));
            let failed = counts_as_failure(ended, i, fated);
            match fated {
                Fated::Handled => tally.handled += 1,
                Fated::Withheld(kept) if kept.is_failure() => tally.failed += 1,
                Fated::Withheld(_) => tally.rejected += 1,
                _ if failed => tally.failed += 1,
                Fated::DeadLettered(..) if rejected => tally.rejected += 1,
                _ => {}
            }
        }
    }

    /// What is told of plugins is what happened to them.
    pub(crate) fn compare_plugins(&self, told: &[PluginFigures]) -> Check {
        for (name, expected) in &self.plugins {
            let one = told.iter().find(|one| one.name == *name);
            let one = one.ok_or_else(|| format!("nothing is told of {name}"))?;
            let trial = one.trial.as_ref().map(|trial| &trial.version);
            let digest = trial.map(|version| (version.digest.clone(), version.generation));
            ensure!(digest == expected.trial, "{name}: on trial is {digest:?}");
            let previous = one.previous.as_ref().map(|version| &version.digest);
            let versions = (&one.serving.digest, previous);
            let right = versions == (&expected.serving, expected.previous.as_ref());
            ensure!(right, "{name}: serves {versions:?}, not {expected:?}");
            let places = self.places_of(name);
            let sum = |lane: usize| {
                let each = places.iter().map(|s| self.subscriptions[*s].tallies[lane]);
                each.fold(Tally::default(), Tally::plus)
            };
            ensure!(one.tally == sum(0), "{name}: {:?}, not {:?}", one.tally, sum(0));
            let of_trial = one.trial.as_ref().is_none_or(|trial| trial.tally == sum(1));
            ensure!(of_trial, "{name}: {:?}, not {:?}", one.trial, sum(1));
            let items = places.iter().flat_map(|s| self.subscriptions[*s].items.values());
            let withheld = items.filter(|item| item.withheld.is_some()).count() as u64;
            let unsure = places.iter().map(|s| self.subscriptions[*s].dropped_unnamed).sum::<u64>();
            let right = one.withheld <= withheld && one.withheld + unsure >= withheld;
            ensure!(right, "{name}: {} withheld, not {withheld}", one.withheld);
        }
        Ok(())
    }

    /// Another process goes on: nobody waits in line, leases come back and travel alone, trials are
    /// rolled back.
    pub(crate) fn restart(&mut self, step: &Step<'_>) -> Check {
        self.topics.iter_mut().for_each(|topic| topic.line.clear());
        let leases = std::mem::take(&mut self.leases);
        let mut doomed: Vec<(usize, Place)> = Vec::new();
        for lease in leases.into_values() {
            let s = lease.subscription;
            for place in lease.items {
                let Some(item) = self.subscriptions[s].items.get_mut(&place) else { continue };
                item.history.crashes += 1;
                item.alone = true;
                match item.history.crashes >= CRASHES_MAX {
                    true => doomed.push((s, place)),
                    false => self.wait_again(s, place),
                }
            }
        }
        for plugin in self.plugins.values_mut() {
            plugin.trial = None;
        }
        for s in 0..self.subscriptions.len() {
            self.take_back_withheld(s);
            let subscription = &mut self.subscriptions[s];
            subscription.trial = None;
            subscription.sleepers = Default::default();
            (subscription.fenced_below, subscription.retired_below) = (0, 0);
            subscription.failed.clear();
            subscription.tallies[1] = Tally::default();
        }
        self.give_up_crashed(doomed, step)?;
        (0..self.topics.len()).try_for_each(|t| self.admit(t, step.now))
    }

    /// What was under lease in too many crashes comes back to the caller.
    fn give_up_crashed(&mut self, mut doomed: Vec<(usize, Place)>, step: &Step<'_>) -> Check {
        for taken in step.effects.taken_back.iter().filter(|taken| taken.why == Why::Crashed) {
            let (grant, s) = (&taken.grant, taken.grant.subscription.0 as usize);
            let mut items = Vec::new();
            for (i, one) in messages(&grant.parts).enumerate() {
                let is = |(of, place): &(usize, Place)| {
                    let item = &self.subscriptions[s].items.get(place);
                    *of == s
                        && item.is_some_and(|item| {
                            item.parcel.is(&one).is_ok() && item.history == grant.histories.of(i)
                        })
                };
                let at = doomed.iter().position(is);
                let at = at.ok_or_else(|| format!("sub-{s}: {:?} was given up", one.ids()))?;
                let (_, place) = doomed.swap_remove(at);
                let state = State::Leased(grant.lease);
                self.subscriptions[s].items.entry(place).and_modify(|item| item.state = state);
                items.push(place);
            }
            let (generation, deadline): (u64, Option<Duration>) = (grant.generation, None);
            let lease =
                LeaseModel { subscription: s, generation, on_trial: false, items, deadline };
            let id: LeaseId = grant.lease;
            self.leases.insert(id, lease);
        }
        ensure!(doomed.is_empty(), "{doomed:?} were in too many crashes and go on");
        Ok(())
    }
}

/// The generation that was answered, or the refusal that had to be.
fn refused_or(answer: &Answer, expected: Option<Refusal>) -> Check<Option<u64>> {
    match (answer, expected) {
        (Answer::Refused(refusal), Some(expected)) if *refusal == expected => Ok(None),
        (Answer::Generation(generation), None) => Ok(Some(*generation)),
        (answer, expected) => Err(format!("a deploy was answered {answer:?}, not {expected:?}")),
    }
}
