//! The versions of plugins: which one serves, which one is on trial, which one served before.
//!
//! ```text
//!            begin               promote
//!   serving ───────▶ on trial ───────────▶ serving: the old version's leases end well, or at a fence
//!      ▲                 │
//!      └─────────────────┘ roll back, or a start: the trial's leases end, uncounted
//! ```
//!
//! A trial has a share of the keys, the old version has the rest. What the version on trial fails on
//! is withheld until the trial is decided (see [`super::withheld`]).

use std::collections::BTreeMap;

use millstream_message::{Batch, SubscriptionId};

use super::module::Module;
use super::serving::{Lane, TRIAL};
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;
use crate::codec::{Codec, Malformed, codec_struct};
use crate::rules::Share;

/// What happens to the versions of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// The plugin, by its name.
    pub plugin: String,
    /// What happens.
    pub act: Act,
}

/// What happens to the versions of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A version goes on trial, for a share of the keys.
    Begin {
        /// Its digest.
        digest: String,
        /// The keys whose messages it gets.
        share: Share,
    },
    /// The version on trial gets another share of the keys.
    Widen(Share),
    /// The version on trial serves from now on.
    Promote,
    /// The trial is over, and the version that served before serves all.
    RollBack {
        /// Why, for people.
        why: String,
    },
}

/// One version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Digest of its bytes.
    pub digest: String,
    /// The generation of its workers.
    pub generation: u64,
    /// Since when it serves, or is on trial: milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// How the last trial of a plugin ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialEnd {
    /// The version that was on trial.
    pub version: Version,
    /// Whether it was promoted.
    pub promoted: bool,
    /// Why not; empty for one that was promoted.
    pub why: String,
    /// When: milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// What is kept of one plugin.
#[derive(Clone, Debug)]
pub(super) struct Plugin {
    /// Digest of its source when it was declared last; another one is another version.
    pub(super) source: String,
    pub(super) serving: Version,
    /// The version that served well before, to go back to.
    pub(super) previous: Option<Version>,
    pub(super) trial: Option<(Version, Share)>,
    pub(super) ended: Option<TrialEnd>,
    /// Bytes of versions by their digests.
    pub(super) modules: BTreeMap<String, Module>,
}

/// The generation of workers that were never told one.
const FIRST_GENERATION: u64 = 1;

/// Why a trial ended that nobody decided on.
const INTERRUPTED: &str = "the host ended before the trial was decided";

impl Core {
    pub(super) fn deploy(
        &mut self,
        deploy: Deploy,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let Deploy { plugin, act } = deploy;
        match act {
            Act::Begin { digest, share } => self.begin_trial(plugin, digest, share, now, effects),
            Act::Widen(share) => self.widen_trial(&plugin, share, effects),
            Act::Promote => self.promote(&plugin, now, effects),
            Act::RollBack { why } => self.roll_back(&plugin, why, now, effects),
        }
    }

    fn begin_trial(
        &mut self,
        plugin: String,
        digest: String,
        share: Share,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let places = self.places_of(&plugin);
        let known = self.plugins.contains_key(&plugin);
        let busy = |place: &usize| self.deciding.contains(&(*place as u32));
        if places.is_empty() && !known {
            return Err(Refusal::Unknown);
        }
        let on_trial = self.plugins.get(&plugin).is_some_and(|one| one.trial.is_some());
        if on_trial || places.iter().any(busy) {
            return Err(Refusal::OnTrial);
        }
        let generation = self.next_generation();
        let version = Version { digest, generation, since_ms: now.wall_ms };
        let record = self.plugins.entry(plugin).or_default();
        record.trial = Some((version, share));
        for place in places {
            let serving = &mut self.subscriptions[place].serving;
            serving.trial = Some(Lane { generation, share, told_full: false });
            serving.tallies[TRIAL] = Default::default();
            self.share_out_anew(place, effects);
        }
        Ok(Answer::Generation(generation))
    }

    fn widen_trial(
        &mut self,
        plugin: &str,
        share: Share,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let record = self.plugins.get_mut(plugin).ok_or(Refusal::Unknown)?;
        record.trial.as_mut().ok_or(Refusal::NoTrial)?.1 = share;
        for place in self.places_of(plugin) {
            if let Some(trial) = &mut self.subscriptions[place].serving.trial {
                trial.share = share;
            }
            self.share_out_anew(place, effects);
        }
        Ok(Answer::Done)
    }

    fn promote(
        &mut self,
        plugin: &str,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let record = self.plugins.get_mut(plugin).ok_or(Refusal::Unknown)?;
        let (tried, _) = record.trial.take().ok_or(Refusal::NoTrial)?;
        let version = Version { since_ms: now.wall_ms, ..tried };
        record.ended = Some(TrialEnd {
            version: version.clone(),
            promoted: true,
            why: String::new(),
            at_ms: now.wall_ms,
        });
        record.serve(version.clone());
        for place in self.places_of(plugin) {
            let serving = &mut self.subscriptions[place].serving;
            serving.replace(version.generation);
            let [_, of_trial] = serving.tallies;
            serving.tallies = [of_trial, Default::default()];
            self.end_trial(place, true, effects);
        }
        self.go_on_withheld(now, effects);
        Ok(Answer::Generation(version.generation))
    }

    fn roll_back(
        &mut self,
        plugin: &str,
        why: String,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let record = self.plugins.get_mut(plugin).ok_or(Refusal::Unknown)?;
        let (version, _) = record.trial.take().ok_or(Refusal::NoTrial)?;
        let generation = version.generation;
        let (promoted, at_ms) = (false, now.wall_ms);
        record.ended = Some(TrialEnd { version, promoted, why, at_ms });
        record.forget_modules();
        let places = self.places_of(plugin);
        let serves = self.unfenced(plugin, &places);
        for place in places {
            let serving = &mut self.subscriptions[place].serving;
            // Those before the version that serves are over anyway.
            let first = serving.failed.start.max(serving.generation + 1);
            let first = if serving.failed.is_empty() { generation } else { first };
            serving.failed = first..generation + 1;
            let id = SubscriptionId(place as u32);
            self.end_leases(id, &|of| of == generation, now, effects);
            self.end_trial(place, false, effects);
        }
        self.go_on_withheld(now, effects);
        Ok(Answer::Generation(serves))
    }

    /// The generation of the version that serves. Where its workers were fenced while another was on
    /// trial, it gets new ones.
    fn unfenced(&mut self, plugin: &str, places: &[usize]) -> u64 {
        let serves = self.plugins.get(plugin).map_or(0, |one| one.serving.generation);
        let fenced = |place: &usize| {
            let one = &self.subscriptions[*place];
            one.fenced_below > one.serving.generation.max(FIRST_GENERATION)
        };
        if !places.iter().any(fenced) {
            return serves;
        }
        let generation = self.next_generation();
        self.plugins.entry(plugin.to_owned()).or_default().serving.generation = generation;
        for place in places {
            self.subscriptions[*place].serving.replace(generation);
        }
        generation
    }

    /// The trial of one subscription is decided.
    fn end_trial(&mut self, place: usize, promoted: bool, effects: &mut Effects) {
        let subscription = &mut self.subscriptions[place];
        subscription.serving.trial = None;
        if subscription.parking.withheld() > 0 {
            subscription.serving.decided = Some(promoted);
            self.deciding.insert(place as u32);
        }
        self.share_out_anew(place, effects);
    }

    /// All workers ask again: whom what waits is for has changed.
    fn share_out_anew(&mut self, place: usize, effects: &mut Effects) {
        self.subscriptions[place].share_out_anew();
        effects.ask_again.push(SubscriptionId(place as u32));
    }

    /// All processes' workers are gone: trials are over without success.
    pub(super) fn end_trials(&mut self, now: Now, effects: &mut Effects) {
        let names: Vec<String> = self.plugins.keys().cloned().collect();
        for name in names {
            // Refused where there is no trial.
            let _ = self.roll_back(&name, INTERRUPTED.to_owned(), now, effects);
            self.plugins.entry(name).and_modify(Plugin::forget_modules);
        }
        for subscription in &mut self.subscriptions {
            subscription.serving.forget_workers();
        }
    }

    /// Places of the subscriptions that a plugin serves.
    pub(super) fn places_of(&self, plugin: &str) -> Vec<usize> {
        let of_it = |(_, one): &(usize, &super::subscription::Subscription)| {
            !one.gone && one.rules.plugin.as_deref() == Some(plugin)
        };
        self.subscriptions.iter().enumerate().filter(of_it).map(|(place, _)| place).collect()
    }

    pub(super) fn next_generation(&mut self) -> u64 {
        // Who asks nobody for a generation is of the first.
        self.generations = self.generations.max(FIRST_GENERATION) + 1;
        self.generations
    }

    /// Whether some trial is not decided, or what was withheld in it has not all gone on.
    pub(super) fn has_trial(&self) -> bool {
        !self.deciding.is_empty() || self.plugins.values().any(|one| one.trial.is_some())
    }
}

impl Default for Plugin {
    /// One of which nothing is known but that it serves.
    fn default() -> Self {
        let serving = Version { digest: String::new(), generation: 0, since_ms: 0 };
        let (source, modules) = (String::new(), BTreeMap::new());
        Self { source, serving, previous: None, trial: None, ended: None, modules }
    }
}

impl Plugin {
    /// Another version serves. Who goes back to the one before has none to go back to any more.
    pub(super) fn serve(&mut self, version: Version) {
        let goes_back = self.previous.as_ref().is_some_and(|one| one.digest == version.digest);
        let before = std::mem::replace(&mut self.serving, version);
        self.previous = Some(before).filter(|one| !goes_back && !one.digest.is_empty());
        self.forget_modules();
    }

    /// Lets go of bytes that nobody goes back to.
    pub(super) fn forget_modules(&mut self) {
        let Self { serving, previous, trial, modules, .. } = self;
        modules.retain(|digest, module| {
            let is = |version: &Version| version.digest == *digest;
            let needed = is(serving)
                || previous.as_ref().is_some_and(is)
                || trial.as_ref().is_some_and(|(version, _)| is(version));
            needed && (module.is_whole() || trial.is_some())
        });
    }
}

codec_struct!(Version { digest, generation, since_ms });
codec_struct!(TrialEnd { version, promoted, why, at_ms });
codec_struct!(Plugin { source, serving, previous, trial, ended, modules });
codec_struct!(Deploy { plugin, act });

impl Codec for Act {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Begin { digest, share } => {
                1_u8.put(out);
                digest.put(out);
                share.put(out);
            }
            Self::Widen(share) => {
                2_u8.put(out);
                share.put(out);
            }
            Self::Promote => 3_u8.put(out),
            Self::RollBack { why } => {
                4_u8.put(out);
                why.put(out);
            }
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        Ok(match u8::get(from)? {
            1 => Self::Begin { digest: Codec::get(from)?, share: Codec::get(from)? },
            2 => Self::Widen(Codec::get(from)?),
            3 => Self::Promote,
            4 => Self::RollBack { why: Codec::get(from)? },
            _ => return Err(Malformed("no such act of a deploy")),
        })
    }
}

/// A part of a version's bytes on its way into the journal.
#[derive(Clone, Debug)]
pub struct ModulePart {
    /// The plugin, by its name.
    pub plugin: String,
    /// The version's digest.
    pub digest: String,
    /// Which part, from 0.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// The bytes: the payload of a batch of one.
    pub bytes: Batch,
    /// Where a journal keeps them.
    pub stored: Option<crate::stored::Stored>,
}
