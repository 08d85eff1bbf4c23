//! MS0109: sizes and durations within what makes sense. Plain numbers have their bounds in the schema.

use std::time::Duration;

use super::Context;
use crate::code::Code;
use crate::declaration::{Journal, Plugin, Subscription, Topic};
use crate::forms::{Bytes, Period, Rate, Sync, format_bytes, format_period};
use crate::report::Report;
use crate::route::Route;

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(366 * 86_400);
/// More than any worker reaches, and far from what arithmetic on rates could overflow.
const RATE_MAX: u64 = 1_000_000_000;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
/// Less would leave most of what is read from the disk no place.
pub(super) const MEMORY_BUDGET_MIN: u64 = 64 * KIB;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    if let Some(journal) = context.journal() {
        journal_bounds(report, &Route::of(["broker", "journal"]), journal);
    }
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

fn journal_bounds(report: &mut Report, route: &Route, journal: &Journal) {
    let budget = journal.memory_budget;
    bytes(report, route.key("memory_budget"), budget, MEMORY_BUDGET_MIN, TIB);
    bytes(report, route.key("reserve"), journal.reserve, MIB, TIB);
    bytes(report, route.key("segment"), journal.segment, 64 * KIB, GIB);
    if let Some(Sync::Interval(interval)) = journal.sync {
        period(report, route.key("sync"), Some(Period(interval)), MILLISECOND, MINUTE);
    }
}

fn topic_bounds(report: &mut Report, route: &Route, topic: &Topic) {
    bytes(report, route.key("max_bytes"), topic.max_bytes, 1, TIB);
    bytes(report, route.key("max_message"), topic.max_message, 1, 256 * MIB);
    period(report, route.key("publish_timeout"), topic.publish_timeout, Duration::ZERO, HOUR);
    period(report, route.key("retain"), topic.retain, Duration::ZERO, YEAR);
    period(report, route.key("delay"), topic.delay, Duration::ZERO, YEAR);
    period(report, route.key("expires_in"), topic.expires_in, MILLISECOND, YEAR);
    let window = topic.dedup.as_ref().and_then(|dedup| dedup.window);
    period(report, route.key("dedup").key("window"), window, MILLISECOND, YEAR);
}

fn plugin_bounds(report: &mut Report, route: &Route, plugin: &Plugin) {
    let Some(limits) = &plugin.limits else { return };
    period(report, route.key("timeout"), limits.timeout, MILLISECOND, HOUR);
    period(report, route.key("batch_timeout"), limits.batch_timeout, MILLISECOND, HOUR);
    // From one page of WebAssembly memory to all that 32 bits address.
    bytes(report, route.key("memory"), limits.memory, 64 * KIB, 4 * GIB);
    bytes(report, route.key("output"), limits.output, 1, GIB);
    bytes(report, route.key("batch_output"), limits.batch_output, 1, GIB);
    rate(report, route.key("log_rate"), limits.log_rate, "records beyond are dropped and counted");
    bytes(report, route.key("log_bytes"), limits.log_bytes, 0, GIB);
    bytes(report, route.key("host_data"), limits.host_data, 0, GIB);
    period(report, route.key("compile_timeout"), limits.compile_timeout, MILLISECOND, HOUR);
    bytes(report, route.key("compile_memory"), limits.compile_memory, MIB, TIB);
    bytes(report, route.key("compile_size"), limits.compile_size, 1, 4 * GIB);
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
    if let Some(http) = subscription.sink.as_ref().and_then(|sink| sink.http.as_ref()) {
        let route = route.key("sink").key("http").key("timeout");
        period(report, route, http.timeout, MILLISECOND, HOUR);
    }
    let otherwise = "`millstream pause` stops a subscription";
    rate(report, route.key("rate_limit"), subscription.rate_limit, otherwise);
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

fn rate(report: &mut Report, route: Route, value: Option<Rate>, otherwise: &str) {
    let Some(Rate { messages, .. }) = value else { return };
    if !(1..=RATE_MAX).contains(&messages) {
        let help = format!("write a rate from 1 to {RATE_MAX}, such as `500/s`; {otherwise}");
        let message = format!("a rate of {messages} messages is out of range");
        report.add(Code::OutOfRange, route, message, help);
    }
}
