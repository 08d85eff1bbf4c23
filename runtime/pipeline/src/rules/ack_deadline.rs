//! MS0304: a lease must outlast the longest call that its plugin or sink may make.

use std::time::Duration;

use super::Context;
use crate::code::Code;
use crate::declaration::{HttpSink, Plugin, Subscription};
use crate::defaults;
use crate::forms::{Period, format_period};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let Some(call) = longest_call(context, &route, subscription) else { continue };
        let on_deadline = route.key("ack_deadline");
        let broken = |route: &Route| report.is_broken(route);
        if broken(&on_deadline) || call.bounds.iter().any(broken) {
            continue;
        }
        let Period(deadline) = subscription.ack_deadline.unwrap_or(Period(defaults::ACK_DEADLINE));
        if deadline <= call.longest {
            add(report, on_deadline, deadline, &call);
        }
    }
}

fn add(report: &mut Report, route: Route, deadline: Duration, call: &Call) {
    let (deadline, longest) = (format_period(deadline), format_period(call.longest));
    let Call { limit, caller, section, .. } = call;
    let message = format!(
        "the ack_deadline of {deadline} does not exceed the {limit} of {longest} of {caller}"
    );
    let help =
        format!("set `ack_deadline` above {longest}, or `{section}.{limit}` below {deadline}");
    report.add(Code::AckDeadlineTooShort, route, message, help);
}

/// The longest call that something may make, and what says so.
struct Call {
    longest: Duration,
    limit: &'static str,
    caller: String,
    section: String,
    /// The values that `longest` comes from.
    bounds: Vec<Route>,
}

/// `None` where nothing bounds a call: local sinks are done when they return.
fn longest_call(context: &Context<'_>, route: &Route, subscription: &Subscription) -> Option<Call> {
    if let Some(name) = &subscription.plugin {
        return Some(of_plugin(name, context.plugin(name)?));
    }
    let hook = subscription.sink.as_ref()?.http.as_ref()?;
    Some(of_hook(&route.key("sink").key("http"), hook))
}

fn of_plugin(name: &str, plugin: &Plugin) -> Call {
    let limits = plugin.limits.as_ref();
    let Period(batch) =
        limits.and_then(|limits| limits.batch_timeout).unwrap_or(Period(defaults::BATCH_TIMEOUT));
    let Period(single) =
        limits.and_then(|limits| limits.timeout).unwrap_or(Period(defaults::TIMEOUT));
    let route = Route::of(["plugins", name, "limits"]);
    Call {
        longest: batch.max(single),
        limit: if single > batch { "timeout" } else { "batch_timeout" },
        caller: format!("the plugin `{name}`"),
        section: format!("plugins.{name}.limits"),
        bounds: vec![route.key("batch_timeout"), route.key("timeout")],
    }
}

fn of_hook(route: &Route, hook: &HttpSink) -> Call {
    let Period(longest) = hook.timeout.unwrap_or(Period(defaults::REQUEST_TIMEOUT));
    Call {
        longest,
        limit: "timeout",
        caller: "the `http` sink".to_owned(),
        section: "sink.http".to_owned(),
        bounds: vec![route.key("timeout")],
    }
}
