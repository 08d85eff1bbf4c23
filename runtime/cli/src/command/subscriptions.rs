//! `subscriptions`: the subscriptions of the running host.

use serde_json::{Value, json};

use super::{cell, items, list, number};
use crate::failure::Failure;
use crate::print::{self, Format, count, counted};
use crate::remote::Remote;

const NAMES: [&str; 13] = [
    "SUBSCRIPTION",
    "TOPIC",
    "HANDLER",
    "LAG",
    "IN FLIGHT",
    "PARKED",
    "HANDLED",
    "FAILED",
    "DEAD-LETTERED",
    "FILTERED",
    "DROPPED",
    "PURGED",
    "STATE",
];

/// Columns that are left out while they say nothing, so that a line stays readable.
const OPTIONAL: [&str; 8] =
    ["IN FLIGHT", "PARKED", "FAILED", "DEAD-LETTERED", "FILTERED", "DROPPED", "PURGED", "STATE"];

pub(super) fn execute(host: &Remote, format: Format) -> Result<(), Failure> {
    let subscriptions = host.get(&["v1", "subscriptions"], &[])?;
    list(&subscriptions, format, NAMES, &OPTIONAL, |one| {
        [
            cell(one, "name"),
            cell(one, "topic"),
            handler(one),
            cell(one, "lag"),
            cell(one, "in_flight"),
            cell(one, "parked"),
            cell(one, "handled"),
            cell(one, "failed"),
            cell(one, "dead_lettered"),
            cell(one, "filtered"),
            count(number(one, "dropped") + number(one, "expired_dropped")),
            cell(one, "purged"),
            state(one),
        ]
    })?;
    let waiting = items(&subscriptions).iter().filter(|one| number(one, "stopped_keys") > 0);
    if format == Format::Json {
        return Ok(());
    }
    waiting.into_iter().try_for_each(|one| show_stopped(host, one))?;
    let unwell = items(&subscriptions).iter().filter(|one| unwell(one).is_some());
    unwell.into_iter().try_for_each(show_unwell)
}

fn handler(subscription: &Value) -> String {
    let role = if subscription["plugin"].is_null() { "sink" } else { "plugin" };
    format!("{role} {}", cell(subscription, role))
}

/// Why a subscription does not go on, if so.
fn state(subscription: &Value) -> String {
    let paused = (subscription["paused"] == json!(true)).then(|| "paused".to_owned());
    let blocked = subscription["blocked_by"].as_str().map(|topic| format!("blocked by {topic}"));
    let stopped = Some(number(subscription, "stopped_keys")).filter(|&keys| keys > 0);
    let stopped = stopped.map(|keys| format!("{} stopped", counted(keys, "key")));
    let unwell = unwell(subscription).map(str::to_owned);
    paused.into_iter().chain(blocked).chain(stopped).chain(unwell).collect::<Vec<_>>().join(", ")
}

/// How the handler is, if it does not work.
fn unwell(subscription: &Value) -> Option<&str> {
    subscription["health"]["state"].as_str().filter(|&state| state != "works")
}

/// Why the handler of one subscription does not work: `NAME rests since TIME: WHY`.
fn show_unwell(subscription: &Value) -> Result<(), Failure> {
    let health = &subscription["health"];
    let mut why = health["why"].as_str().unwrap_or_default().lines();
    let (name, state) = (cell(subscription, "name"), cell(health, "state"));
    let next = health["next_try"].as_str().map(|time| format!(", next try {time}"));
    print::text(&format!(
        "\n`{name}` is {state} since {}, {} in a row{}:\n  {}",
        cell(health, "since"),
        counted(number(health, "failures"), "failure"),
        next.unwrap_or_default(),
        why.next().unwrap_or_default(),
    ))
}

/// The keys of one subscription that wait for their dead letters, and what lets them go on.
fn show_stopped(host: &Remote, subscription: &Value) -> Result<(), Failure> {
    let name = cell(subscription, "name");
    let one = host.get(&["v1", "subscriptions", &name], &[])?;
    let keys = one["stopped_keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![format!(
        "\n`{name}` waits; `millstream dlq redrive {name} --id ID` or `dlq purge` lets a key go on"
    )];
    lines.extend(keys.iter().map(|one| {
        let key = one["key"].as_str().unwrap_or("(no key)");
        format!("  {key} stopped by {}", cell(one, "dead_letter"))
    }));
    let more = number(subscription, "stopped_keys").saturating_sub(keys.len() as u64);
    lines.extend((more > 0).then(|| format!("  and {} more", counted(more, "key"))));
    print::text(&lines.join("\n"))
}
