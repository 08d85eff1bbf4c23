//! MS0901: a topic that nobody reads or fills.

use std::collections::HashSet;

use super::Context;
use crate::code::Code;
use crate::declaration::{Kind, Topic};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let read: HashSet<&str> = context
        .subscriptions()
        .filter_map(|(_, _, subscription)| subscription.topic.as_deref())
        .collect();
    let fed: HashSet<&str> = context
        .subscriptions()
        .filter_map(|(_, _, subscription)| subscription.dead_letter.as_deref())
        .collect();
    if !context.topics_are_clear(report) {
        return;
    }
    for (route, name, topic) in context.topics() {
        let (message, help) = match topic.kind {
            Some(Kind::Event) if !read.contains(name) && !keeps(report, &route, topic) => (
                format!("no subscription reads `{name}`: its messages are gone at once"),
                "add a subscription, or `retain` to keep them for `tap`, or take the topic away",
            ),
            Some(Kind::Command) if !read.contains(name) => (
                format!("no subscription reads `{name}`: its messages pile up until it is full"),
                "add a subscription, or take the topic away",
            ),
            Some(Kind::DeadLetter) if !fed.contains(name) && !read.contains(name) => (
                format!("no subscription has `{name}` as its dead-letter topic"),
                "name it in a `dead_letter`, or take the topic away",
            ),
            _ => continue,
        };
        report.add(Code::UnreadTopic, route, message, help);
    }
}

/// Whether messages stay though nobody reads them; what was not understood may say so.
fn keeps(report: &Report, route: &Route, topic: &Topic) -> bool {
    topic.retains() || report.is_broken(&route.key("retain"))
}
