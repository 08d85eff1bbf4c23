//! Another declaration while everybody is at work.

use millstream_message::{SubscriptionId, TopicId};
use millstream_queue::core::{Answer, Event, Refusal};
use millstream_queue::{
    Declaration, Exhausted, Kind, Named, SubscriptionRules, TopicKind, WhenFull,
};

use super::Driver;
use crate::model::{Altered, Check, ensure};
use crate::random::Random;
use crate::world::World;

impl Driver {
    pub(super) fn alter_subscription(&mut self, s: usize, seed: u64) -> Check {
        let mut world = self.world.clone();
        world.subscriptions[s] = world.altered(s, &mut Random::new(seed));
        self.tell(|| format!("sub-{s} is altered: {:?}", world.subscriptions[s]));
        self.alter(world, Vec::new(), Altered::Subscription(s))
    }

    pub(super) fn alter_topic(&mut self, t: usize, seed: u64) -> Check {
        let mut world = self.world.clone();
        world.topics[t] = world.altered_topic(t, &mut Random::new(seed));
        self.tell(|| format!("topic-{t} is altered: {:?}", world.topics[t]));
        self.alter(world, Vec::new(), Altered::Topic(t))
    }

    pub(super) fn join(&mut self, t: usize, earliest: bool, seed: u64) -> Check {
        let mut world = self.world.clone();
        let joined = world.joined(t, earliest, &mut Random::new(seed));
        let Some(rules) = joined else { return Ok(()) };
        let has: Vec<u64> = self.browse(t).into_keys().collect();
        self.tell(|| format!("a subscription joins topic-{t}, which has {has:?}: {rules:?}"));
        world.subscriptions.push(rules);
        world.gone.push(false);
        self.alter(world, Vec::new(), Altered::Joined(has))
    }

    pub(super) fn leave(&mut self, s: usize, drop: bool) -> Check {
        let mut world = self.world.clone();
        let read = &world.topics[world.subscriptions[s].topic.0 as usize];
        if read.kind == TopicKind::Command && read.when_full == WhenFull::DropOldest {
            // Its oldest would be nobody's to drop.
            return Ok(());
        }
        world.gone[s] = true;
        self.tell(|| format!("sub-{s} ends, dropped: {drop}"));
        let name = world.subscriptions[s].name.clone();
        let drops = if drop { vec![Named { kind: Kind::Subscription, name }] } else { Vec::new() };
        self.alter(world, drops, Altered::Left { s, drop })
    }

    fn alter(&mut self, world: World, drops: Vec<Named>, what: Altered) -> Check {
        let declaration = declared(&world, drops);
        let before = self.core.figures();
        let plan = self.core.plan(&declaration);
        ensure!(self.core.figures() == before, "a plan changed something");
        let event = Event::Alter(Box::new(declaration));
        let rules = world.subscriptions.clone();
        let answer = self.step(event, |model, answer, step| {
            model.altered(&what, (&world.topics, &rules), answer, step)
        })?;
        let refused = matches!(answer, Answer::Refused(_));
        ensure!(refused == plan.is_refused(), "planned {plan:?}, answered {answer:?}");
        let Answer::Altered { subscriptions, .. } = answer else { return Ok(()) };
        self.follow_ids(&world, &subscriptions)?;
        self.world = world;
        let count = self.world.subscriptions.len();
        self.generations.resize(count, 1);
        self.rolled_back.resize(count, None);
        for s in (0..count).filter(|s| !self.world.gone[*s]) {
            let id = SubscriptionId(s as u32);
            let rules = self.core.rules(id).ok_or_else(|| format!("sub-{s} is not there"))?;
            self.world.subscriptions[s].revision = rules.revision;
            let serving = self.core.generation(id).unwrap_or(0);
            self.generations[s] = self.generations[s].max(serving);
            self.model.replaced(s, serving);
        }
        Ok(())
    }

    /// Whatever goes on keeps its id.
    fn follow_ids(&self, world: &World, told: &[SubscriptionId]) -> Check {
        let all = (0..world.subscriptions.len()).filter(|s| !world.gone[*s]);
        let ids: Vec<SubscriptionId> = all.map(|s| SubscriptionId(s as u32)).collect();
        ensure!(ids == told, "ids are {told:?}, not {ids:?}");
        Ok(())
    }

    /// Who was removed gets nothing.
    pub(super) fn refuses_gone(&mut self, s: usize) -> Check {
        let now = self.now();
        let event = Event::Lease(self.request(s, 256));
        let (answer, _) = self.core.step(event, now);
        let refused = matches!(answer, Answer::Refused(Refusal::Unknown));
        ensure!(refused, "sub-{s} is removed, and a lease was answered {answer:?}");
        Ok(())
    }
}

/// All that is there as a pipeline would declare it.
fn declared(world: &World, drops: Vec<Named>) -> Declaration {
    let topics = world.topics.clone();
    let subscriptions = world.subscriptions.iter().zip(&world.gone);
    let subscriptions: Vec<SubscriptionRules> =
        subscriptions.filter(|(_, gone)| !**gone).map(|(rules, _)| rules.clone()).collect();
    // No topic is removed: places are ids.
    let known = |topic: &TopicId| (topic.0 as usize) < topics.len();
    debug_assert!(subscriptions.iter().all(|rules| match &rules.exhausted {
        Exhausted::DeadLetter(topic) => known(topic),
        Exhausted::Drop => true,
    }));
    Declaration {
        pipeline: "simulated".to_owned(),
        topics,
        subscriptions,
        drops,
        ..Declaration::default()
    }
}
