//! MS0902: a plugin that no subscription uses.

use std::collections::HashSet;

use super::Context;
use crate::code::Code;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let used: HashSet<&str> = context
        .subscriptions()
        .filter_map(|(_, _, subscription)| subscription.plugin.as_deref())
        .collect();
    if !context.plugins_are_clear(report) {
        return;
    }
    for (route, name, _) in context.plugins().filter(|(_, name, _)| !used.contains(name)) {
        let message = format!("no subscription uses the plugin `{name}`");
        report.add(
            Code::UnusedPlugin,
            route,
            message,
            "name it in a subscription, or take it away",
        );
    }
}
