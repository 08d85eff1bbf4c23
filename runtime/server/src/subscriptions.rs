//! The figures of the subscriptions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use millstream_formats::rfc3339;
use millstream_message::SubscriptionId;
use millstream_pipeline::{Consumer, SinkConnector, SubscriptionPlan};
use millstream_queue::SubscriptionFigures;
use millstream_runner::{HealthReport, StoppedKey, Wiring};
use serde_json::{Value, json};

use crate::answer;
use crate::app::{Host, subscription, topic_name};
use crate::blocking::elsewhere;
use crate::extract::Path;
use crate::problem::Problem;

/// Most stopped keys that are shown by name; their number is among the figures of the list.
const STOPPED_KEYS_MAX: usize = 20;

/// All subscriptions, in the order of the file.
pub(crate) async fn list(State(host): State<Arc<Host>>) -> Response {
    let figures = host.app.broker.figures().subscriptions;
    let wiring = host.wiring();
    let items = wiring.subscriptions().map(|(id, plan)| {
        let figures = figures.get(id.0 as usize).copied().unwrap_or_default();
        describe(&host, &wiring, (id, plan), &figures)
    });
    answer::list(items.collect(), None)
}

/// One subscription, with the keys that wait for a dead letter to be redriven or purged.
pub(crate) async fn show(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, plan) = subscription(&wiring, &name)?;
    let figures = host.app.broker.figures().subscriptions;
    let figures = figures.get(id.0 as usize).copied().unwrap_or_default();
    let mut shown = describe(&host, &wiring, (id, plan), &figures);
    if figures.stopped_keys > 0 {
        let letters = host.app.dead_letters.clone();
        let stopped = elsewhere(move || letters.stopped_keys(id, STOPPED_KEYS_MAX)).await?;
        shown["stopped_keys"] = stopped.iter().map(stopped_key).collect();
    } else {
        shown["stopped_keys"] = json!([]);
    }
    Ok(answer::document(&shown))
}

fn describe(
    host: &Host,
    wiring: &Wiring,
    (id, plan): (SubscriptionId, &SubscriptionPlan),
    figures: &SubscriptionFigures,
) -> Value {
    let topic_at = |place: usize| topic_name(wiring, wiring.topic(place));
    let (role, consumer) = consumer(wiring, &plan.consumer);
    let blocked_by = figures.blocked_by.and_then(|id| topic_name(wiring, id));
    json!({
        "name": plan.name,
        "topic": topic_at(plan.topic),
        role: consumer,
        "dead_letter": plan.dead_letter.and_then(topic_at),
        "lag": figures.lag,
        "in_flight": figures.in_flight,
        "parked": figures.parked,
        "offered": figures.offered,
        "redriven": figures.redriven,
        "handled": figures.handled,
        "filtered": figures.filtered,
        "failed": figures.failed,
        "dead_lettered": figures.dead_lettered(),
        "rejected": figures.rejected,
        "exhausted": figures.exhausted,
        "expired": figures.expired,
        "expired_dropped": figures.expired_dropped,
        "dropped": figures.dropped,
        "purged": figures.purged,
        "stopped_keys": figures.stopped_keys,
        "paused": figures.paused,
        "blocked_by": blocked_by,
        "health": host.app.monitor.health(id).as_ref().map(health),
    })
}

/// Whether the handler works; if not, why, since when, and when it is tried again.
fn health(report: &HealthReport) -> Value {
    json!({
        "state": report.state.name(),
        "why": report.why,
        "since": report.since_ms.map(rfc3339),
        "failures": report.failures,
        "next_try": report.next_try_ms.map(rfc3339),
    })
}

fn stopped_key(stopped: &StoppedKey) -> Value {
    json!({ "key": stopped.key, "dead_letter": stopped.dead_letter.to_string() })
}

/// What handles the messages: a plugin by its name, a sink by its kind.
fn consumer<'a>(wiring: &'a Wiring, consumer: &Consumer) -> (&'static str, Option<&'a str>) {
    match consumer {
        Consumer::Plugin(place) => {
            ("plugin", wiring.plan().plugins.get(*place).map(|plugin| plugin.name.as_str()))
        }
        Consumer::Sink(SinkConnector::File { .. }) => ("sink", Some("file")),
        Consumer::Sink(SinkConnector::Stdout) => ("sink", Some("stdout")),
        Consumer::Sink(SinkConnector::Http { .. }) => ("sink", Some("http")),
        Consumer::Sink(SinkConnector::PassThrough) => ("sink", Some("pass_through")),
    }
}
