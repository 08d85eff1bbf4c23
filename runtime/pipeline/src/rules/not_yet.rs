//! MS0114, MS0403, MS0404: what the file format knows and this version does not do. It is refused
//! rather than ignored: a pipeline that runs does what its file says.

use super::Context;
use crate::code::Code;
use crate::declaration::{
    From, HttpGrant, OnDeadLetter, Ordering, Plugin, Sink, Source, Subscription, Topic, WhenFull,
};
use crate::forms::Period;
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, topic) in context.topics() {
        refuse(report, Code::NotYet, &route, &of_topic(topic));
    }
    for (route, _, plugin) in context.plugins() {
        of_plugin(report, &route, plugin);
    }
    for (route, _, source) in context.sources() {
        refuse(report, Code::NotYet, &route, &of_source(source));
    }
    for (route, _, subscription) in context.subscriptions() {
        refuse(report, Code::NotYet, &route, &of_subscription(subscription));
        if let Some(sink) = &subscription.sink {
            refuse(report, Code::NotYet, &route.key("sink"), &of_sink(sink));
        }
    }
}

/// A key, whether it is used, and what to do instead.
type Use = (&'static str, bool, &'static str);

fn of_topic(topic: &Topic) -> [Use; 5] {
    let some_time = |period: Option<Period>| period.is_some_and(|Period(period)| !period.is_zero());
    [
        ("dedup", topic.dedup.is_some(), "leave it away and let the plugin drop repeats"),
        (
            "retain",
            some_time(topic.retain),
            "leave it away: a message is kept until every subscription has settled it; a subscription with a `file` sink keeps a copy",
        ),
        (
            "when_full",
            matches!(topic.when_full, Some(WhenFull::Reject | WhenFull::DropOldest)),
            "leave it away, or write `block`: a publish waits `publish_timeout` for room",
        ),
        ("delay", some_time(topic.delay), "leave it away: messages are visible at once"),
        (
            "expires_in",
            topic.expires_in.is_some(),
            "leave it away and let the plugin reject what is too old",
        ),
    ]
}

fn of_plugin(report: &mut Report, route: &Route, plugin: &Plugin) {
    if let Some(grants) = &plugin.grants {
        let uses = [
            (
                "keyvalue",
                grants.keyvalue == Some(true),
                "leave it away: a plugin keeps no state between calls",
            ),
            (
                "http",
                grants.http.as_ref().is_some_and(HttpGrant::grants_anything),
                "leave it away: a plugin calls no hosts",
            ),
        ];
        refuse(report, Code::GrantNotYet, &route.key("grants"), &uses);
    }
    if let Some(scheme) = plugin
        .source
        .as_deref()
        .and_then(|source| source.split_once("://"))
        .map(|(scheme, _)| scheme)
    {
        let message = format!("a plugin from `{scheme}://` is not available yet");
        report.add(
            Code::SourceNotYet,
            route.key("source"),
            message,
            "name a plugin folder or a `.wasm` file",
        );
    }
}

fn of_source(source: &Source) -> [Use; 6] {
    const OTHERWISE: &str = "publish over HTTP, or use `file`, `stdin` or `http`";
    [
        ("schedule", source.schedule.is_some(), "let cron call `millstream publish`"),
        ("nats", source.nats.is_some(), OTHERWISE),
        ("rabbitmq", source.rabbitmq.is_some(), OTHERWISE),
        ("kafka", source.kafka.is_some(), OTHERWISE),
        ("redis", source.redis.is_some(), OTHERWISE),
        (
            "dedup_from",
            source.dedup_from.is_some(),
            "leave it away and let the plugin drop repeats",
        ),
    ]
}

fn of_subscription(subscription: &Subscription) -> [Use; 5] {
    [
        (
            "ordering",
            matches!(subscription.ordering, Some(Ordering::Key | Ordering::Strict)),
            "leave it away, or write `none`",
        ),
        (
            "rate_limit",
            subscription.rate_limit.is_some(),
            "leave it away; `concurrency: 1` and a small batch slow a subscription down",
        ),
        (
            "filter",
            subscription.filter.is_some(),
            "leave it away and let the plugin answer such messages with nothing",
        ),
        ("from", subscription.from == Some(From::Earliest), "leave it away, or write `new`"),
        (
            "on_dead_letter",
            subscription.on_dead_letter == Some(OnDeadLetter::ParkKey),
            "leave it away, or write `continue`",
        ),
    ]
}

fn of_sink(sink: &Sink) -> [Use; 5] {
    const OTHERWISE: &str = "use `file`, `stdout` or `pass_through`";
    [
        ("http", sink.http.is_some(), OTHERWISE),
        ("nats", sink.nats.is_some(), OTHERWISE),
        ("rabbitmq", sink.rabbitmq.is_some(), OTHERWISE),
        ("kafka", sink.kafka.is_some(), OTHERWISE),
        ("redis", sink.redis.is_some(), OTHERWISE),
    ]
}

fn refuse(report: &mut Report, code: Code, route: &Route, uses: &[Use]) {
    for (key, _, instead) in uses.iter().filter(|(_, used, _)| *used) {
        report.add(
            code,
            route.key(key),
            format!("`{key}` is not available yet with this value"),
            *instead,
        );
    }
}
