//! MS0304: a lease must outlast the longest call its plugin may make.

use std::time::Duration;

use super::Context;
use crate::code::Code;
use crate::declaration::Plugin;
use crate::defaults;
use crate::forms::{Period, format_period};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let Some(name) = &subscription.plugin else { continue };
        let Some(plugin) = context.plugin(name) else { continue };
        let on_deadline = route.key("ack_deadline");
        let limits = Route::of(["plugins", name, "limits"]);
        let broken = [&on_deadline, &limits.key("batch_timeout"), &limits.key("timeout")];
        if broken.into_iter().any(|route| report.is_broken(route)) {
            continue;
        }
        let deadline =
            subscription.ack_deadline.map_or(defaults::ACK_DEADLINE, |Period(deadline)| deadline);
        let (limit, longest) = longest_call(plugin);
        if deadline <= longest {
            let message = format!(
                "the ack_deadline of {} does not exceed the {limit} of {} of the plugin `{name}`",
                format_period(deadline),
                format_period(longest)
            );
            let help = format!(
                "set `ack_deadline` above {0}, or `plugins.{name}.limits.{limit}` below {1}",
                format_period(longest),
                format_period(deadline)
            );
            report.add(Code::AckDeadlineTooShort, on_deadline, message, help);
        }
    }
}

fn longest_call(plugin: &Plugin) -> (&'static str, Duration) {
    let limits = plugin.limits.as_ref();
    let batch = limits
        .and_then(|limits| limits.batch_timeout)
        .map_or(defaults::BATCH_TIMEOUT, |Period(limit)| limit);
    let single =
        limits.and_then(|limits| limits.timeout).map_or(defaults::TIMEOUT, |Period(limit)| limit);
    if single > batch { ("timeout", single) } else { ("batch_timeout", batch) }
}
