//! Where two versions stand side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_message::{Batch, SubscriptionId};
use millstream_plugin_host::{Input, Instance, Plugin, Reach};
use tokio::time::Instant;

use super::answered::Answered;
use super::{Comparison, Difference};
use crate::swap::entry::Entry;
use crate::swap::first_start::first_instance;

/// Differences that are told in full: the others are counted.
const DIFFERENCES_MAX: usize = 20;

/// Two versions side by side.
pub(super) struct Bench {
    entry: Arc<Entry>,
    plugins: [Plugin; 2],
    /// An instance belongs to one subscription for life.
    instances: BTreeMap<SubscriptionId, [Option<Instance>; 2]>,
    times: [Duration; 2],
    report: Comparison,
}

impl Bench {
    /// The old version and the new one, for `wanted` messages.
    pub(super) fn new(entry: Arc<Entry>, plugins: [Plugin; 2], wanted: u32) -> Self {
        let report = Comparison { wanted, ..Comparison::default() };
        let (instances, times) = (BTreeMap::new(), [Duration::ZERO; 2]);
        Self { entry, plugins, instances, times, report }
    }

    pub(super) fn wants_more(&self) -> bool {
        self.report.compared < u64::from(self.report.wanted)
    }

    /// Runs both on a message.
    pub(super) async fn compare(&mut self, subscription: SubscriptionId, message: &Batch) {
        let old = self.run(0, subscription, message).await;
        let new = self.run(1, subscription, message).await;
        let report = &mut self.report;
        report.compared += 1;
        report.old_failed += u64::from(!old.is_handled());
        report.new_failed += u64::from(!new.is_handled());
        if old == new {
            report.agreed += 1;
            return;
        }
        report.differed += 1;
        if report.differences.len() < DIFFERENCES_MAX {
            let one = message.get(0);
            let posts = self.entry.posts();
            let name = posts.iter().find(|post| post.subscription == subscription);
            report.differences.push(Difference {
                subscription: name.map(|post| post.name.clone()).unwrap_or_default(),
                id: one.id().to_string(),
                key: one.key().map(str::to_owned),
                old: old.shown(),
                new: new.shown(),
            });
        }
    }

    pub(super) fn finish(mut self) -> Comparison {
        let messages = u32::try_from(self.report.compared).unwrap_or(u32::MAX);
        let [old, new] = self.times.map(|time| time.checked_div(messages).unwrap_or_default());
        (self.report.old_time, self.report.new_time) = (old, new);
        self.report
    }

    async fn run(&mut self, which: usize, id: SubscriptionId, message: &Batch) -> Answered {
        let places = self.instances.entry(id).or_default();
        let usable = places[which].take().filter(|instance| !instance.spent());
        let mut instance = match usable {
            Some(instance) => instance,
            None => match start(&self.entry, &self.plugins[which], id).await {
                Ok(instance) => instance,
                Err(why) => return Answered::Failed { kind: "start".to_owned(), error: why },
            },
        };
        let begun = Instant::now();
        let answers = instance.call(Input { batch: message, attempts: &[1] }).await;
        self.times[which] += begun.elapsed();
        places[which] = Some(instance);
        match answers {
            Ok(answers) => Answered::of(&answers),
            Err(failure) => {
                Answered::Failed { kind: failure.kind.to_string(), error: failure.message }
            }
        }
    }
}

/// Starts an instance that reaches nothing outside.
async fn start(entry: &Entry, plugin: &Plugin, id: SubscriptionId) -> Result<Instance, String> {
    let posts = entry.posts();
    let post = posts.iter().find(|post| post.subscription == id);
    let post = post.ok_or_else(|| "no such subscription".to_owned())?;
    first_instance(plugin, &post.name, &post.topic_name, Reach { http: false }).await
}
