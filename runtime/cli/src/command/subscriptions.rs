//! `subscriptions`: the subscriptions of the running host.

use serde_json::Value;

use super::{cell, list};
use crate::failure::Failure;
use crate::print::Format;
use crate::remote::Remote;

const NAMES: [&str; 10] = [
    "SUBSCRIPTION",
    "TOPIC",
    "HANDLER",
    "LAG",
    "IN FLIGHT",
    "PARKED",
    "HANDLED",
    "FAILED",
    "DEAD-LETTERED",
    "BLOCKED BY",
];

pub(super) fn execute(host: &Remote, format: Format) -> Result<(), Failure> {
    let subscriptions = host.get(&["v1", "subscriptions"], &[])?;
    list(&subscriptions, format, NAMES, |one| {
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
            cell(one, "blocked_by"),
        ]
    })
}

fn handler(subscription: &Value) -> String {
    let role = if subscription["plugin"].is_null() { "sink" } else { "plugin" };
    format!("{role} {}", cell(subscription, role))
}
