//! `plugins`: the plugins of the running host, their versions, and what they did and took.

use std::time::Duration;

use serde_json::Value;

use super::{cell, items, list, number};
use crate::failure::Failure;
use crate::print::{self, Format, count};
use crate::remote::Remote;

const NAMES: [&str; 15] = [
    "PLUGIN",
    "WORLD",
    "SUBSCRIPTIONS",
    "CALLS",
    "MESSAGES",
    "CPU",
    "FAILED",
    "INSTANCES",
    "MEMORY",
    "PEAK",
    "RECYCLED",
    "QUEUE WAIT",
    "LOG DROPPED",
    "DIGEST",
    "SOURCE",
];

/// Columns that are left out while they say nothing, so that a line stays readable.
const OPTIONAL: [&str; 5] = ["FAILED", "RECYCLED", "QUEUE WAIT", "LOG DROPPED", "SOURCE"];

pub(super) fn execute(host: &Remote, format: Format) -> Result<(), Failure> {
    let plugins = host.get(&["v1", "plugins"], &[])?;
    list(&plugins, format, NAMES, &OPTIONAL, |plugin| {
        let metrics = &plugin["metrics"];
        [
            cell(plugin, "name"),
            cell(plugin, "world"),
            subscriptions(plugin),
            cell(metrics, "calls"),
            cell(metrics, "messages"),
            time(&metrics["cpu_ms"]),
            failures(&metrics["failures"]),
            cell(metrics, "instances"),
            mib(number(metrics, "memory")),
            mib(number(metrics, "memory_peak")),
            cell(metrics, "recycled"),
            waits(metrics),
            cell(metrics, "log_dropped"),
            cell(&plugin["versions"][0], "digest"),
            cell(&plugin["versions"][0], "source"),
        ]
    })?;
    let versions: Vec<[String; 7]> = items(&plugins).iter().flat_map(versions).collect();
    if format == Format::Json || versions.is_empty() {
        return Ok(());
    }
    let names = ["PLUGIN", "VERSION", "SINCE", "MESSAGES", "FAILED", "DIGEST", "SOURCE"];
    print::text(&format!("\n{}", print::table(&names, &["SOURCE"], &versions)))
}

/// The versions of a plugin, where it has more than the one that serves.
fn versions(plugin: &Value) -> Vec<[String; 7]> {
    let versions = plugin["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |version: &Value| {
        let failed = number(version, "failed") + number(version, "rejected");
        let state = match (version["state"].as_str(), plugin["swap"].as_str()) {
            (Some("trial"), Some(swap)) => swap.to_owned(),
            _ => cell(version, "state"),
        };
        let (since, messages) = (cell(version, "since"), cell(version, "messages"));
        let (digest, source) = (cell(version, "digest"), cell(version, "source"));
        [cell(plugin, "name"), state, since, messages, count(failed), digest, source]
    };
    if versions.len() > 1 { versions.iter().map(row).collect() } else { Vec::new() }
}

fn subscriptions(plugin: &Value) -> String {
    let served = plugin["subscriptions"].as_array().into_iter().flatten();
    served.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Failures by kind, as `trap 3, timeout 1`; nothing where there are none.
fn failures(failures: &Value) -> String {
    let kinds = failures.as_object().into_iter().flatten();
    let failed = kinds.filter_map(|(kind, times)| Some((kind, times.as_u64()?)));
    let failed = failed.filter(|&(_, times)| times > 0);
    failed
        .map(|(kind, times)| format!("{} {}", kind.replace('_', " "), count(times)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The mean wait of a call for a thread; nothing while there was none worth telling.
fn waits(metrics: &Value) -> String {
    let (waited, calls) = (metrics["queue_wait_ms"].as_f64(), metrics["calls"].as_f64());
    match (waited, calls) {
        (Some(waited), Some(calls)) if waited >= 1.0 && calls > 0.0 => {
            format!("{:.2} ms", waited / calls)
        }
        _ => String::new(),
    }
}

fn time(ms: &Value) -> String {
    let seconds = Duration::try_from_secs_f64(ms.as_f64().unwrap_or_default() / 1_000.0);
    match seconds.unwrap_or_default() {
        time if time < Duration::from_secs(10) => format!("{} ms", count(time.as_millis() as u64)),
        time => format!("{} s", count(time.as_secs())),
    }
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
