//! MS0906: a call of one message that may use up more than a call of many. MS0109: fewer instances
//! than subscriptions.

use super::Context;
use crate::code::Code;
use crate::declaration::Limits;
use crate::defaults;
use crate::forms::{Bytes, Count, Period, format_bytes, format_period};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, name, plugin) in context.plugins() {
        let Some(limits) = &plugin.limits else { continue };
        let route = route.key("limits");
        times(report, &route, limits);
        outputs(report, &route, limits);
        messages(report, &route, limits);
        instances(context, report, &route, name, limits);
    }
}

fn times(report: &mut Report, route: &Route, limits: &Limits) {
    let Some(Period(one)) = limits.timeout else { return };
    let Period(many) = limits.batch_timeout.unwrap_or(Period(defaults::BATCH_TIMEOUT));
    if one > many {
        add(report, route, ["timeout", "batch_timeout"], [format_period(one), format_period(many)]);
    }
}

fn outputs(report: &mut Report, route: &Route, limits: &Limits) {
    let Some(Bytes(one)) = limits.output else { return };
    let Bytes(many) = limits.batch_output.unwrap_or(Bytes(defaults::BATCH_OUTPUT));
    if one > many {
        add(report, route, ["output", "batch_output"], [format_bytes(one), format_bytes(many)]);
    }
}

fn messages(report: &mut Report, route: &Route, limits: &Limits) {
    let Some(Count(one)) = limits.output_messages else { return };
    let many = limits.batch_output_messages;
    let Count(many) = many.unwrap_or(Count(defaults::BATCH_OUTPUT_MESSAGES));
    if one > many {
        let keys = ["output_messages", "batch_output_messages"];
        add(report, route, keys, [one.to_string(), many.to_string()]);
    }
}

/// What holds for one message is more than what holds for many.
fn add(report: &mut Report, route: &Route, keys: [&str; 2], values: [String; 2]) {
    let ([key, other], [one, many]) = (keys, values);
    if report.is_broken(&route.key(other)) {
        return;
    }
    let message = format!(
        "{one} for a call of one message is more than the `{other}` of {many} for a call of many"
    );
    report.add(Code::LimitsUpsideDown, route.key(key), message, format!("raise `{other}` as well"));
}

/// An instance belongs to one subscription for life, so that one beyond would never get any.
fn instances(
    context: &Context<'_>,
    report: &mut Report,
    route: &Route,
    name: &str,
    limits: &Limits,
) {
    let Some(Count(instances)) = limits.instances else { return };
    let uses = context.subscriptions().filter(|(_, _, one)| one.plugin.as_deref() == Some(name));
    let subscriptions = uses.count() as u64;
    if (1..subscriptions).contains(&instances) {
        let message = format!(
            "`{name}` serves {subscriptions} subscriptions, and each needs an instance of its own"
        );
        let help = format!("write a number from {subscriptions}");
        report.add(Code::OutOfRange, route.key("instances"), message, help);
    }
}
