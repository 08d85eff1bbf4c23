//! MS0906: a call of one message that may use up more than a call of many.

use super::Context;
use crate::code::Code;
use crate::declaration::Plugin;
use crate::defaults;
use crate::forms::{Bytes, Period, format_bytes, format_period};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, plugin) in context.plugins() {
        times(report, &route.key("limits"), plugin);
        outputs(report, &route.key("limits"), plugin);
    }
}

fn times(report: &mut Report, route: &Route, plugin: &Plugin) {
    let limits = plugin.limits.as_ref();
    let Some(Period(one)) = limits.and_then(|limits| limits.timeout) else { return };
    let Period(many) =
        limits.and_then(|limits| limits.batch_timeout).unwrap_or(Period(defaults::BATCH_TIMEOUT));
    if one > many && !report.is_broken(&route.key("batch_timeout")) {
        add(
            report,
            route.key("timeout"),
            "batch_timeout",
            &format_period(one),
            &format_period(many),
        );
    }
}

fn outputs(report: &mut Report, route: &Route, plugin: &Plugin) {
    let limits = plugin.limits.as_ref();
    let Some(Bytes(one)) = limits.and_then(|limits| limits.output) else { return };
    let Bytes(many) =
        limits.and_then(|limits| limits.batch_output).unwrap_or(Bytes(defaults::BATCH_OUTPUT));
    if one > many && !report.is_broken(&route.key("batch_output")) {
        add(report, route.key("output"), "batch_output", &format_bytes(one), &format_bytes(many));
    }
}

fn add(report: &mut Report, route: Route, other: &str, one: &str, many: &str) {
    let message = format!(
        "{one} for a call of one message is more than the `{other}` of {many} for a call of many"
    );
    report.add(Code::LimitsUpsideDown, route, message, format!("raise `{other}` as well"));
}
