//! What a host has from its start to its end.

use millstream_pipeline::{BrokerPlan, JournalPlan, Plan, SourceConnector, SourcePlan};

use super::error::NeedsRestart;
use super::reading::reads_on;
use super::settings;
use crate::launch::Changes;

/// What the new plan would change of it.
pub(super) fn changed(old: &Plan, new: &Plan, changes: &Changes) -> Vec<NeedsRestart> {
    let name = differs(&["pipeline"], &old.name, &new.name);
    let stdin = stdin(old, new, changes);
    name.into_iter().chain(broker(&old.broker, &new.broker)).chain(stdin).collect()
}

fn broker(old: &BrokerPlan, new: &BrokerPlan) -> Vec<NeedsRestart> {
    let (old, new) = match (old, new) {
        (BrokerPlan::Journal(old), BrokerPlan::Journal(new)) => (old, new),
        (old, new) => return differs(&["broker"], kind(old), kind(new)).into_iter().collect(),
    };
    let JournalPlan { path, sync, memory_budget, reserve, segment_bytes } = old;
    let setting = |name: &'static str, from: String, to: String| {
        differs(&["broker", "journal", name], &from, &to)
    };
    let all = [
        setting("path", path.display().to_string(), new.path.display().to_string()),
        setting("sync", settings::word(sync), settings::word(&new.sync)),
        setting("memory_budget", memory_budget.to_string(), new.memory_budget.to_string()),
        setting("reserve", reserve.to_string(), new.reserve.to_string()),
        setting("segment", segment_bytes.to_string(), new.segment_bytes.to_string()),
    ];
    all.into_iter().flatten().collect()
}

fn kind(broker: &BrokerPlan) -> &'static str {
    match broker {
        BrokerPlan::Memory => "memory",
        BrokerPlan::Journal(_) => "journal",
    }
}

/// What was read of stdin and not published yet is with the source that read it: nobody can go on from
/// there.
fn stdin(old: &Plan, new: &Plan, changes: &Changes) -> Option<NeedsRestart> {
    let reads = |one: &&SourcePlan| matches!(one.connector, SourceConnector::Stdin { .. });
    let (before, now) = (old.sources.iter().find(reads), new.sources.iter().find(reads));
    let (from, to) = (told(old, before), told(new, now));
    let same = now.is_some_and(|now| reads_on(old, (new, now), changes));
    let name = now.or(before).filter(|_| !same)?.name.as_str();
    let route = ["sources", name].map(str::to_owned).to_vec();
    Some(NeedsRestart { route, from, to })
}

/// All that the source was opened by, so that what has changed is among it.
fn told(plan: &Plan, one: Option<&SourcePlan>) -> String {
    let Some(one) = one else { return "none".to_owned() };
    let topic = &plan.topics[one.topic];
    let settings = settings::source(plan, one).into_iter();
    let bounds = settings::topic(topic).into_iter().filter(|(name, _)| name.starts_with("max_"));
    let all = settings.chain(bounds).filter(|(_, value)| value != "none");
    let all: Vec<String> = all.map(|(name, value)| format!("{name} {value}")).collect();
    format!("{} ({})", one.name, all.join(", "))
}

fn differs(route: &[&str], from: &str, to: &str) -> Option<NeedsRestart> {
    let route = route.iter().map(|part| (*part).to_owned()).collect();
    (from != to).then(|| NeedsRestart { route, from: from.to_owned(), to: to.to_owned() })
}
