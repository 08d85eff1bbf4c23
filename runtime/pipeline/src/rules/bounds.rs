//! MS0109: sizes and durations within what makes sense. Plain numbers have their bounds in the schema.

use std::time::Duration;

use super::Context;
use crate::code::Code;
use crate::declaration::{Plugin, Subscription, Topic};
use crate::forms::{Bytes, Period, format_bytes, format_period};
use crate::report::Report;
use crate::route::Route;

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, topic) in context.topics() {
        topic_bounds(report, &route, topic);
    }
    for (route, _, plugin) in context.plugins() {
        plugin_bounds(report, &route.key("limits"), plugin);
    }
    for (route, _, subscription) in context.subscriptions() {
        subscription_bounds(report, &route, subscription);
    }
}

fn topic_bounds(report: &mut Report, route: &Route, topic: &Topic) {
    bytes(report, route.key("max_bytes"), topic.max_bytes, 1, TIB);
    bytes(report, route.key("max_message"), topic.max_message, 1, 256 * MIB);
    period(report, route.key("publish_timeout"), topic.publish_timeout, Duration::ZERO, HOUR);
}

fn plugin_bounds(report: &mut Report, route: &Route, plugin: &Plugin) {
    let Some(limits) = &plugin.limits else { return };
    period(report, route.key("timeout"), limits.timeout, MILLISECOND, HOUR);
    period(report, route.key("batch_timeout"), limits.batch_timeout, MILLISECOND, HOUR);
    // From one page of WebAssembly memory to all that 32 bits address.
    bytes(report, route.key("memory"), limits.memory, 64 * KIB, 4 * GIB);
    bytes(report, route.key("output"), limits.output, 1, GIB);
    bytes(report, route.key("batch_output"), limits.batch_output, 1, GIB);
}

fn subscription_bounds(report: &mut Report, route: &Route, subscription: &Subscription) {
    period(report, route.key("ack_deadline"), subscription.ack_deadline, MILLISECOND, DAY);
    if let Some(batch) = &subscription.batch {
        bytes(report, route.key("batch").key("max_bytes"), batch.max_bytes, 1, GIB);
        period(report, route.key("batch").key("max_wait"), batch.max_wait, Duration::ZERO, MINUTE);
    }
    if let Some(backoff) = subscription.retry.as_ref().and_then(|retry| retry.backoff.as_ref()) {
        let route = route.key("retry").key("backoff");
        period(report, route.key("initial"), backoff.initial, Duration::ZERO, DAY);
        period(report, route.key("max"), backoff.max, Duration::ZERO, DAY);
    }
}

fn bytes(report: &mut Report, route: Route, value: Option<Bytes>, min: u64, max: u64) {
    let Some(Bytes(size)) = value else { return };
    if size < min || size > max {
        let help = format!("write a size from {} to {}", format_bytes(min), format_bytes(max));
        report.add(
            Code::OutOfRange,
            route,
            format!("{} is out of range", format_bytes(size)),
            help,
        );
    }
}

fn period(report: &mut Report, route: Route, value: Option<Period>, min: Duration, max: Duration) {
    let Some(Period(period)) = value else { return };
    if period < min || period > max {
        let help =
            format!("write a duration from {} to {}", format_period(min), format_period(max));
        report.add(
            Code::OutOfRange,
            route,
            format!("{} is out of range", format_period(period)),
            help,
        );
    }
}
