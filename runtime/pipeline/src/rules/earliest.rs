//! MS0907: `from: earliest` where nothing earlier is kept.

use super::Context;
use crate::code::Code;
use crate::declaration::{Kind, StartFrom};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let (Some(StartFrom::Earliest), Some(name)) = (subscription.from, &subscription.topic)
        else {
            continue;
        };
        let Some(topic) = context.topic(name) else { continue };
        // Commands and dead letters are kept until they are handled, whoever comes when.
        let keeps = topic.kind != Some(Kind::Event) || topic.retains();
        if !keeps && !report.is_broken(&Route::of(["topics", name, "retain"])) {
            let message = format!("`{name}` keeps nothing: `earliest` is the same as `new`");
            let help = format!("add `retain: 24h` to `topics.{name}`, or write `new`");
            report.add(Code::EarliestIsNew, route.key("from"), message, help);
        }
    }
}
