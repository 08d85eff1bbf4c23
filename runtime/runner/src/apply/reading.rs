//! Whether a source reads on as it does, or another one reads in its place.

use millstream_connectors::ChunkLimits;
use millstream_pipeline::{Plan, SourcePlan};
use millstream_queue::Kind;

use crate::feed::chunk_limits;
use crate::launch::Changes;

/// Whether the source of the new plan is one that is there, and goes on as it is.
pub(super) fn reads_on(old: &Plan, (new, one): (&Plan, &SourcePlan), changes: &Changes) -> bool {
    let before = old.sources.iter().find(|before| before.name == one.name);
    before.is_some_and(|before| identity(old, before, Some(changes)) == identity(new, one, None))
}

/// What makes a source the one that it is.
fn identity(
    plan: &Plan,
    one: &SourcePlan,
    changes: Option<&Changes>,
) -> (SourcePlan, Option<String>, u64, usize, usize) {
    let topic = &plan.topics[one.topic];
    let ChunkLimits { messages_max, bytes_max } = chunk_limits(topic);
    let source = SourcePlan { topic: 0, ..one.clone() };
    let name = match changes {
        None => Some(topic.name.clone()),
        Some(changes) => name_now(&topic.name, changes),
    };
    (source, name, topic.max_message, messages_max, bytes_max)
}

/// The name of a topic that goes on.
fn name_now(topic: &str, changes: &Changes) -> Option<String> {
    let dropped = changes.drops.iter().any(|one| one.kind == Kind::Topic && one.name == topic);
    let mut renames = changes.renames.iter();
    let renamed = renames.find(|one| one.kind == Kind::Topic && one.from == topic);
    (!dropped).then(|| renamed.map_or(topic, |one| &one.to).to_owned())
}
