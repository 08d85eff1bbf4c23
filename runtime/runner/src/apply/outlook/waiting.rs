//! What becomes of messages that wait.

use millstream_pipeline::{StartFrom, TopicKind};
use millstream_queue::{Changed, Kind, Named};

use super::Outlook;
use crate::apply::step::{ChangeKind, StepKind};

impl Outlook<'_> {
    /// What becomes of messages that wait.
    pub(super) fn messages(
        &self,
        kind: StepKind,
        name: &str,
        change: ChangeKind,
        waiting: u64,
        ends_leases: bool,
    ) -> Option<String> {
        let number = if waiting == 1 { "1 message".into() } else { format!("{waiting} messages") };
        let verb = if waiting == 1 { "waits" } else { "wait" };
        match change {
            ChangeKind::Added if kind == StepKind::Subscription => self.begins(name),
            ChangeKind::Removed if waiting > 0 => Some(format!("{number} given up")),
            ChangeKind::Changed if ends_leases => {
                Some(format!("{number} {verb} on, those in hand are delivered again, uncounted"))
            }
            ChangeKind::Changed if waiting > 0 => Some(format!("{number} {verb} on")),
            _ => None,
        }
    }

    /// Where a new subscription begins, where its topic is there already.
    fn begins(&self, name: &str) -> Option<String> {
        let one = self.new.subscriptions.iter().find(|one| one.name == name)?;
        let topic = &self.new.topics[one.topic];
        let what = Named { kind: Kind::Topic, name: topic.name.clone() };
        let there = self.queue.changes.iter().find(|change| change.what == what)?;
        if there.how == Changed::Added {
            return None;
        }
        Some(match (topic.kind, one.from) {
            (TopicKind::Command, _) => format!("takes over what waits in {:?}", topic.name),
            (_, StartFrom::Earliest) => {
                format!("begins with the oldest message that {:?} has", topic.name)
            }
            (_, StartFrom::New) => format!("begins with what comes next in {:?}", topic.name),
        })
    }
}
