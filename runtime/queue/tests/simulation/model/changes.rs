//! What follows when topics and subscriptions are declared anew while everybody is at work.

use std::rc::Rc;

use millstream_queue::core::{Answer, Refusal};
use millstream_queue::{Ordering, StartFrom, SubscriptionRules, TopicRules};

use super::rate::Rate;
use super::{Check, Item, Model, Place, State, Step, SubscriptionModel, ensure};

/// What is declared otherwise than before.
#[derive(Debug)]
pub(crate) enum Altered {
    Subscription(usize),
    Topic(usize),
    /// The last subscription is new; its topic has these messages.
    Joined(Vec<u64>),
    Left {
        s: usize,
        drop: bool,
    },
}

impl Model {
    pub(crate) fn altered(
        &mut self,
        what: &Altered,
        (topics, subscriptions): (&[TopicRules], &[SubscriptionRules]),
        answer: &Answer,
        step: &Step<'_>,
    ) -> Check {
        let expected = self.refuses(what);
        if let Some(expected) = expected {
            let right = matches!(answer, Answer::Refused(refusal) if *refusal == expected);
            ensure!(right, "{what:?} was answered {answer:?}, not {expected:?}");
            return Ok(());
        }
        let right = matches!(answer, Answer::Altered { .. });
        ensure!(right, "{what:?} was answered {answer:?}");
        match what {
            Altered::Subscription(s) => self.alter_subscription(*s, &subscriptions[*s], step)?,
            Altered::Topic(t) => self.topics[*t].rules = topics[*t].clone(),
            Altered::Joined(has) => self.join(&subscriptions[subscriptions.len() - 1], has),
            Altered::Left { s, .. } => self.leave(*s, step)?,
        }
        let names: Vec<String> = self.plugins.keys().cloned().collect();
        for name in names {
            if self.places_of(&name).is_empty() {
                self.plugins.remove(&name);
            }
        }
        (0..self.topics.len()).try_for_each(|t| self.admit(t, step.now))
    }

    fn refuses(&self, what: &Altered) -> Option<Refusal> {
        if self.plugins.keys().any(|name| self.is_on_trial(name)) {
            return Some(Refusal::OnTrial);
        }
        match *what {
            Altered::Left { s, drop: false } if self.subscriptions[s].live() > 0 => {
                Some(Refusal::LeftOver)
            }
            _ => None,
        }
    }

    fn alter_subscription(
        &mut self,
        s: usize,
        rules: &SubscriptionRules,
        step: &Step<'_>,
    ) -> Check {
        let old = std::mem::replace(&mut self.subscriptions[s].rules, rules.clone());
        if old.ordering != rules.ordering {
            self.end_leases(s, |_| true, step.now)?;
            // What had failed is due when it was: the order holds for what is delivered first from
            // now on.
            for item in self.subscriptions[s].items.values_mut() {
                match item.state {
                    State::Parked(_) => item.lost_place = true,
                    // It may have been looked at, and waited behind its key.
                    State::Waiting => item.was_behind |= old.ordering == Ordering::Key,
                    State::Leased(_) | State::Withheld => {}
                }
            }
        }
        let subscription = &mut self.subscriptions[s];
        if old.rate != rules.rate {
            subscription.rate = rules.rate.map(Rate::new);
        }
        if old.plugin != rules.plugin {
            // Its workers are of a generation that the core chooses.
            subscription.retired_below = u64::MAX;
            subscription.failed.clear();
            subscription.sleepers = Default::default();
            subscription.tallies = Default::default();
        }
        let parks = rules.parks_keys();
        for told in self.topics.iter_mut().flat_map(|topic| topic.kept.values_mut().flatten()) {
            if told.subscription == s && told.stops.is_some() {
                let key = told.original.key.as_ref().map(|_| told.original.key_hash);
                told.stops = match rules.ordering {
                    Ordering::None => None,
                    Ordering::Key => key,
                    Ordering::Strict => Some(0),
                };
                told.stops = told.stops.filter(|_| parks);
            }
        }
        Ok(())
    }

    /// Where another plugin handles its messages, workers of this generation do.
    pub(crate) fn replaced(&mut self, s: usize, generation: u64) {
        let subscription = &mut self.subscriptions[s];
        if subscription.retired_below == u64::MAX {
            subscription.retired_below = generation;
            subscription.newest = generation;
        }
    }

    fn join(&mut self, rules: &SubscriptionRules, has: &[u64]) {
        let (s, t) = (self.subscriptions.len(), rules.topic.0 as usize);
        let mut subscription = SubscriptionModel::new(rules);
        let takes_over = self.topics[t].keeps();
        let topic = &mut self.topics[t];
        let offered: Vec<u64> = match rules.from {
            _ if takes_over => std::mem::take(&mut topic.kept).into_keys().collect(),
            StartFrom::Earliest => has.to_vec(),
            StartFrom::New => Vec::new(),
        };
        for sequence in offered {
            let (parcel, arrived) = &topic.log[sequence as usize];
            let item = Item::new(Rc::clone(parcel), *arrived);
            subscription.items.insert(Place::Log(sequence), item);
            subscription.counts.offered += 1;
        }
        topic.readers.push(s);
        self.subscriptions.push(subscription);
        self.seen.subscriptions.push(Default::default());
    }

    fn leave(&mut self, s: usize, step: &Step<'_>) -> Check {
        let t = self.subscriptions[s].rules.topic.0 as usize;
        self.leases.retain(|_, lease| lease.subscription != s);
        let rules = self.subscriptions[s].rules.clone();
        self.subscriptions[s] = SubscriptionModel::new(&rules);
        self.subscriptions[s].gone = true;
        self.topics[t].readers.retain(|reader| *reader != s);
        for told in self.topics.iter_mut().flat_map(|topic| topic.kept.values_mut().flatten()) {
            if told.subscription == s {
                told.stops = None;
            }
        }
        self.admit(t, step.now)
    }
}
