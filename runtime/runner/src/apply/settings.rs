//! The settings of a pipeline's parts as text, by their names in a pipeline file.

use std::fmt::Debug;

use millstream_pipeline::{
    Consumer, Plan, PluginPlan, RateLimit, SinkConnector, SourceConnector, SourcePlan,
    SubscriptionPlan, TopicPlan,
};

use super::step::Setting;

/// Settings and what they are.
pub(super) type Settings = Vec<(&'static str, String)>;

/// Longest value that is shown.
const SHOWN_MAX: usize = 100;

/// Those that differ.
pub(super) fn differences(before: Settings, now: Settings) -> Vec<Setting> {
    let pairs = before.into_iter().zip(now).filter(|((_, from), (_, to))| from != to);
    pairs
        .map(|((name, from), (_, to))| Setting {
            name: name.to_owned(),
            from: cut(from),
            to: cut(to),
        })
        .collect()
}

pub(super) fn topic(one: &TopicPlan) -> Settings {
    let dedup = one.dedup.map(|dedup| format!("{:?} {}", dedup.window, dedup.max_ids));
    vec![
        ("kind", word(&one.kind)),
        ("max_messages", one.max_messages.to_string()),
        ("max_bytes", one.max_bytes.to_string()),
        ("max_message", one.max_message.to_string()),
        ("publish_timeout", format!("{:?}", one.publish_timeout)),
        ("when_full", word(&one.when_full)),
        ("retain", format!("{:?}", one.retain)),
        ("dedup", or_none(dedup)),
        ("delay", format!("{:?}", one.delay)),
        ("expires_in", or_none(one.expires_in.map(|age| format!("{age:?}")))),
    ]
}

pub(super) fn subscription(plan: &Plan, one: &SubscriptionPlan) -> Settings {
    let topic = |place: usize| plan.topics[place].name.clone();
    let routes: Vec<String> = one.routes.iter().copied().map(topic).collect();
    let retry = &one.retry;
    let (initial, max) = (retry.initial, retry.max);
    vec![
        ("topic", topic(one.topic)),
        ("consumer", consumer(plan, &one.consumer)),
        ("output", or_none(one.output.map(topic))),
        ("routes", format!("[{}]", routes.join(", "))),
        ("concurrency", one.concurrency.to_string()),
        ("ordering", word(&one.ordering)),
        ("batch.max_messages", one.batch.max_messages.to_string()),
        ("batch.max_bytes", one.batch.max_bytes.to_string()),
        ("batch.max_wait", format!("{:?}", one.batch.max_wait)),
        ("ack_deadline", format!("{:?}", one.ack_deadline)),
        ("retry.max_attempts", retry.max_attempts.to_string()),
        ("retry.backoff", format!("{initial:?} ×{} {max:?} ±{}", retry.factor, retry.jitter)),
        ("dead_letter", or_none(one.dead_letter.map(topic))),
        ("on_dead_letter", word(&one.on_dead_letter)),
        ("on_expired", word(&one.on_expired)),
        ("max_parked", one.max_parked.to_string()),
        ("from", word(&one.from)),
        ("rate_limit", or_none(one.rate_limit.as_ref().map(rate))),
        ("filter", or_none(one.filter.clone())),
    ]
}

fn consumer(plan: &Plan, consumer: &Consumer) -> String {
    match consumer {
        Consumer::Plugin(place) => format!("plugin {}", plan.plugins[*place].name),
        Consumer::Sink(SinkConnector::File { path, whole }) => {
            format!("sink file {}{}", path.display(), if *whole { " (message)" } else { "" })
        }
        Consumer::Sink(SinkConnector::Stdout) => "sink stdout".to_owned(),
        Consumer::Sink(SinkConnector::PassThrough) => "sink pass_through".to_owned(),
        // Headers may be secrets: that they differ is said, not what they are.
        Consumer::Sink(SinkConnector::Http { url, timeout, headers }) => {
            let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
            format!("sink http {url} {timeout:?} {}", names.join(" ")).trim_end().to_owned()
        }
    }
}

/// `digest` is that of the bytes that its source names.
pub(super) fn plugin(one: &PluginPlan, digest: &str) -> Settings {
    let limits = &one.limits;
    vec![
        ("source", digest.to_owned()),
        ("config", one.config.to_string()),
        ("limits.timeout", format!("{:?}", limits.timeout)),
        ("limits.batch_timeout", format!("{:?}", limits.batch_timeout)),
        ("limits.memory", limits.memory.to_string()),
        ("limits.tables", limits.tables.to_string()),
        ("limits.instances", or_none(limits.instances.map(|number| number.to_string()))),
        ("limits.output", limits.output.to_string()),
        ("limits.batch_output", limits.batch_output.to_string()),
        ("limits.output_messages", limits.output_messages.to_string()),
        ("limits.batch_output_messages", limits.batch_output_messages.to_string()),
        ("limits.log_rate", rate(&limits.log_rate)),
        ("limits.log_bytes", limits.log_bytes.to_string()),
        ("limits.host_data", limits.host_data.to_string()),
        ("limits.compile_timeout", format!("{:?}", limits.compile.timeout)),
        ("limits.compile_memory", limits.compile.memory.to_string()),
        ("limits.compile_size", limits.compile.size.to_string()),
        ("grants.http", format!("[{}]", one.grants.http.join(", "))),
        ("grants.keyvalue", one.grants.keyvalue.to_string()),
    ]
}

pub(super) fn source(plan: &Plan, one: &SourcePlan) -> Settings {
    vec![
        ("topic", plan.topics[one.topic].name.clone()),
        ("connector", connector(&one.connector)),
        ("key_from", or_none(one.key_from.clone())),
        ("dedup_from", or_none(one.dedup_from.clone())),
    ]
}

fn connector(connector: &SourceConnector) -> String {
    match connector {
        SourceConnector::File { path, format, from_start } => {
            let from = if *from_start { " from_start" } else { "" };
            format!("file {} {}{from}", path.display(), word(format))
        }
        SourceConnector::Stdin { format } => format!("stdin {}", word(format)),
        SourceConnector::Http { path } => format!("http {path}"),
        SourceConnector::Schedule { cron, payload, key, headers } => {
            let said = [payload.clone(), key.clone()].into_iter().flatten();
            let headers = headers.iter().map(|(name, value)| format!("{name}: {value}"));
            let said: Vec<String> = said.chain(headers).collect();
            format!("schedule {cron} {}", said.join(" ")).trim_end().to_owned()
        }
    }
}

fn rate(rate: &RateLimit) -> String {
    format!("{}/{:?}", rate.messages, rate.per)
}

/// `DeadLetter` as a pipeline file has it: `dead_letter`.
pub(super) fn word(choice: &impl Debug) -> String {
    let mut word = String::new();
    for letter in format!("{choice:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

fn or_none(value: Option<String>) -> String {
    value.unwrap_or_else(|| "none".to_owned())
}

fn cut(value: String) -> String {
    match value.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}
