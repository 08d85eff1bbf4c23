//! Topics and subscriptions that change under messages that wait.

use std::fmt;

use millstream_message::{SubscriptionId, order_hash_of};

use super::lease::History;
use super::pending::{Pending, Place};
use super::rate::Bucket;
use super::store::{Absent, absent_of_run};
use super::subscription::{STRICT, Span, Subscription};
use super::topic::Topic;
use super::{Answer, Core, Effects, Refusal};
use crate::clock::Now;
use crate::codec::{codec_enum, codec_struct};
use crate::rules::{Ordering, SubscriptionRules, TopicKind, TopicRules};

/// What a pipeline declares.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// The pipeline's name.
    pub pipeline: String,
    /// The file's text.
    pub text: String,
    /// Its topics, by their places.
    pub topics: Vec<TopicRules>,
    /// Its subscriptions, by their places.
    pub subscriptions: Vec<SubscriptionRules>,
    /// Its sources: positions of others are forgotten.
    pub sources: Vec<String>,
    /// What may go although messages wait in it.
    pub drops: Vec<Named>,
    /// What has another name from now on.
    pub renames: Vec<Rename>,
}

/// A kind of thing with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A topic.
    Topic,
    /// A subscription.
    Subscription,
}

/// A topic or a subscription by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Which of both.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// Another name for what a journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// What is renamed.
    pub kind: Kind,
    /// The name in the journal.
    pub from: String,
    /// The name in the pipeline file.
    pub to: String,
}

/// What a journal holds and a declaration does not account for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// What is left.
    pub what: Named,
    /// Messages that would be lost.
    pub messages: u64,
    /// Why it cannot stay as it is.
    pub why: String,
}

codec_enum!(Kind { Topic = 1, Subscription = 2 });
codec_struct!(Named { kind, name });
codec_struct!(Rename { kind, from, to });
codec_struct!(Declaration { pipeline, text, topics, subscriptions, sources, drops, renames });

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic => "topic",
            Self::Subscription => "subscription",
        })
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.name)
    }
}

impl Core {
    /// What the journal holds and `declaration` does not account for: it may not be declared so.
    #[must_use]
    pub fn leftovers(&self, declaration: &Declaration) -> Vec<Leftover> {
        let topics = self.topics.iter().filter_map(|topic| topic_leftover(topic, declaration));
        let subscriptions = self.subscriptions.iter();
        topics
            .chain(subscriptions.filter_map(|one| self.subscription_leftover(one, declaration)))
            .collect()
    }

    /// Subscriptions that are declared no longer, and not dropped by name.
    pub(crate) fn abandoned(&self, new: &Declaration) -> Vec<SubscriptionRules> {
        let gone = |old: &&Subscription| {
            let what = Named { kind: Kind::Subscription, name: old.rules.name.clone() };
            let name = new.name_of(Kind::Subscription, &what.name);
            !new.drops.contains(&what) && new.subscriptions.iter().all(|rules| rules.name != name)
        };
        self.subscriptions.iter().filter(gone).map(|one| one.rules.clone()).collect()
    }

    fn subscription_leftover(&self, old: &Subscription, new: &Declaration) -> Option<Leftover> {
        let what = Named { kind: Kind::Subscription, name: old.rules.name.clone() };
        let messages = old.live(self.topics[old.rules.topic.0 as usize].next);
        if new.drops.contains(&what) {
            return None;
        }
        let name = new.name_of(Kind::Subscription, &what.name);
        let Some(rules) = new.subscriptions.iter().find(|rules| rules.name == name) else {
            let why = "is no longer declared".to_owned();
            return (messages > 0).then_some(Leftover { what, messages, why });
        };
        let read = &self.topics[old.rules.topic.0 as usize];
        // What is said of the topic settles this too, or has: without its messages it begins anew.
        if new.drops_topic(read) || topic_leftover(read, new).is_some() {
            return None;
        }
        let before = new.name_of(Kind::Topic, &old.rules.topic_name);
        let why = format!("reads topic {:?} now, it read {before:?}", rules.topic_name);
        (rules.topic_name != before).then_some(Leftover { what, messages, why })
    }

    /// Takes over what a pipeline declares now. The caller has looked at [`Core::leftovers`]: what
    /// is left over all the same is dropped.
    pub(super) fn declare(
        &mut self,
        declaration: Declaration,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        for place in 0..self.subscriptions.len() {
            self.prepare(place, &declaration, now, effects);
        }
        let topic_names: Vec<String> =
            self.topics.iter().map(|topic| declaration.kept_name(topic)).collect();
        self.end_errands(&topic_names, &declaration);
        let names: Vec<String> = self
            .subscriptions
            .iter()
            .map(|one| declaration.name_of(Kind::Subscription, &one.rules.name))
            .collect();
        let new_place = |name: &str| {
            let place = declaration.subscriptions.iter().position(|rules| rules.name == name);
            place.map(|place| SubscriptionId(place as u32))
        };
        self.stoppers.retain(|_, stopper| {
            let place = new_place(&names[stopper.subscription.0 as usize]);
            stopper.subscription = place.unwrap_or(stopper.subscription);
            place.is_some()
        });
        let mut old_topics: Vec<Option<Topic>> = self.topics.drain(..).map(Some).collect();
        for rules in &declaration.topics {
            let old = topic_names.iter().position(|name| *name == rules.name);
            let old = old.and_then(|place| old_topics[place].take());
            self.topics.push(redeclared(old, rules));
        }
        let mut old: Vec<Option<Subscription>> = self.subscriptions.drain(..).map(Some).collect();
        for (place, rules) in declaration.subscriptions.into_iter().enumerate() {
            let before = names.iter().position(|name| *name == rules.name);
            let before = before.and_then(|place| old[place].take());
            self.add_subscription(SubscriptionId(place as u32), before, rules, now);
        }
        self.positions.retain(|source, _| declaration.sources.contains(source));
        self.pipeline = (declaration.pipeline, declaration.text);
        self.restored.clear();
        self.timed = (0..self.topics.len() as u32).collect();
        effects
            .wake
            .extend((0..self.subscriptions.len()).map(|place| SubscriptionId(place as u32)));
        Ok(Answer::Done)
    }

    /// Settles what a subscription leaves behind that is declared no longer, and sorts what waits
    /// where the order changes. Nobody holds a lease.
    fn prepare(&mut self, place: usize, new: &Declaration, now: Now, effects: &mut Effects) {
        let old = &self.subscriptions[place].rules;
        let dropped =
            new.drops.contains(&Named { kind: Kind::Subscription, name: old.name.clone() });
        let name = new.name_of(Kind::Subscription, &old.name);
        let rules = new.subscriptions.iter().find(|rules| rules.name == name && !dropped);
        let topic = old.topic;
        // Without its topic's messages it begins anew as well.
        let rules = rules.filter(|_| !new.drops_topic(&self.topics[topic.0 as usize]));
        self.topics[topic.0 as usize].seal();
        match rules {
            None => {
                self.abandon(place, effects);
                // Its place in the list is taken: a subscription of the name begins anew.
                self.subscriptions[place].rules.name.clear();
                self.make_room(topic, now, effects);
            }
            Some(rules) if rules.ordering != old.ordering => {
                let (ordering, parks) = (rules.ordering, rules.parks_keys());
                self.reorder(place, ordering, parks);
            }
            Some(_) => {}
        }
    }

    /// What waits is sorted as another ordering wants it.
    fn reorder(&mut self, place: usize, ordering: Ordering, parks: bool) {
        let subscription = &mut self.subscriptions[place];
        let topic = &self.topics[subscription.rules.topic.0 as usize];
        let mut waiting = std::mem::take(&mut subscription.keys).into_waiting();
        let spans = std::mem::take(&mut subscription.available);
        subscription.available_messages = 0;
        for (start, span) in spans {
            let Span { deliveries, crashes, .. } = span;
            let history = History { deliveries, crashes, ..History::default() };
            let alone = crashes > 0;
            waiting.extend((start..span.end).map(|at| Pending {
                history,
                alone,
                ..Pending::of_log(at, 0)
            }));
        }
        let parked = subscription.parking.take_all();
        subscription.rules.ordering = ordering;
        let by_key = ordering == Ordering::Key;
        let hash = |pending: &Pending| match (&pending.place, by_key) {
            (_, false) => 0,
            (Place::Copy(copied), true) => copied.message.get(0).order_hash(),
            (Place::Log(at), true) => topic.find(*at).map_or(0, |(entry, i)| entry.hash(i)),
        };
        for (due, mut pending) in parked {
            pending.hash = hash(&pending);
            if pending.hash != 0 {
                subscription.keys.park(pending.hash);
            }
            subscription.parking.insert(pending, due);
        }
        waiting.iter_mut().for_each(|pending| pending.hash = hash(pending));
        // The newest first, each put back before what came after it.
        waiting.sort_by_key(|pending| std::cmp::Reverse(pending.place.age()));
        for stopper in self.stoppers.values_mut().filter(|one| one.subscription.0 as usize == place)
        {
            stopper.hash = match (ordering, &stopper.key) {
                (Ordering::Strict, _) => STRICT,
                (Ordering::Key, Some(key)) => order_hash_of(key),
                _ => 0,
            };
            for _ in 0..if parks && stopper.hash != 0 { stopper.letters } else { 0 } {
                subscription.keys.stop(stopper.hash);
            }
        }
        self.stoppers
            .retain(|_, one| one.subscription.0 as usize != place || (parks && one.hash != 0));
        for pending in waiting {
            self.put_back(place, pending);
        }
    }

    fn add_subscription(
        &mut self,
        id: SubscriptionId,
        before: Option<Subscription>,
        rules: SubscriptionRules,
        now: Now,
    ) {
        let Some(topic) = self.topics.get_mut(rules.topic.0 as usize) else { return };
        let keeper = topic.keeps();
        topic.subscriptions.push(id);
        topic.hashed |= rules.ordering == Ordering::Key;
        let mut subscription = match before {
            Some(old) => old.redeclared(rules, now),
            None => {
                let mut new = Subscription::new(rules);
                match keeper && topic.rules.kind == TopicKind::Command {
                    true => new.take_over(topic),
                    false => new.begin_at_end(topic),
                }
                new
            }
        };
        subscription.cursor_entry = topic.removed;
        self.subscriptions.push(subscription);
    }

    /// Entries whose keys a change of the order must know.
    pub(super) fn absent_for_declare(&self, new: &Declaration, absent: &mut Vec<Absent>) {
        for old in &self.subscriptions {
            let name = new.name_of(Kind::Subscription, &old.rules.name);
            let changed = |rules: &&SubscriptionRules| {
                rules.name == name
                    && rules.ordering == Ordering::Key
                    && old.rules.ordering != Ordering::Key
            };
            if !new.subscriptions.iter().any(|rules| changed(&rules)) {
                continue;
            }
            let id = old.rules.topic;
            for (start, span) in &old.available {
                absent_of_run(id, &self.topics[id.0 as usize], *start, span.end, absent);
            }
        }
    }
}

impl Declaration {
    /// The name that something has now.
    pub(super) fn name_of(&self, kind: Kind, before: &str) -> String {
        let renamed = self.renames.iter().find(|one| one.kind == kind && one.from == before);
        renamed.map_or(before, |one| &one.to).to_owned()
    }

    /// The name under which a topic's messages stay; empty when they are dropped.
    fn kept_name(&self, topic: &Topic) -> String {
        let name = self.name_of(Kind::Topic, &topic.rules.name);
        if self.drops_topic(topic) { String::new() } else { name }
    }

    fn drops_topic(&self, topic: &Topic) -> bool {
        let name = topic.rules.name.clone();
        self.drops.contains(&Named { kind: Kind::Topic, name })
    }
}

fn topic_leftover(old: &Topic, new: &Declaration) -> Option<Leftover> {
    let what = Named { kind: Kind::Topic, name: old.rules.name.clone() };
    if new.drops.contains(&what) {
        return None;
    }
    let name = new.name_of(Kind::Topic, &what.name);
    let messages = old.depth();
    let Some(rules) = new.topics.iter().find(|rules| rules.name == name) else {
        let why = "is no longer declared".to_owned();
        return (messages > 0).then_some(Leftover { what, messages, why });
    };
    let why =
        format!("is of kind {:?} now, it was {:?}", rules.kind, old.rules.kind).to_lowercase();
    (rules.kind != old.rules.kind).then_some(Leftover { what, messages, why })
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

impl Subscription {
    fn redeclared(mut self, rules: SubscriptionRules, now: Now) -> Self {
        let fresh = Self::new(rules);
        if self.rules.rate != fresh.rules.rate {
            self.bucket = fresh.rules.rate.map(|rate| Bucket::full(rate, now.monotonic));
        }
        self.rules = fresh.rules;
        self
    }

    /// Begins with what comes next.
    fn begin_at_end(&mut self, topic: &Topic) {
        self.cursor = topic.next;
    }

    /// Takes over what a command topic kept while nobody read it.
    fn take_over(&mut self, topic: &Topic) {
        self.cursor = topic.log.front().map_or(topic.next, |entry| entry.base);
        let present = super::seek::present(topic, self.cursor);
        let offered: u64 = present.iter().map(|run| run.end - run.start).sum();
        self.gone_ahead = topic.next - self.cursor - offered;
        self.counters.offered += offered;
    }
}
