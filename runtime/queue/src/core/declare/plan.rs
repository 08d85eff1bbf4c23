//! What a declaration would change, told beforehand.

use super::{Declaration, Kind, Leftover, Named};
use crate::core::Core;
use crate::core::subscription::Subscription;
use crate::core::topic::Topic;
use crate::rules::{Exhausted, SubscriptionRules, TopicRules};

/// What a declaration would change of what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every topic, then every subscription, of now and of then.
    pub changes: Vec<Change>,
    /// What it has no place for: nothing is changed while there is any.
    pub leftovers: Vec<Leftover>,
    /// What it drops or renames and is not there.
    pub unheld: Vec<Named>,
    /// Plugins of which a version is on trial: wait for the end.
    pub on_trial: Vec<String>,
}

/// What becomes of one topic or subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name: the new one, if it has another.
    pub what: Named,
    /// What becomes of it.
    pub how: Changed,
    /// Messages that wait in it now; those of what is removed are gone then.
    pub waiting: u64,
}

/// What becomes of a topic or subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is new.
    Added,
    /// It ends; what waits is gone.
    Removed,
    /// It goes on under other rules.
    Altered {
        /// The settings that change, by their names in a pipeline file.
        settings: Vec<&'static str>,
        /// The name of before, if it has another now.
        was: Option<String>,
        /// Its leases end: their messages are delivered again, uncounted.
        ends_leases: bool,
    },
    /// It goes on as it is.
    Unchanged,
}

impl Plan {
    /// Whether it would be refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !(self.leftovers.is_empty() && self.unheld.is_empty() && self.on_trial.is_empty())
    }
}

impl Core {
    /// What `new` would change; it changes nothing. Dead letters are not looked for.
    #[must_use]
    pub fn plan(&self, new: &Declaration) -> Plan {
        let on_trial = self.plugins.iter().filter(|(name, one)| {
            let deciding = |place: &usize| self.deciding.contains(&(*place as u32));
            one.trial.is_some() || self.places_of(name).iter().any(deciding)
        });
        Plan {
            changes: self.topic_changes(new).chain(self.subscription_changes(new)).collect(),
            leftovers: self.leftovers(new),
            unheld: self.unheld(new),
            on_trial: on_trial.map(|(name, _)| name.clone()).collect(),
        }
    }

    fn topic_changes<'a>(&'a self, new: &'a Declaration) -> impl Iterator<Item = Change> {
        let held = || self.topics.iter().filter(|topic| !topic.gone);
        let went_on = move |topic: &&Topic| {
            let name = new.kept_name(topic);
            new.topics.iter().any(|rules| rules.name == name)
        };
        let removed = held().filter(move |topic| !went_on(topic)).map(|topic| Change {
            what: named(Kind::Topic, &topic.rules.name),
            how: Changed::Removed,
            waiting: topic.depth(),
        });
        let declared = new.topics.iter().map(move |rules| {
            let old = held().find(|topic| new.kept_name(topic) == rules.name);
            Change {
                what: named(Kind::Topic, &rules.name),
                waiting: old.map_or(0, Topic::depth),
                how: old.map_or(Changed::Added, |old| {
                    altered(topic_settings(&old.rules, rules), &old.rules.name, &rules.name, false)
                }),
            }
        });
        declared.chain(removed).collect::<Vec<_>>().into_iter()
    }

    fn subscription_changes<'a>(&'a self, new: &'a Declaration) -> impl Iterator<Item = Change> {
        let held = || self.subscriptions.iter().filter(|one| !one.gone);
        let place =
            |old: &Subscription| new.place_of(&old.rules, &self.topics[old.rules.topic.0 as usize]);
        let live = |old: &Subscription| old.live(self.topics[old.rules.topic.0 as usize].next);
        let removed = held().filter(|old| place(old).is_none()).map(|old| Change {
            what: named(Kind::Subscription, &old.rules.name),
            how: Changed::Removed,
            waiting: live(old),
        });
        let declared = new.subscriptions.iter().enumerate().map(|(at, rules)| {
            let old = held().find(|old| place(old) == Some(at));
            let how = old.map_or(Changed::Added, |old| {
                let settings = self.subscription_settings(&old.rules, rules, new);
                let ends = settings.contains(&"ordering");
                altered(settings, &old.rules.name, &rules.name, ends)
            });
            let what = named(Kind::Subscription, &rules.name);
            Change { what, how, waiting: old.map_or(0, live) }
        });
        declared.chain(removed).collect::<Vec<_>>().into_iter()
    }

    /// Settings that differ; topics are compared by their names.
    fn subscription_settings(
        &self,
        old: &SubscriptionRules,
        rules: &SubscriptionRules,
        new: &Declaration,
    ) -> Vec<&'static str> {
        let fresh = Subscription::new(rules.clone()).rules;
        let was = |id: &millstream_message::TopicId| {
            new.name_of(Kind::Topic, &self.topics[id.0 as usize].rules.name)
        };
        let is = |place: &millstream_message::TopicId| {
            new.topics.get(place.0 as usize).map(|topic| topic.name.clone()).unwrap_or_default()
        };
        let letters =
            |rules: &SubscriptionRules, name: &dyn Fn(&millstream_message::TopicId) -> String| {
                match &rules.exhausted {
                    Exhausted::DeadLetter(topic) => Some(name(topic)),
                    Exhausted::Drop => None,
                }
            };
        let outputs: (Vec<String>, Vec<String>) =
            (old.outputs.iter().map(was).collect(), fresh.outputs.iter().map(is).collect());
        let mut settings = Differences::default();
        settings.add("plugin", old.plugin != fresh.plugin);
        settings.add("output", outputs.0 != outputs.1);
        settings.add("ordering", old.ordering != fresh.ordering);
        settings.add("batch.max_messages", old.batch_messages != fresh.batch_messages);
        settings.add("batch.max_bytes", old.batch_bytes != fresh.batch_bytes);
        settings.add("batch.max_wait", old.batch_wait != fresh.batch_wait);
        settings.add("ack_deadline", old.ack_deadline != fresh.ack_deadline);
        settings.add("rate_limit", old.rate != fresh.rate);
        settings.add("retry.max_attempts", old.max_attempts != fresh.max_attempts);
        settings.add("retry.backoff", old.backoff != fresh.backoff);
        settings.add("max_parked", old.max_parked != fresh.max_parked);
        settings.add("dead_letter", letters(old, &was) != letters(&fresh, &is));
        settings.add("on_dead_letter", old.on_dead_letter != fresh.on_dead_letter);
        settings.add("on_expired", old.expired != fresh.expired);
        settings.0
    }
}

fn topic_settings(old: &TopicRules, new: &TopicRules) -> Vec<&'static str> {
    let mut settings = Differences::default();
    settings.add("kind", old.kind != new.kind);
    settings.add("max_messages", old.max_messages != new.max_messages);
    settings.add("max_bytes", old.max_bytes != new.max_bytes);
    settings.add("publish_timeout", old.publish_timeout != new.publish_timeout);
    settings.add("when_full", old.when_full != new.when_full);
    settings.add("retain", old.retain != new.retain);
    settings.add("dedup", old.dedup != new.dedup);
    settings.add("delay", old.delay != new.delay);
    settings.add("expires_in", old.expires_in != new.expires_in);
    settings.0
}

/// Names of settings that differ.
#[derive(Default)]
struct Differences(Vec<&'static str>);

impl Differences {
    fn add(&mut self, setting: &'static str, differs: bool) {
        self.0.extend(Some(setting).filter(|_| differs));
    }
}

fn altered(settings: Vec<&'static str>, was: &str, is: &str, ends_leases: bool) -> Changed {
    let was = Some(was.to_owned()).filter(|was| was != is);
    match settings.is_empty() && was.is_none() {
        true => Changed::Unchanged,
        false => Changed::Altered { settings, was, ends_leases },
    }
}

fn named(kind: Kind, name: &str) -> Named {
    Named { kind, name: name.to_owned() }
}
