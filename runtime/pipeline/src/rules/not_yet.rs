//! MS0114, MS0404, MS0909: what the file format knows and this version does not do. It is refused
//! rather than ignored: a pipeline that runs does what its file says.

use millstream_formats::OciReference;

use super::Context;
use crate::code::Code;
use crate::declaration::{Plugin, Sink, Source};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, plugin) in context.plugins() {
        of_plugin(report, &route, plugin);
    }
    for (route, _, source) in context.sources() {
        refuse(report, Code::NotYet, &route, &of_source(source));
    }
    for (route, _, subscription) in context.subscriptions() {
        if let Some(sink) = &subscription.sink {
            refuse(report, Code::NotYet, &route.key("sink"), &of_sink(sink));
        }
    }
}

/// A key, whether it is used, and what to do instead.
type Use = (&'static str, bool, &'static str);

fn of_plugin(report: &mut Report, route: &Route, plugin: &Plugin) {
    if plugin.grants.as_ref().is_some_and(|grants| grants.keyvalue == Some(true)) {
        report.add(
            Code::KeyvalueEmpty,
            route.key("grants").key("keyvalue"),
            "`keyvalue` gives the plugin its interface, but no store stands behind it yet: every call answers an error".to_owned(),
            "leave it away unless the plugin can do without its store",
        );
    }
    if let Some(scheme) = plugin
        .source
        .as_deref()
        // What is wrong with a place in a registry is a rule of its own.
        .filter(|source| !OciReference::is_meant(source))
        .and_then(|source| source.split_once("://"))
        .map(|(scheme, _)| scheme)
    {
        let message = format!("a plugin from `{scheme}://` is not available yet");
        report.add(
            Code::SourceNotYet,
            route.key("source"),
            message,
            "name a plugin folder, a `.wasm` file, or `oci://registry/name:tag`",
        );
    }
}

fn of_source(source: &Source) -> [Use; 4] {
    const OTHERWISE: &str = "publish over HTTP, or use `file`, `stdin`, `http` or `schedule`";
    [
        ("nats", source.nats.is_some(), OTHERWISE),
        ("rabbitmq", source.rabbitmq.is_some(), OTHERWISE),
        ("kafka", source.kafka.is_some(), OTHERWISE),
        ("redis", source.redis.is_some(), OTHERWISE),
    ]
}

fn of_sink(sink: &Sink) -> [Use; 4] {
    const OTHERWISE: &str = "use `http`, `file`, `stdout` or `pass_through`";
    [
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
