//! MS0306, MS0307, MS0308: outputs come from plugins and pass_through, and go to ordinary topics.

use super::Context;
use crate::code::Code;
use crate::declaration::{Kind, Subscription};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, source) in context.sources() {
        into_dead_letters(context, report, route.key("topic"), source.topic.as_deref());
    }
    for (route, _, subscription) in context.subscriptions() {
        into_dead_letters(context, report, route.key("output"), subscription.output.as_deref());
        for (index, target) in subscription.routes.iter().flatten().enumerate() {
            into_dead_letters(context, report, route.key("routes").index(index), Some(target));
        }
        of_sink(report, &route, subscription);
    }
}

/// A dead letter tells its story in headers; a message that comes another way has none.
fn into_dead_letters(
    context: &Context<'_>,
    report: &mut Report,
    route: Route,
    topic: Option<&str>,
) {
    let Some(topic) = topic.filter(|topic| context.kind(topic) == Some(Kind::DeadLetter)) else {
        return;
    };
    let message = format!("`{topic}` is a dead-letter topic; only messages that failed come there");
    report.add(Code::IntoDeadLetterTopic, route, message, "name a topic of `kind: event` or `kind: command`; a plugin rejects a message to dead-letter it");
}

fn of_sink(report: &mut Report, route: &Route, subscription: &Subscription) {
    let Some(sink) = subscription.sink.as_ref().filter(|_| subscription.plugin.is_none()) else {
        return;
    };
    if sink.pass_through.is_some() {
        if subscription.output.is_none() && !report.is_broken(&route.key("output")) {
            let message = "`pass_through` has no topic to hand messages on to".to_owned();
            report.add(Code::MissingOutput, route.clone(), message, "add `output: TOPIC`");
        }
    } else if subscription.output.is_some() {
        add_useless(report, route.key("output"), "this sink puts nothing out");
    }
    if subscription.routes.is_some() {
        let why = if sink.pass_through.is_some() {
            "`pass_through` knows only `output`"
        } else {
            "this sink puts nothing out"
        };
        add_useless(report, route.key("routes"), why);
    }
}

fn add_useless(report: &mut Report, route: Route, why: &str) {
    report.add(
        Code::OutputOfSink,
        route,
        why.to_owned(),
        "take it away; plugins have `output` and `routes`, `pass_through` has `output`",
    );
}
