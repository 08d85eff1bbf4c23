//! MS0310: the first wait is not longer than the longest.

use super::Context;
use crate::code::Code;
use crate::defaults;
use crate::forms::{Period, format_period};
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let Some(backoff) = subscription.retry.as_ref().and_then(|retry| retry.backoff.as_ref())
        else {
            continue;
        };
        let route = route.key("retry").key("backoff");
        if report.is_broken(&route.key("initial")) || report.is_broken(&route.key("max")) {
            continue;
        }
        let Period(initial) = backoff.initial.unwrap_or(Period(defaults::BACKOFF_INITIAL));
        let Period(max) = backoff.max.unwrap_or(Period(defaults::BACKOFF_MAX));
        if initial > max {
            let at = if backoff.initial.is_some() { "initial" } else { "max" };
            let message = format!(
                "the first wait of {} is longer than the longest of {}",
                format_period(initial),
                format_period(max)
            );
            report.add(
                Code::BackoffUpsideDown,
                route.key(at),
                message,
                "raise `max` or lower `initial`",
            );
        }
    }
}
