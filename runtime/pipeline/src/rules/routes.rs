//! MS0903, MS0904: routes that are probably not what was meant.

use super::Context;
use crate::code::Code;
use crate::declaration::Subscription;
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        repeated(report, &route, subscription);
        let without_output =
            subscription.output.is_none() && !report.is_broken(&route.key("output"));
        let has_routes = subscription.routes.as_ref().is_some_and(|routes| !routes.is_empty());
        if subscription.plugin.is_some() && has_routes && without_output {
            let message = "there are `routes` but no `output`: an output that names no topic fails its message".to_owned();
            report.add(
                Code::RoutesWithoutOutput,
                route.key("routes"),
                message,
                "name the usual topic in `output`",
            );
        }
    }
}

fn repeated(report: &mut Report, route: &Route, subscription: &Subscription) {
    let mut seen: Vec<&str> = subscription.output.iter().map(String::as_str).collect();
    for (index, target) in subscription.routes.iter().flatten().enumerate() {
        if report.is_full() {
            return;
        }
        if seen.contains(&target.as_str()) {
            let message = format!("`{target}` is named twice");
            let help = "`output` is a route without being listed; keep each topic once";
            report.add(Code::RepeatedRoute, route.key("routes").index(index), message, help);
        } else {
            seen.push(target);
        }
    }
}
