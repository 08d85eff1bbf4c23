//! The pipeline file that guests are run by.

use std::fmt::Write;
use std::path::PathBuf;

use millstream_tests::{Project, guest, hostile};

use crate::Guest;
use crate::case::{Case, PAYLOAD};

/// The plugin beside them that does as it should.
pub(crate) const HEALTHY: &str = "healthy";

/// A guest's name within a pipeline: of plugin, subscription and, behind `to-`, of its topic.
pub(crate) fn short(guest: Guest) -> &'static str {
    let (_, name) = guest.name().split_once('/').expect("a guest has a group");
    name
}

/// How all guests of one file are run.
pub(crate) struct Settings {
    /// The limits of each plugin, as the file says them, but for time.
    pub(crate) limits: &'static str,
    /// The time of those that do not end by themselves.
    pub(crate) timeout: &'static str,
    /// The time of all others: so much that none runs into it on a machine that is busy.
    pub(crate) patience: &'static str,
    /// Tries of each message.
    pub(crate) attempts: u32,
    /// Whether all who are told the same read one topic, `to-all`, instead of one each.
    pub(crate) one_topic: bool,
}

/// The topic that `guest` reads.
pub(crate) fn topic(guest: Guest, case: &Case, settings: &Settings) -> String {
    match settings.one_topic && case.payload == PAYLOAD {
        true => "to-all".to_owned(),
        false => format!("to-{}", short(guest)),
    }
}

/// Writes the file that runs `guests`, each in a subscription of its own, beside a healthy one.
pub(crate) fn write(project: &Project, guests: &[(Guest, Case)], settings: &Settings) -> PathBuf {
    let (mut topics, mut plugins, mut subscriptions) = (Vec::new(), String::new(), String::new());
    let attempts = settings.attempts;
    for (one, case) in guests {
        let name = short(*one);
        let topic = topic(*one, case, settings);
        let timeout = if case.is_endless() { settings.timeout } else { settings.patience };
        // Writing to a string cannot fail.
        let _ = write!(
            plugins,
            "
  {name}:
    source: {}
    limits: {{ timeout: {timeout}, batch_timeout: {timeout}, {} }}
    {}",
            hostile(one.name()).display(),
            settings.limits,
            case.keys,
        );
        let _ = write!(
            subscriptions,
            "
  {name}:
    topic: {topic}
    plugin: {name}
    output: out
    retry: {{ max_attempts: {attempts}, backoff: {{ initial: 1ms, factor: 1, max: 1ms, jitter: 0 }} }}
    dead_letter: dead"
        );
        topics.push(topic);
    }
    topics.sort();
    topics.dedup();
    let topics: String =
        topics.iter().map(|topic| format!("\n  {topic}: {{ kind: event }}")).collect();
    let healthy = guest("echo").display().to_string();
    project.write(
        "sandbox.yaml",
        format!(
            "pipeline: sandbox
topics:
  to-{HEALTHY}: {{ kind: event }}{topics}
  out: {{ kind: event }}
  echoed: {{ kind: event }}
  dead: {{ kind: dead_letter }}
plugins:
  {HEALTHY}: {{ source: {healthy} }}{plugins}
subscriptions:
  {HEALTHY}: {{ topic: to-{HEALTHY}, plugin: {HEALTHY}, output: echoed, dead_letter: dead }}{subscriptions}
"
        ),
    )
}
