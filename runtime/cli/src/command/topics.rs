//! `topics`, `topic purge`: the topics of the running host, and emptying one.

use serde_json::{Value, json};

use super::{answer, cell, list, number};
use crate::failure::Failure;
use crate::print::{Format, counted};
use crate::remote::Remote;

const NAMES: [&str; 12] = [
    "TOPIC",
    "KIND",
    "PUBLISHED",
    "DEPTH",
    "BYTES",
    "DELAYED",
    "RETAINED",
    "EVICTED",
    "DUPLICATES",
    "DROPPED",
    "WAITING",
    "STATE",
];

/// Columns that most pipelines never fill.
const OPTIONAL: [&str; 7] =
    ["DELAYED", "RETAINED", "EVICTED", "DUPLICATES", "DROPPED", "WAITING", "STATE"];

pub(super) fn execute(host: &Remote, format: Format) -> Result<(), Failure> {
    let topics = host.get(&["v1", "topics"], &[])?;
    list(&topics, format, NAMES, &OPTIONAL, |topic| {
        [
            cell(topic, "name"),
            cell(topic, "kind"),
            cell(topic, "published"),
            cell(topic, "depth"),
            cell(topic, "bytes"),
            cell(topic, "delayed"),
            cell(topic, "retained"),
            cell(topic, "retained_evicted"),
            cell(topic, "duplicates"),
            cell(topic, "dropped"),
            cell(topic, "waiting_publishers"),
            state(topic).to_owned(),
        ]
    })
}

pub(super) fn purge(topic: &str, host: &Remote, format: Format) -> Result<(), Failure> {
    let purged = host.tell(&["v1", "topics", topic, "purge"], &json!({}))?;
    let messages = counted(number(&purged, "purged"), "message");
    answer(&purged, format, &format!("{messages} deleted from `{topic}`"))
}

fn state(topic: &Value) -> &'static str {
    if topic["full"] == json!(true) { "full" } else { "" }
}
