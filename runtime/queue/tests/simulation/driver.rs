//! Plays a history against the core, as a broker would, and the model beside it.

mod changes;
mod clocks;
mod deliveries;
mod deploys;
mod drain;
mod operators;
mod publishing;

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_message::{SubscriptionId, TopicId};
use millstream_queue::core::{Answer, Core, Effects, Event, Seen};
use millstream_queue::{Handler, LeaseRequest, Now, TopicKind};

use self::clocks::Clocks;
use self::deliveries::Held;
use crate::action::Action;
use crate::model::{Check, Letters, Model, Step};
use crate::random::Random;
use crate::world::World;

/// Most messages that a look into a topic shows: more than the topics of a world hold.
const BROWSED_MAX: usize = 1_024;

pub(crate) struct Driver {
    world: World,
    core: Core,
    model: Model,
    clocks: Clocks,
    random: Random,
    /// Deliveries that some worker may still answer, ended or not.
    held: Vec<Held>,
    /// The generation of each subscription's workers.
    generations: Vec<u64>,
    /// The generation of each subscription's version that was rolled back last.
    rolled_back: Vec<Option<u64>>,
    handler: Arc<Handler>,
    ids: u64,
    /// What was done and answered, for people; none: nobody reads it.
    story: Option<Vec<String>>,
}

impl Driver {
    pub(crate) fn new(world: World, seed: u64, tells: bool) -> Self {
        let core = Core::new(world.topics.clone(), world.subscriptions.clone());
        let clocks = Clocks::new();
        let model = Model::new(&world, core.figures());
        let mut driver = Self {
            model,
            core,
            clocks,
            random: Random::new(seed),
            held: Vec::new(),
            generations: vec![1; world.subscriptions.len()],
            rolled_back: vec![None; world.subscriptions.len()],
            handler: Arc::new(Handler { name: "simulated".into(), digest: "d1".into() }),
            ids: 0,
            story: tells.then(Vec::new),
            world,
        };
        driver.watch_all();
        driver
    }

    /// Somebody watches every topic.
    fn watch_all(&mut self) {
        let now = self.now();
        for t in 0..self.world.topics.len() {
            self.core.step(Event::Tap(TopicId(t as u32), true), now);
        }
    }

    /// Does all of it, then lets everything come to rest.
    pub(crate) fn play(&mut self, actions: &[Action]) -> Check {
        for action in actions {
            self.act(action)?;
            self.check_time()?;
        }
        self.tell(|| "-- no more faults: everything that can go on must come to rest".to_owned());
        self.drain()
    }

    pub(crate) fn story(&self) -> &[String] {
        self.story.as_deref().unwrap_or_default()
    }

    fn act(&mut self, action: &Action) -> Check {
        let topic = |n: u64| (n % self.world.topics.len() as u64) as usize;
        let subscription = |n: u64| (n % self.world.subscriptions.len() as u64) as usize;
        if let Some(s) = action.subscription().map(subscription)
            && self.world.gone[s]
        {
            return self.refuses_gone(s);
        }
        match *action {
            Action::Publish { topic: n, messages, seed } => self.publish(n, messages, seed),
            Action::Lease { subscription: n, messages_max, quarter, asker } => {
                self.lease(subscription(n), messages_max, quarter, asker)
            }
            Action::Settle { lease, seed } => self.settle(lease, seed),
            Action::Renew { lease } => self.renew(lease),
            Action::Lose { lease } => self.lose(lease),
            Action::Advance { ms } => self.advance(ms),
            Action::Stall { ms } => self.stall(ms),
            Action::Jump { ms } => self.jump(ms),
            Action::Pause { subscription: n, paused } => self.pause(subscription(n), paused),
            Action::Seek { subscription: n, to } => self.seek(subscription(n), to),
            Action::Purge { topic: n, half } => self.purge(topic(n), half),
            Action::Redrive { subscription: n, letters, seed } => {
                self.redrive(subscription(n), letters, seed)
            }
            Action::PurgeLetters { subscription: n, letters, seed } => {
                self.purge_letters(subscription(n), letters, seed)
            }
            Action::Fence { subscription: n } => self.fence(subscription(n)),
            Action::Tick => self.tick(),
            Action::Begin { plugin, percent } => self.begin_trial(plugin, percent),
            Action::Widen { plugin, percent } => self.widen_trial(plugin, percent),
            Action::Decide { plugin, promote } => self.decide(plugin, promote),
            Action::Crash => self.crash(),
            Action::AlterSubscription { subscription: n, seed } => {
                self.alter_subscription(subscription(n), seed)
            }
            Action::AlterTopic { topic: n, seed } => self.alter_topic(topic(n), seed),
            Action::Join { topic: n, earliest, seed } => self.join(topic(n), earliest, seed),
            Action::Leave { subscription: n, drop } => self.leave(subscription(n), drop),
        }
    }

    /// One step of the core, the model's judgement of it, and all that follows from it.
    fn step(
        &mut self,
        event: Event,
        follow: impl FnOnce(&mut Model, &Answer, &Step<'_>) -> Check,
    ) -> Check<Answer> {
        let now = self.now();
        let restarts = matches!(event, Event::Restart);
        let (answer, effects) = self.core.step(event, now);
        if restarts {
            self.watch_all();
        }
        self.tell(|| format!("      {}", summary(&answer, &effects)));
        self.clocks.rearm(effects.tick_at, || self.core.next_tick(now));
        let (figures, letters) = (self.core.figures(), self.letters());
        let step = Step { effects: &effects, figures: &figures, letters: &letters, now };
        self.model.begin(&effects);
        follow(&mut self.model, &answer, &step)?;
        self.model.finish(&step)?;
        self.model.compare_plugins(&self.core.plugins())?;
        for taken in effects.taken_back {
            self.settle_taken_back(taken)?;
        }
        self.roll_back_full(&effects.trial_full)?;
        Ok(answer)
    }

    /// What the topics that keep their messages hold.
    fn letters(&mut self) -> Letters {
        let keeps = |t: &usize| self.model.topics[*t].keeps();
        let topics: Vec<usize> = (0..self.world.topics.len()).filter(keeps).collect();
        topics.into_iter().map(|t| (t, self.browse(t))).collect()
    }

    fn browse(&mut self, t: usize) -> BTreeMap<u64, millstream_message::Batch> {
        let (topic, now) = (TopicId(t as u32), self.now());
        self.core.step(Event::Seal(topic), now);
        let parts = self.core.browse(topic, 0, BROWSED_MAX).unwrap_or_default();
        let each = parts.into_iter().filter_map(Seen::in_memory).flat_map(|(first, batch)| {
            (0..batch.len()).map(move |i| (first + i as u64, batch.slice(i..i + 1)))
        });
        each.collect()
    }

    /// Nobody sleeps who should not, and the timekeeper looks in time.
    fn check_time(&mut self) -> Check {
        let now = self.now();
        for subscription in &mut self.model.subscriptions {
            subscription.sleepers.iter_mut().for_each(|one| one.pass(now.monotonic));
        }
        self.model.find_lost_wake_up(now)?;
        self.clocks.check(self.model.look_by(now, self.clocks.knows_wall()))
    }

    fn request(&self, s: usize, messages_max: u32) -> LeaseRequest {
        LeaseRequest {
            subscription: SubscriptionId(s as u32),
            generation: self.generations[s],
            keys: None,
            messages_max,
            handler: Arc::clone(&self.handler),
        }
    }

    fn now(&self) -> Now {
        self.clocks.now()
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(line());
        }
    }

    fn is_dead_letter_topic(&self, t: usize) -> bool {
        self.world.topics[t].kind == TopicKind::DeadLetter
    }

    fn next_id(&mut self) -> millstream_message::MessageId {
        self.ids += 1;
        millstream_message::MessageId::published(1, u128::from(self.ids))
    }
}

/// An answer and its effects in one line.
fn summary(answer: &Answer, effects: &Effects) -> String {
    let mut line = match answer {
        Answer::Granted(grant) => {
            let each = crate::model::messages(&grant.parts);
            let each: Vec<String> = each.map(|one| short(one.get(0))).collect();
            format!("granted {:?}: {}", grant.lease, each.join(" "))
        }
        other => format!("{other:?}"),
    };
    for taken in &effects.taken_back {
        let each = crate::model::messages(&taken.grant.parts);
        let each: Vec<String> = each.map(|one| short(one.get(0))).collect();
        let (why, lease, sub) = (taken.why, taken.grant.lease, taken.grant.subscription.0);
        line += &format!("; {why:?} at sub-{sub}, now {lease:?}: {}", each.join(" "));
    }
    if !effects.wake.is_empty() {
        line += &format!("; wakes {:?}", effects.wake.iter().map(|id| id.0).collect::<Vec<u32>>());
    }
    if !effects.admitted.is_empty() || !effects.turned_away.is_empty() {
        line += &format!("; lets in {:?}, turns away {:?}", effects.admitted, effects.turned_away);
    }
    if !effects.expired_tickets.is_empty() {
        line += &format!("; {:?} gave up", effects.expired_tickets);
    }
    line
}

/// A message by the end of its id and its key.
fn short(message: millstream_message::Message<'_>) -> String {
    let id = message.id().to_string();
    format!(
        "{}{}",
        &id[id.len() - 4..],
        message.key().map(|key| format!("({key})")).unwrap_or_default()
    )
}
