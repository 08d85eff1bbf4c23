//! The figures of a plugin as JSON.

use std::time::Duration;

use millstream_runner::{Metrics, PluginMetrics};
use serde_json::{Map, Value, json};

/// What one plugin did and took: all of it, and by subscription.
pub(crate) fn document(metrics: &PluginMetrics) -> Value {
    let mut document = figures(&metrics.total);
    let parts = metrics.subscriptions.iter().map(|(name, part)| (name.clone(), figures(part)));
    document["by_subscription"] = parts.collect::<Map<String, Value>>().into();
    document
}

fn figures(metrics: &Metrics) -> Value {
    let failures: Map<String, Value> = metrics
        .failures()
        .map(|(kind, times)| (kind.to_string().replace(' ', "_"), times.into()))
        .collect();
    json!({
        "calls": metrics.calls,
        "messages": metrics.messages,
        "cpu_ms": millis(metrics.cpu_time),
        "failures": failures,
        "host_faults": metrics.host_faults,
        "memory": metrics.memory,
        "memory_peak": metrics.memory_peak,
        "instances": metrics.instances,
        "starts": metrics.starts,
        "starts_failed": metrics.starts_failed,
        "recycled": metrics.recycled,
        "queue_wait_ms": millis(metrics.queue_wait),
        "queue_wait_max_ms": millis(metrics.queue_wait_max),
        "late_max_ms": millis(metrics.late_max),
        "log_dropped": metrics.log_dropped,
    })
}

/// Milliseconds with three places: a call takes a few microseconds.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
