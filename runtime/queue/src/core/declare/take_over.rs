//! Taking over a declaration: every topic and subscription that is declared goes on or begins, the
//! others end.

mod places;
mod plugins;
mod prepare;

use millstream_message::{SubscriptionId, TopicId};

use self::places::{Ids, Places};
use super::Declaration;
use crate::clock::Now;
use crate::core::rate::Bucket;
use crate::core::subscription::Subscription;
use crate::core::topic::Topic;
use crate::core::{Answer, Core, Effects, Refusal};
use crate::rules::{Exhausted, SubscriptionRules, TopicRules};

/// Places that topics, and subscriptions, may take while a host runs: those of what was removed stay
/// empty until it starts again, so that nobody takes one for another.
pub(crate) const PLACES_MAX: usize = 1 << 16;

impl Core {
    /// Takes over what a pipeline declares at a start. The caller has looked at
    /// [`Core::leftovers`]: what is left over all the same is dropped.
    pub(in crate::core) fn declare(
        &mut self,
        declaration: Declaration,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        if !declaration.is_coherent() {
            return Err(Refusal::LeftOver);
        }
        self.take_over(declaration, Ids::Places, now, effects);
        self.restored.clear();
        Ok(Answer::Done)
    }

    /// As [`Core::declare`], while workers and publishers are at work: ids stay, and what is left
    /// over refuses all of it. Answers the ids by declared places.
    pub(in crate::core) fn alter(
        &mut self,
        declaration: Declaration,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        if self.has_trial() {
            return Err(Refusal::OnTrial);
        }
        let added = self.topics.len().max(self.subscriptions.len())
            + declaration.topics.len().max(declaration.subscriptions.len());
        if added > PLACES_MAX {
            return Err(Refusal::TooLarge);
        }
        let unheld = !self.unheld(&declaration).is_empty();
        if unheld || !declaration.is_coherent() || !self.leftovers(&declaration).is_empty() {
            return Err(Refusal::LeftOver);
        }
        let (topics, subscriptions) = self.take_over(declaration, Ids::Kept, now, effects);
        Ok(Answer::Altered { topics, subscriptions })
    }

    fn take_over(
        &mut self,
        declaration: Declaration,
        ids: Ids,
        now: Now,
        effects: &mut Effects,
    ) -> (Vec<TopicId>, Vec<SubscriptionId>) {
        let (topics, subscriptions) = self.places(&declaration, ids);
        for place in 0..self.subscriptions.len() {
            if !self.subscriptions[place].gone {
                let rules = subscriptions.declared[place].map(|at| &declaration.subscriptions[at]);
                self.prepare(place, rules, now, effects);
            }
        }
        let topic_names: Vec<String> =
            self.topics.iter().map(|topic| declaration.kept_name(topic)).collect();
        self.end_errands(&topic_names, &declaration);
        self.forget_stoppers(&topics, &subscriptions, effects);
        self.rename_deciding(&subscriptions);
        let Declaration { pipeline, text, sources, plugins, .. } = declaration;
        self.take_over_topics(&declaration.topics, &topics, ids, effects);
        let rules = declaration.subscriptions.into_iter();
        let rules = rules.map(|rules| translated(rules, &topics.ids)).collect();
        self.take_over_subscriptions(rules, &subscriptions, ids, now, effects);
        self.take_over_plugins(plugins, ids, now, effects);
        self.positions.retain(|source, _| sources.contains(source));
        self.pipeline = (pipeline, text);
        self.timed = (0..self.topics.len() as u32).collect();
        for place in 0..self.topics.len() {
            // A bound may be wider, or time shorter.
            self.make_room(TopicId(place as u32), now, effects);
            self.watch(TopicId(place as u32), now, effects);
        }
        let all = 0..self.subscriptions.len();
        effects.wake.extend(all.map(|place| SubscriptionId(place as u32)));
        (
            topics.ids.into_iter().map(TopicId).collect(),
            subscriptions.ids.into_iter().map(SubscriptionId).collect(),
        )
    }

    fn places(&self, new: &Declaration, ids: Ids) -> (Places, Places) {
        let topic = |old: &Topic| {
            let name = new.kept_name(old);
            new.topics.iter().position(|rules| rules.name == name).filter(|_| !old.gone)
        };
        let subscription = |old: &Subscription| {
            new.place_of(&old.rules, &self.topics[old.rules.topic.0 as usize]).filter(|_| !old.gone)
        };
        let topics = self.topics.iter().map(topic).collect();
        let subscriptions = self.subscriptions.iter().map(subscription).collect();
        (
            Places::new(topics, new.topics.len(), ids),
            Places::new(subscriptions, new.subscriptions.len(), ids),
        )
    }

    fn take_over_topics(
        &mut self,
        rules: &[TopicRules],
        places: &Places,
        ids: Ids,
        effects: &mut Effects,
    ) {
        let mut old: Vec<Option<Topic>> = self.topics.drain(..).map(Some).collect();
        for id in 0..places.len(ids) {
            let topic = match places.place_of(id) {
                Some(place) => {
                    let before = places.before(place).and_then(|at| old[at].take());
                    redeclared(before, &rules[place])
                }
                None => emptied(old.get_mut(id).and_then(Option::take), effects),
            };
            self.topics.push(topic);
        }
    }

    fn take_over_subscriptions(
        &mut self,
        rules: Vec<SubscriptionRules>,
        places: &Places,
        ids: Ids,
        now: Now,
        effects: &mut Effects,
    ) {
        let mut old: Vec<Option<Subscription>> = self.subscriptions.drain(..).map(Some).collect();
        let mut new = Vec::new();
        for id in 0..places.len(ids) {
            let Some(place) = places.place_of(id) else {
                let before = old.get_mut(id).and_then(Option::take);
                self.subscriptions.push(before.map_or_else(Subscription::removed, |one| {
                    Subscription { rules: one.rules, ..Subscription::removed() }
                }));
                continue;
            };
            let rules = rules[place].clone();
            self.topics[rules.topic.0 as usize].hashed |=
                rules.ordering == crate::rules::Ordering::Key;
            match places.before(place).and_then(|at| old[at].take()) {
                Some(before) => self.go_on_with(id, before, rules, ids, now, effects),
                None => {
                    new.push((id, rules.clone()));
                    self.subscriptions.push(Subscription::new(rules));
                }
            }
        }
        for (id, rules) in new {
            self.join(id, &rules);
        }
    }

    /// A subscription goes on under its rules of now.
    fn go_on_with(
        &mut self,
        id: usize,
        before: Subscription,
        rules: SubscriptionRules,
        ids: Ids,
        now: Now,
        effects: &mut Effects,
    ) {
        let topic = &mut self.topics[rules.topic.0 as usize];
        topic.subscriptions.push(SubscriptionId(id as u32));
        let other_plugin = before.rules.plugin != rules.plugin;
        let mut subscription = before.redeclared(rules, now);
        subscription.cursor_entry = subscription.cursor_entry.max(topic.removed);
        if other_plugin && ids == Ids::Kept {
            subscription.serving.replace(self.next_generation());
            subscription.serving.tallies = Default::default();
            effects.ask_again.push(SubscriptionId(id as u32));
        }
        self.subscriptions.push(subscription);
    }
}

impl Declaration {
    /// Where a subscription is declared now; none when it ends.
    pub(super) fn place_of(&self, old: &SubscriptionRules, topic: &Topic) -> Option<usize> {
        let what = super::Named { kind: super::Kind::Subscription, name: old.name.clone() };
        // Without its topic's messages it begins anew.
        let ends = self.drops.contains(&what) || self.drops_topic(topic);
        let name = self.name_of(super::Kind::Subscription, &old.name);
        let place = self.subscriptions.iter().position(|rules| rules.name == name);
        place.filter(|_| !ends)
    }

    /// Whether every topic that it names is declared.
    pub(crate) fn is_coherent(&self) -> bool {
        let known = |topic: &TopicId| (topic.0 as usize) < self.topics.len();
        self.subscriptions.iter().all(|rules| {
            let letters = match &rules.exhausted {
                Exhausted::DeadLetter(topic) => known(topic),
                Exhausted::Drop => true,
            };
            letters && known(&rules.topic) && rules.outputs.iter().all(known)
        })
    }
}

/// The rules with ids in place of a declaration's places.
fn translated(mut rules: SubscriptionRules, ids: &[u32]) -> SubscriptionRules {
    let id = |place: TopicId| TopicId(ids.get(place.0 as usize).copied().unwrap_or(place.0));
    rules.topic = id(rules.topic);
    rules.outputs.iter_mut().for_each(|output| *output = id(*output));
    if let Exhausted::DeadLetter(topic) = &mut rules.exhausted {
        *topic = id(*topic);
    }
    rules
}

/// The topic under its rules of now.
fn redeclared(old: Option<Topic>, rules: &TopicRules) -> Topic {
    let Some(mut topic) = old else { return Topic::new(rules.clone()) };
    topic.seal();
    // Nothing more shares an entry with what came under other rules and for other readers.
    topic.reached = topic.next;
    topic.line.set_patience(rules.publish_timeout);
    topic.dedup.set_rules(rules.dedup);
    topic.subscriptions.clear();
    topic.gated.clear();
    topic.expiry_gated.clear();
    let waits = std::mem::take(&mut topic.expiry_waits);
    topic.expiring.extend(waits);
    topic.hashed = false;
    topic.rules = rules.clone();
    topic
}

/// The empty place of a topic that is removed. Whoever waits for room in it is turned away.
fn emptied(old: Option<Topic>, effects: &mut Effects) -> Topic {
    let mut rules = TopicRules::new("", crate::rules::TopicKind::Event);
    if let Some(mut old) = old {
        while let Some(waiting) = old.line.leave_first() {
            effects.turned_away.push((waiting.ticket, Refusal::Unknown));
        }
        rules.kind = old.rules.kind;
    }
    let mut topic = Topic::new(rules);
    topic.gone = true;
    topic
}

impl Subscription {
    /// The empty place of one that is removed.
    fn removed() -> Self {
        let mut removed = Self::new(SubscriptionRules::new("", TopicId(0), ""));
        removed.gone = true;
        removed
    }

    fn redeclared(mut self, rules: SubscriptionRules, now: Now) -> Self {
        let mut fresh = Self::new(rules).rules;
        if self.rules.rate != fresh.rate {
            self.bucket = fresh.rate.map(|rate| Bucket::full(rate, now.monotonic));
        }
        fresh.revision = self.rules.revision;
        if fresh != self.rules {
            fresh.revision += 1;
        }
        self.rules = fresh;
        self
    }
}
