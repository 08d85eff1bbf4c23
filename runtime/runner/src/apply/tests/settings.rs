//! Each setting that differs is named, and no other one.

use std::path::Path;
use std::sync::Arc;

use millstream_pipeline::Plan;

use crate::apply::settings::{self, Settings, differences};

/// A plan with one topic, plugin, source and subscription that have these settings.
fn plan([topic, plugin, source, subscription]: [&str; 4]) -> Arc<Plan> {
    let text = format!(
        "pipeline: p\n\
         topics:\n  in: {{ {topic} }}\n  other: {{ kind: event }}\n  out: {{ kind: event }}\n  \
         side: {{ kind: event }}\n  dead: {{ kind: dead_letter }}\n\
         plugins:\n  guest: {{ {plugin} }}\n  spare: {{ source: spare.wasm }}\n\
         sources:\n  lines: {{ {source} }}\n\
         subscriptions:\n  work: {{ {subscription} }}\n"
    );
    crate::tests::plan(&text, Path::new("."))
}

const TOPIC: &str = "kind: event";
const PLUGIN: &str = "source: guest.wasm";
const SOURCE: &str = "topic: in, file: { path: a, format: lines }";
const WORK: &str = "topic: in, plugin: guest, output: out, dead_letter: dead";

/// The names of what differs between the part of two plans.
fn named(before: Settings, now: Settings) -> String {
    let names: Vec<String> = differences(before, now).into_iter().map(|one| one.name).collect();
    names.join(" ")
}

#[test]
fn of_a_topic_each_setting_that_differs_is_named_alone() {
    let of = |text| settings::topic(&plan([text, PLUGIN, SOURCE, WORK]).topics[0]);
    let cases = [
        (TOPIC, ""),
        ("kind: command", "kind"),
        ("kind: event, max_messages: 9", "max_messages"),
        ("kind: event, max_bytes: 9MiB", "max_bytes"),
        ("kind: event, max_message: 9KiB", "max_message"),
        ("kind: event, publish_timeout: 9s", "publish_timeout"),
        ("kind: event, when_full: reject", "when_full"),
        ("kind: event, retain: 9s", "retain"),
        ("kind: event, dedup: { window: 9s }", "dedup"),
        ("kind: event, delay: 9s", "delay"),
        ("kind: event, expires_in: 9s", "expires_in"),
    ];
    for (text, name) in cases {
        assert_eq!(named(of(TOPIC), of(text)), name, "{text}");
    }
    let [by_window, by_ids] = ["window: 9s", "window: 9s, max_ids: 9"]
        .map(|dedup| format!("{TOPIC}, dedup: {{ {dedup} }}"));
    assert_eq!(named(of(&by_window), of(&by_ids)), "dedup");
}

#[test]
fn of_a_plugin_each_setting_that_differs_is_named_alone() {
    let of = |more: &str, digest: &str| {
        let text = format!("{PLUGIN}{more}");
        settings::plugin(&plan([TOPIC, &text, SOURCE, WORK]).plugins[0], digest)
    };
    let before = || of("", "a");
    assert_eq!(named(before(), of("", "b")), "source", "by what the source holds");
    let elsewhere = plan([TOPIC, "source: elsewhere.wasm", SOURCE, WORK]);
    assert_eq!(named(before(), settings::plugin(&elsewhere.plugins[0], "a")), "");
    let limits = [
        ("timeout", "900ms"),
        ("batch_timeout", "9s"),
        ("memory", "9MiB"),
        ("tables", "9"),
        ("instances", "9"),
        ("output", "9KiB"),
        ("batch_output", "9MiB"),
        ("output_messages", "9"),
        ("batch_output_messages", "9"),
        ("log_rate", "9/s"),
        ("log_bytes", "9KiB"),
        ("host_data", "9MiB"),
        ("compile_timeout", "9s"),
        ("compile_memory", "900MiB"),
        ("compile_size", "9MiB"),
    ];
    for (name, value) in limits {
        let now = of(&format!(", limits: {{ {name}: {value} }}"), "a");
        assert_eq!(named(before(), now), format!("limits.{name}"));
    }
    for (more, name) in [
        (", config: { a: 1 }", "config"),
        (", grants: { http: [\"https://a.example\"] }", "grants.http"),
        (", grants: { keyvalue: true }", "grants.keyvalue"),
    ] {
        assert_eq!(named(before(), of(more, "a")), name);
    }
}

#[test]
fn of_a_source_each_setting_that_differs_is_named_alone() {
    let of = |text: &str| {
        let plan = plan(["kind: event, dedup: { window: 1m }", PLUGIN, text, WORK]);
        settings::source(&plan, &plan.sources[0])
    };
    let cases = [
        (SOURCE.to_owned(), ""),
        (SOURCE.replace("topic: in", "topic: out"), "topic"),
        (SOURCE.replace("path: a", "path: b"), "connector"),
        (SOURCE.replace("lines", "ndjson"), "connector"),
        (SOURCE.replace("lines", "lines, from_start: true"), "connector"),
        (
            SOURCE.replace("file: { path: a, format: lines }", "stdin: { format: lines }"),
            "connector",
        ),
        (SOURCE.replace("file: { path: a, format: lines }", "http: { path: /a }"), "connector"),
        (
            SOURCE.replace("file: { path: a, format: lines }", "schedule: { cron: '* * * * *' }"),
            "connector",
        ),
        (format!("{SOURCE}, key_from: /a"), "key_from"),
        (format!("{SOURCE}, dedup_from: /a"), "dedup_from"),
    ];
    for (text, name) in cases {
        assert_eq!(named(of(SOURCE), of(&text)), name, "{text}");
    }
}

#[test]
fn of_a_subscription_each_setting_that_differs_is_named_alone() {
    let of = |text: &str| {
        let plan = plan([TOPIC, PLUGIN, SOURCE, text]);
        settings::subscription(&plan, &plan.subscriptions[0])
    };
    let sink = |sink: &str| WORK.replace("plugin: guest, output: out", sink);
    let cases = [
        (WORK.to_owned(), ""),
        (WORK.replace("topic: in", "topic: other"), "topic"),
        (WORK.replace("plugin: guest", "plugin: spare"), "consumer"),
        (WORK.replace("output: out", "output: side"), "output"),
        (WORK.replace("dead_letter: dead", "on_exhausted: drop"), "dead_letter on_expired"),
        (sink("sink: { stdout: {} }"), "consumer output"),
        (format!("{WORK}, routes: [side]"), "routes"),
        (format!("{WORK}, concurrency: 9"), "concurrency"),
        (format!("{WORK}, ordering: key"), "ordering"),
        (format!("{WORK}, batch: {{ max_messages: 9 }}"), "batch.max_messages"),
        (format!("{WORK}, batch: {{ max_bytes: 9MiB }}"), "batch.max_bytes"),
        (format!("{WORK}, batch: {{ max_wait: 9ms }}"), "batch.max_wait"),
        (format!("{WORK}, ack_deadline: 9s"), "ack_deadline"),
        (format!("{WORK}, retry: {{ max_attempts: 9 }}"), "retry.max_attempts"),
        (format!("{WORK}, retry: {{ backoff: {{ initial: 9ms }} }}"), "retry.backoff"),
        (format!("{WORK}, retry: {{ backoff: {{ factor: 9 }} }}"), "retry.backoff"),
        (format!("{WORK}, retry: {{ backoff: {{ max: 9s }} }}"), "retry.backoff"),
        (format!("{WORK}, retry: {{ backoff: {{ jitter: 0.9 }} }}"), "retry.backoff"),
        (format!("{WORK}, ordering: key, on_dead_letter: park_key"), "ordering on_dead_letter"),
        (format!("{WORK}, on_expired: drop"), "on_expired"),
        (format!("{WORK}, max_parked: 9"), "max_parked"),
        (format!("{WORK}, from: earliest"), "from"),
        (format!("{WORK}, rate_limit: 9/s"), "rate_limit"),
        (format!("{WORK}, filter: 'true'"), "filter"),
    ];
    for (text, names) in cases {
        assert_eq!(named(of(WORK), of(&text)), names, "{text}");
    }
    let file = |rules: &str| of(&sink(&format!("sink: {{ file: {{ {rules} }} }}")));
    assert_eq!(named(file("path: x"), file("path: y")), "consumer");
    assert_eq!(named(file("path: x"), file("path: x, form: message")), "consumer");
}

#[test]
fn what_a_header_says_is_never_shown_and_a_long_value_is_cut() {
    let url = "url: 'http://127.0.0.1:1/', headers: { authorization: secret }";
    let sink = format!("sink: {{ http: {{ {url} }} }}");
    let filter = format!("key == \"{}\"", "x".repeat(500));
    let text = format!("{}, filter: '{filter}'", WORK.replace("plugin: guest, output: out", &sink));
    let before = plan([TOPIC, PLUGIN, SOURCE, WORK]);
    let now = plan([TOPIC, PLUGIN, SOURCE, &text]);
    let of = |plan: &Plan| settings::subscription(plan, &plan.subscriptions[0]);
    let differ = differences(of(&before), of(&now));
    let to = |name: &str| differ.iter().find(|one| one.name == name).map(|one| one.to.as_str());
    let consumer = to("consumer").unwrap();
    assert!(consumer.contains("authorization") && !consumer.contains("secret"), "{consumer}");
    assert_eq!(to("filter").unwrap(), format!("{}…", &filter[..100]));
}
