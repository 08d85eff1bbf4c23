//! Topics and subscriptions that change under messages that wait: at a start, and while the host runs.
//! Both are one event: all of a declaration, or nothing of it.

mod join;
mod plan;
mod reorder;
mod take_over;

use std::fmt;

pub use self::plan::{Change, Changed, Plan};
use super::Core;
use super::store::{Absent, absent_of_run};
use super::subscription::Subscription;
use super::topic::Topic;
use crate::codec::{codec_enum, codec_struct};
use crate::rules::{Ordering, SubscriptionRules, TopicRules};

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
    /// Its plugins with the digests of their sources.
    pub plugins: Vec<Source>,
}

/// A plugin as a pipeline declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub plugin: String,
    /// Digest of the bytes that its source names. Where it is another than when it was declared
    /// last, that version serves; else the one goes on that was promoted last.
    pub digest: String,
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
codec_struct!(Source { plugin, digest });
codec_struct!(Declaration {
    pipeline,
    text,
    topics,
    subscriptions,
    sources,
    drops,
    renames,
    plugins,
});

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
        let topics = self.topics.iter().filter(|topic| !topic.gone);
        let topics = topics.filter_map(|topic| topic_leftover(topic, declaration));
        let subscriptions = self.subscriptions.iter().filter(|one| !one.gone);
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
        let held = self.subscriptions.iter().filter(|one| !one.gone);
        held.filter(gone).map(|one| one.rules.clone()).collect()
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

    /// Entries whose keys a change of the order must know.
    pub(in crate::core) fn absent_for_declare(&self, new: &Declaration, absent: &mut Vec<Absent>) {
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
            let waiting = old.available.iter().map(|(start, span)| (*start, span.end));
            // What is under lease waits again.
            let leased = old.leased.iter().map(|(start, end)| (*start, *end));
            for (start, end) in waiting.chain(leased) {
                absent_of_run(id, &self.topics[id.0 as usize], start, end, absent);
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
