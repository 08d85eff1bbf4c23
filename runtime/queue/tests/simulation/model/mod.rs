//! The reference: what the rulings say, slow and obvious. Every message of every subscription is
//! an item with a state; whatever the core answers is judged against that.
//!
//! The core chooses (which of the messages that may go, in what batches); the model follows what
//! was chosen and says where it was not allowed.

mod admission;
mod changes;
mod deploys;
mod eligibility;
mod figures;
mod granting;
mod item;
mod letters;
mod operations;
mod rate;
mod settling;
mod subscription;
mod ticking;
mod topic;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use millstream_queue::core::{Effects, Refusal, Ticket};
use millstream_queue::{Duplicate, Figures, LeaseId, Now};

pub(crate) use self::changes::Altered;
pub(crate) use self::deploys::PluginModel;
pub(crate) use self::granting::messages;
pub(crate) use self::item::{Item, Parcel, Place, State, batch_of};
pub(crate) use self::letters::{Letters, Told};
pub(crate) use self::settling::Ended;
pub(crate) use self::subscription::{Sleepers, SubscriptionModel};
pub(crate) use self::topic::{Posted, TopicModel};
use crate::world::World;

/// What is wrong, or nothing.
pub(crate) type Check<T = ()> = Result<T, String>;

/// Ends the check when something is not as it must be.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}
pub(crate) use ensure;

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) topics: Vec<TopicModel>,
    pub(crate) subscriptions: Vec<SubscriptionModel>,
    pub(crate) leases: BTreeMap<LeaseId, LeaseModel>,
    /// What the core said of itself after the step before: only it knows resident bytes.
    pub(crate) seen: Figures,
    /// Versions by plugin.
    pub(crate) plugins: BTreeMap<String, PluginModel>,
    /// Publishers that the step under judgement let in or turned away, and are not yet explained.
    admitted: VecDeque<(Ticket, Vec<Duplicate>)>,
    turned_away: VecDeque<(Ticket, Refusal)>,
    serial: u64,
    /// The latest wall-clock time at which the timekeeper looked.
    latest_ms: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct LeaseModel {
    pub(crate) subscription: usize,
    pub(crate) generation: u64,
    /// Of a version that was on trial when it was leased.
    pub(crate) on_trial: bool,
    pub(crate) items: Vec<Place>,
    /// None: the caller settles it at once for the core.
    pub(crate) deadline: Option<Duration>,
}

/// What the model looks at beside the answer of one step.
pub(crate) struct Step<'a> {
    pub(crate) effects: &'a Effects,
    /// After the step.
    pub(crate) figures: &'a Figures,
    /// What the topics that keep their messages hold after the step.
    pub(crate) letters: &'a Letters,
    pub(crate) now: Now,
}

impl Model {
    pub(crate) fn new(world: &World, figures: Figures) -> Self {
        let topics = world.topics.iter().enumerate();
        Self {
            topics: topics.map(|(place, rules)| TopicModel::new(place, rules, world)).collect(),
            subscriptions: world.subscriptions.iter().map(SubscriptionModel::new).collect(),
            leases: BTreeMap::new(),
            plugins: BTreeMap::new(),
            seen: figures,
            admitted: VecDeque::new(),
            turned_away: VecDeque::new(),
            serial: 0,
            latest_ms: 0,
        }
    }

    /// Before the model follows a step.
    pub(crate) fn begin(&mut self, effects: &Effects) {
        self.admitted = effects.admitted.iter().cloned().collect();
        self.turned_away = effects.turned_away.iter().copied().collect();
    }

    /// After the model followed a step: nothing is left unexplained, and all figures agree.
    pub(crate) fn finish(&mut self, step: &Step<'_>) -> Check {
        self.follow_letters(step)?;
        for topic in 0..self.topics.len() {
            self.admit_what_was(topic, step.now)?;
        }
        ensure!(self.admitted.is_empty(), "let in without room: {:?}", self.admitted);
        ensure!(self.turned_away.is_empty(), "turned away: {:?}", self.turned_away);
        for &subscription in &step.effects.wake {
            // One of each version: a message may be for one of them only.
            let sleepers = &mut self.subscriptions[subscription.0 as usize].sleepers;
            sleepers.iter_mut().for_each(Sleepers::wake);
        }
        for &subscription in &step.effects.ask_again {
            let sleepers = &mut self.subscriptions[subscription.0 as usize].sleepers;
            sleepers.iter_mut().for_each(Sleepers::wake_all);
        }
        self.compare_watched(step.effects)?;
        self.compare(step)?;
        self.seen = step.figures.clone();
        Ok(())
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
