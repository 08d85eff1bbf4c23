//! A subscription that is new on a topic which may have messages.

use std::ops::Range;

use millstream_message::SubscriptionId;

use crate::core::Core;
use crate::core::seek::{present, want};
use crate::core::subscription::Subscription;
use crate::core::topic::Topic;
use crate::rules::{StartFrom, SubscriptionRules, TopicKind};

impl Core {
    /// Begins where its rules say. Looks at every message of the topic once: an operator's step.
    pub(super) fn join(&mut self, id: usize, rules: &SubscriptionRules) {
        let place = rules.topic.0 as usize;
        let keeps = self.topics[place].keeps();
        let takes_over = keeps && self.topics[place].rules.kind == TopicKind::Command;
        if !takes_over {
            self.count_readers(place);
        }
        let topic = &mut self.topics[place];
        topic.subscriptions.push(SubscriptionId(id as u32));
        let subscription = &mut self.subscriptions[id];
        subscription.cursor_entry = topic.removed;
        match rules.from {
            _ if takes_over => subscription.take_over(topic),
            StartFrom::Earliest => subscription.begin_at_earliest(topic),
            StartFrom::New => subscription.begin_at_end(topic),
        }
    }

    /// Notes of every message how many have not settled it, where that was not told one by one: one
    /// more reader comes.
    fn count_readers(&mut self, place: usize) {
        let topic = &self.topics[place];
        let keeper = topic.keeps().then(|| present(topic, 0));
        let readers = topic.subscriptions.iter().map(|id| &self.subscriptions[id.0 as usize]);
        let runs: Vec<Range<u64>> = readers
            .flat_map(|one| one.unsettled(topic))
            .chain(keeper.into_iter().flatten())
            .collect();
        let mut counts: Vec<Vec<u16>> =
            topic.log.iter().map(|entry| vec![0; entry.len()]).collect();
        for run in runs {
            for (entry, counts) in topic.log.iter().zip(&mut counts).skip(topic.entry_of(run.start))
            {
                if entry.base >= run.end {
                    break;
                }
                let start = run.start.max(entry.base) - entry.base;
                let end = run.end.min(entry.end()) - entry.base;
                counts[start as usize..end as usize].iter_mut().for_each(|count| *count += 1);
            }
        }
        for (entry, counts) in self.topics[place].log.iter_mut().zip(counts) {
            entry.count_readers(counts);
        }
    }
}

impl Subscription {
    /// Messages of the log that it has not settled, as runs.
    fn unsettled(&self, topic: &Topic) -> Vec<Range<u64>> {
        let mut runs = present(topic, self.cursor);
        runs.extend(self.available.iter().map(|(start, span)| *start..span.end));
        runs.extend(self.leased.iter().map(|(start, end)| *start..*end));
        runs.extend(self.keys.sequences().map(|at| at..at + 1));
        runs
    }

    /// Begins with what comes next.
    fn begin_at_end(&mut self, topic: &Topic) {
        self.cursor = topic.next;
    }

    /// Begins at the oldest message that the topic still has.
    fn begin_at_earliest(&mut self, topic: &mut Topic) {
        self.cursor = topic.log.front().map_or(topic.next, |entry| entry.base);
        let offered = want(topic, self.cursor);
        self.gone_ahead = topic.next - self.cursor - offered;
        self.counters.offered += offered;
    }

    /// Takes over what a command topic kept while nobody read it.
    fn take_over(&mut self, topic: &Topic) {
        // What a reader of before has settled may be retained in front of it.
        let first = topic.log.iter().find(|entry| entry.is_live());
        self.cursor = first.map_or(topic.next, |entry| entry.base);
        let present = present(topic, self.cursor);
        let offered: u64 = present.iter().map(|run| run.end - run.start).sum();
        self.gone_ahead = topic.next - self.cursor - offered;
        self.counters.offered += offered;
    }
}
