//! MS0203, MS0204, MS0302, MS0303: where messages go that will not be tried again.

use super::Context;
use crate::code::Code;
use crate::declaration::{Kind, OnExhausted, OnExpired, Subscription};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let on_route = route.key("dead_letter");
        match (&subscription.dead_letter, subscription.on_exhausted) {
            (Some(_), Some(OnExhausted::Drop)) => contradiction(report, route.key("on_exhausted")),
            (Some(topic), _) => check_topic(context, report, on_route, topic, subscription),
            (None, Some(OnExhausted::Drop)) => expired(report, &route, subscription),
            (None, _)
                if report.is_broken(&on_route) || report.is_broken(&route.key("on_exhausted")) => {}
            (None, _) => missing(context, report, route),
        }
    }
}

fn contradiction(report: &mut Report, route: Route) {
    let message = "`on_exhausted: drop` contradicts `dead_letter`".to_owned();
    report.add(
        Code::DropAndDeadLetter,
        route,
        message,
        "keep `dead_letter` to keep the messages, or `on_exhausted: drop` to lose them",
    );
}

fn check_topic(
    context: &Context<'_>,
    report: &mut Report,
    route: Route,
    topic: &str,
    subscription: &Subscription,
) {
    if subscription.topic.as_deref() == Some(topic) {
        let message = format!(
            "`{topic}` would be its own dead-letter topic: a message that fails would come back for ever"
        );
        report.add(
            Code::OwnDeadLetterTopic,
            route,
            message,
            "name another topic, or say `on_exhausted: drop`",
        );
    } else if context.kind(topic).is_some_and(|kind| kind != Kind::DeadLetter) {
        let message = format!("the topic `{topic}` is not of kind dead_letter");
        report.add(
            Code::NotADeadLetterTopic,
            route,
            message,
            format!("name a topic of `kind: dead_letter`{}", candidate(context)),
        );
    }
}

fn missing(context: &Context<'_>, report: &mut Report, route: Route) {
    let message = "nothing says where messages go that fail for good".to_owned();
    let help = format!(
        "add `dead_letter: TOPIC`{}, or `on_exhausted: drop` to lose them",
        candidate(context)
    );
    report.add(Code::MissingDeadLetter, route, message, help);
}

/// Expired messages can be kept only where exhausted ones are.
fn expired(report: &mut Report, route: &Route, subscription: &Subscription) {
    let unknown = report.is_broken(&route.key("dead_letter"));
    if subscription.on_expired == Some(OnExpired::DeadLetter) && !unknown {
        let message = "nothing says where messages go that have expired".to_owned();
        let help = "name a `dead_letter` topic instead of `on_exhausted: drop`, or write `on_expired: drop`";
        report.add(Code::MissingDeadLetter, route.key("on_expired"), message, help);
    }
}

/// The topic that was probably meant.
fn candidate(context: &Context<'_>) -> String {
    let first = context.topics().find(|(_, _, topic)| topic.kind == Some(Kind::DeadLetter));
    first.map(|(_, name, _)| format!(", such as `{name}`")).unwrap_or_default()
}
