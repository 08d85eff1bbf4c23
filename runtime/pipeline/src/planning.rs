//! From what was typed to what is meant. Runs only on a file without errors, so that nothing it
//! needs is missing; should a check have a gap, the route of what is missing comes back instead.

use std::path::PathBuf;

use crate::declaration::{
    Backoff, Batch, Format as TypedFormat, Kind, Plugin, Sink, Source, Subscription, Topic,
};
use crate::defaults;
use crate::forms::{Bytes, Count, Period};
use crate::plan::{
    BatchPlan, ComponentSource, Consumer, Format, Limits, Plan, PluginPlan, RetryPlan,
    SinkConnector, SourceConnector, SourcePlan, SubscriptionPlan, TopicKind, TopicPlan,
};
use crate::route::Route;
use crate::rules::Context;

type Planned<T> = Result<T, Route>;

/// The plan of a file without errors, or the route of what no check missed.
pub(crate) fn plan(context: &Context<'_>) -> Planned<Plan> {
    let name = context.declaration.pipeline.as_ref().ok_or_else(|| Route::of(["pipeline"]))?;
    Ok(Plan {
        name: name.0.clone(),
        topics: context
            .topics()
            .map(|(route, name, topic)| plan_topic(&route, name, topic))
            .collect::<Planned<_>>()?,
        plugins: context
            .plugins()
            .map(|(route, name, plugin)| plan_plugin(context, &route, name, plugin))
            .collect::<Planned<_>>()?,
        sources: context
            .sources()
            .map(|(route, name, source)| plan_source(context, &route, name, source))
            .collect::<Planned<_>>()?,
        subscriptions: context
            .subscriptions()
            .map(|(route, name, subscription)| {
                plan_subscription(context, &route, name, subscription)
            })
            .collect::<Planned<_>>()?,
    })
}

/// Where the component of a plugin is; `None` for what this version cannot fetch.
pub(crate) fn component(source: &str, path: impl Fn(&str) -> PathBuf) -> Option<ComponentSource> {
    if source.contains("://") {
        return None;
    }
    let path = path(source);
    let is_file = path.extension().is_some_and(|extension| extension == "wasm");
    Some(if is_file { ComponentSource::File(path) } else { ComponentSource::Folder(path) })
}

fn plan_topic(route: &Route, name: &str, topic: &Topic) -> Planned<TopicPlan> {
    let kind = match topic.kind.ok_or_else(|| route.key("kind"))? {
        Kind::Event => TopicKind::Event,
        Kind::Command => TopicKind::Command,
        Kind::DeadLetter => TopicKind::DeadLetter,
    };
    Ok(TopicPlan {
        name: name.to_owned(),
        kind,
        max_messages: topic.max_messages.map_or(defaults::MAX_MESSAGES, |Count(count)| count),
        max_bytes: bytes(topic.max_bytes, defaults::MAX_BYTES),
        max_message: bytes(topic.max_message, defaults::MAX_MESSAGE),
        publish_timeout: period(topic.publish_timeout, defaults::PUBLISH_TIMEOUT),
    })
}

fn plan_plugin(
    context: &Context<'_>,
    route: &Route,
    name: &str,
    plugin: &Plugin,
) -> Planned<PluginPlan> {
    let source =
        plugin.source.as_deref().and_then(|source| component(source, |typed| context.path(typed)));
    let limits = plugin.limits.as_ref();
    Ok(PluginPlan {
        name: name.to_owned(),
        source: source.ok_or_else(|| route.key("source"))?,
        config: serde_json::Value::Object(plugin.config.clone().unwrap_or_default()),
        limits: Limits {
            timeout: period(limits.and_then(|limits| limits.timeout), defaults::TIMEOUT),
            batch_timeout: period(
                limits.and_then(|limits| limits.batch_timeout),
                defaults::BATCH_TIMEOUT,
            ),
            memory: bytes(limits.and_then(|limits| limits.memory), defaults::MEMORY),
            output: bytes(limits.and_then(|limits| limits.output), defaults::OUTPUT),
            batch_output: bytes(
                limits.and_then(|limits| limits.batch_output),
                defaults::BATCH_OUTPUT,
            ),
        },
    })
}

fn plan_source(
    context: &Context<'_>,
    route: &Route,
    name: &str,
    source: &Source,
) -> Planned<SourcePlan> {
    Ok(SourcePlan {
        name: name.to_owned(),
        topic: topic_of(context, source.topic.as_deref(), route.key("topic"))?,
        connector: source_connector(context, source).ok_or_else(|| route.clone())?,
        key_from: source.key_from.as_ref().map(|pointer| pointer.0.clone()),
    })
}

fn source_connector(context: &Context<'_>, source: &Source) -> Option<SourceConnector> {
    if let Some(file) = &source.file {
        let path = context.path(file.path.as_deref()?);
        return Some(SourceConnector::File { path, format: format(file.format?) });
    }
    if let Some(stdin) = &source.stdin {
        return Some(SourceConnector::Stdin { format: format(stdin.format?) });
    }
    Some(SourceConnector::Http { path: source.http.as_ref()?.path.clone()? })
}

fn plan_subscription(
    context: &Context<'_>,
    route: &Route,
    name: &str,
    subscription: &Subscription,
) -> Planned<SubscriptionPlan> {
    let target = |name: &Option<String>, key| {
        name.as_deref().map(|name| topic_of(context, Some(name), route.key(key))).transpose()
    };
    let output = target(&subscription.output, "output")?;
    let retry = subscription.retry.as_ref();
    Ok(SubscriptionPlan {
        name: name.to_owned(),
        topic: topic_of(context, subscription.topic.as_deref(), route.key("topic"))?,
        consumer: consumer(context, subscription).ok_or_else(|| route.clone())?,
        output,
        routes: routes(context, route, subscription, output)?,
        concurrency: small(subscription.concurrency, defaults::CONCURRENCY),
        batch: plan_batch(subscription.batch.as_ref()),
        ack_deadline: period(subscription.ack_deadline, defaults::ACK_DEADLINE),
        retry: plan_retry(
            retry.and_then(|retry| retry.max_attempts),
            retry.and_then(|retry| retry.backoff.as_ref()),
        ),
        dead_letter: target(&subscription.dead_letter, "dead_letter")?,
        max_parked: subscription.max_parked.map_or(defaults::MAX_PARKED, |Count(count)| count),
    })
}

/// Each further topic once; a repeat is only worth a warning.
fn routes(
    context: &Context<'_>,
    route: &Route,
    subscription: &Subscription,
    output: Option<usize>,
) -> Planned<Vec<usize>> {
    let mut routes = Vec::new();
    for (index, name) in subscription.routes.iter().flatten().enumerate() {
        let topic = topic_of(context, Some(name), route.key("routes").index(index))?;
        if Some(topic) != output && !routes.contains(&topic) {
            routes.push(topic);
        }
    }
    Ok(routes)
}

fn consumer(context: &Context<'_>, subscription: &Subscription) -> Option<Consumer> {
    match (&subscription.plugin, &subscription.sink) {
        (Some(plugin), None) => context.plugin_index(plugin).map(Consumer::Plugin),
        (None, Some(sink)) => sink_connector(context, sink).map(Consumer::Sink),
        _ => None,
    }
}

fn sink_connector(context: &Context<'_>, sink: &Sink) -> Option<SinkConnector> {
    if let Some(file) = &sink.file {
        return Some(SinkConnector::File { path: context.path(file.path.as_deref()?) });
    }
    match (&sink.stdout, &sink.pass_through) {
        (Some(_), None) => Some(SinkConnector::Stdout),
        (None, Some(_)) => Some(SinkConnector::PassThrough),
        _ => None,
    }
}

fn plan_batch(batch: Option<&Batch>) -> BatchPlan {
    BatchPlan {
        max_messages: small(batch.and_then(|batch| batch.max_messages), defaults::BATCH_MESSAGES),
        max_bytes: bytes(batch.and_then(|batch| batch.max_bytes), defaults::BATCH_BYTES),
        max_wait: period(batch.and_then(|batch| batch.max_wait), defaults::BATCH_WAIT),
    }
}

fn plan_retry(max_attempts: Option<Count>, backoff: Option<&Backoff>) -> RetryPlan {
    RetryPlan {
        max_attempts: small(max_attempts, defaults::MAX_ATTEMPTS),
        initial: period(backoff.and_then(|backoff| backoff.initial), defaults::BACKOFF_INITIAL),
        factor: backoff.and_then(|backoff| backoff.factor).unwrap_or(defaults::BACKOFF_FACTOR),
        max: period(backoff.and_then(|backoff| backoff.max), defaults::BACKOFF_MAX),
        jitter: backoff.and_then(|backoff| backoff.jitter).unwrap_or(defaults::BACKOFF_JITTER),
    }
}

fn topic_of(context: &Context<'_>, name: Option<&str>, route: Route) -> Planned<usize> {
    name.and_then(|name| context.topic_index(name)).ok_or(route)
}

fn format(format: TypedFormat) -> Format {
    match format {
        TypedFormat::Ndjson => Format::Ndjson,
        TypedFormat::Lines => Format::Lines,
    }
}

fn bytes(typed: Option<Bytes>, default: u64) -> u64 {
    typed.map_or(default, |Bytes(bytes)| bytes)
}

fn period(typed: Option<Period>, default: std::time::Duration) -> std::time::Duration {
    typed.map_or(default, |Period(period)| period)
}

/// The schema bounds these counts far below 32 bits.
fn small(typed: Option<Count>, default: u32) -> u32 {
    typed.map_or(default, |Count(count)| u32::try_from(count).unwrap_or(u32::MAX))
}
