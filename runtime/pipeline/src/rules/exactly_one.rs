//! MS0115: a subscription has one consumer, a source and a sink have one connector, a message one
//! key.

use super::Context;
use crate::code::Code;
use crate::declaration::{Sink, Source};
use crate::report::Report;
use crate::route::Route;
use crate::suggest;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, source) in context.sources() {
        one_of(report, &route, &source_connectors(source), &["file", "stdin", "http", "schedule"]);
        two_keys(report, &route, source);
    }
    for (route, _, subscription) in context.subscriptions() {
        let consumers =
            [("plugin", subscription.plugin.is_some()), ("sink", subscription.sink.is_some())];
        one_of(report, &route, &consumers, &["plugin", "sink"]);
        if let Some(sink) = &subscription.sink {
            one_of(
                report,
                &route.key("sink"),
                &sink_connectors(sink),
                &["file", "stdout", "pass_through", "http"],
            );
        }
    }
}

fn two_keys(report: &mut Report, route: &Route, source: &Source) {
    let key = source.schedule.as_ref().and_then(|schedule| schedule.key.as_ref());
    if key.is_some() && source.key_from.is_some() {
        let message = "`key` and `key_from` exclude each other".to_owned();
        report.add(Code::NotExactlyOne, route.key("key_from"), message, "keep one of them");
    }
}

fn source_connectors(source: &Source) -> [(&'static str, bool); 8] {
    [
        ("file", source.file.is_some()),
        ("stdin", source.stdin.is_some()),
        ("http", source.http.is_some()),
        ("schedule", source.schedule.is_some()),
        ("nats", source.nats.is_some()),
        ("rabbitmq", source.rabbitmq.is_some()),
        ("kafka", source.kafka.is_some()),
        ("redis", source.redis.is_some()),
    ]
}

fn sink_connectors(sink: &Sink) -> [(&'static str, bool); 8] {
    [
        ("file", sink.file.is_some()),
        ("stdout", sink.stdout.is_some()),
        ("pass_through", sink.pass_through.is_some()),
        ("http", sink.http.is_some()),
        ("nats", sink.nats.is_some()),
        ("rabbitmq", sink.rabbitmq.is_some()),
        ("kafka", sink.kafka.is_some()),
        ("redis", sink.redis.is_some()),
    ]
}

/// `offered` are the keys that work today.
fn one_of(report: &mut Report, route: &Route, keys: &[(&str, bool)], offered: &[&str]) {
    let broken = keys.iter().any(|(key, _)| report.is_broken(&route.key(key)));
    let given: Vec<&str> = keys.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
    if given.len() == 1 || broken {
        return;
    }
    let message = if given.is_empty() {
        format!("one of {} is missing", suggest::list(offered))
    } else {
        format!("{} exclude each other", suggest::list(&given))
    };
    report.add(
        Code::NotExactlyOne,
        route.clone(),
        message,
        format!("give exactly one of {}", suggest::list(offered)),
    );
}
