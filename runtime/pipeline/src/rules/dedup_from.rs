//! MS0316: dedup ids are taken from payloads only for a topic that remembers them.

use super::Context;
use crate::code::Code;
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, source) in context.sources().filter(|(_, _, source)| source.dedup_from.is_some())
    {
        let Some(name) = &source.topic else { continue };
        let Some(topic) = context.topic(name) else { continue };
        if topic.dedup.is_none() && !report.is_broken(&Route::of(["topics", name, "dedup"])) {
            let message = format!("the topic `{name}` has no `dedup`: repeats would go through");
            let help =
                format!("add `dedup: {{ window: 10m }}` to `topics.{name}`, or leave it away");
            report.add(Code::DedupFromWithoutDedup, route.key("dedup_from"), message, help);
        }
    }
}
