//! Many messages through one host, in each language: nothing traps, nothing is lost, and memory stays
//! where the limit says, by instances that are replaced once they have grown.
//!
//! `make soak MESSAGES=n` says how many; `make test` sends a few.

use millstream_tests::{
    Api, DEAD_LETTERS, DEPARTURES, Example, Host, Input, NOTIFICATIONS, Project, Summary, figure,
    plugin, ready_examples, recommended_memory, tell, week,
};
use serde_json::Value;

/// Messages to a language, unless `MILLSTREAM_MESSAGES` says otherwise.
const MESSAGES: u64 = 12_000;
/// What the host itself may take: a bounded topic, and machine code that is mapped.
const HOST_BYTES_MAX: u64 = 256 << 20;

#[test]
fn many_messages_leave_every_language_as_it_was() {
    let messages = std::env::var("MILLSTREAM_MESSAGES")
        .map_or(MESSAGES, |text| text.parse().expect("MILLSTREAM_MESSAGES is a number"));
    for example in ready_examples() {
        // Its collector once began while the host handed over a batch, after some ten thousand messages.
        let factor = if example.toolchain == "go" { 4 } else { 1 };
        soak(example, (messages * factor).div_ceil(DEPARTURES));
    }
}

/// The week of flights, so many times.
fn soak(example: &Example, weeks: u64) {
    let project = Project::new();
    let limit = recommended_memory(example.toolchain);
    let pipeline = project.write("soak.yaml", pipeline(example, &limit));
    let mut host = Host::start(&pipeline, Input::Piped, &["--drain"]);
    let week = week();
    for _ in 0..weeks {
        host.write(&week).expect("the host takes it");
    }
    let (api, language) = (host.api(), example.language);
    api.subscription_until("find-delays", |found| settled(found) == weeks * DEPARTURES);
    api.subscription_until("notify-desk", |found| settled(found) == weeks * NOTIFICATIONS);
    api.adds_up();
    let (metrics, peak) = (metrics(&api), host.peak_memory());
    host.end_input();
    let summary = Summary::of(&host.finish().success());
    summary.adds_up();
    assert_eq!(summary.topic("notify", "published"), weeks * NOTIFICATIONS, "{language}");
    assert_eq!(summary.topic("dead", "published"), weeks * DEAD_LETTERS, "{language}");
    assert_eq!(summary.failures("delays"), 0, "{language}: {metrics:#}");
    tell(&format!("{language}: {}; the host {} MiB", told(&metrics, &limit), peak >> 20));
    assert!(figure(&metrics, "memory_peak") <= bytes(&limit), "{language}: {metrics:#}");
    assert!(peak <= bytes(&limit) + HOST_BYTES_MAX, "{language}: the host took {peak} bytes");
}

/// The topic holds little, so that whoever writes waits for the plugin.
fn pipeline(example: &Example, memory: &str) -> String {
    format!(
        "pipeline: soak\n\
         topics:\n  departures: {{ kind: event, max_messages: 10000 }}\n  notify: {{ kind: command }}\n  \
         dead: {{ kind: dead_letter }}\n\
         plugins:\n  delays:\n    source: {}\n    limits: {{ memory: {memory}, timeout: 5s, batch_timeout: 20s, compile_timeout: 10m }}\n\
         sources:\n  week: {{ stdin: {{ format: ndjson }}, topic: departures, key_from: /carrier }}\n\
         subscriptions:\n  find-delays: {{ topic: departures, plugin: delays, output: notify, dead_letter: dead }}\n  \
         notify-desk: {{ topic: notify, sink: {{ file: {{ path: notifications.ndjson }} }}, dead_letter: dead }}\n",
        plugin(example.plugin).display()
    )
}

fn settled(figures: &Value) -> u64 {
    figure(figures, "handled") + figure(figures, "dead_lettered")
}

fn metrics(api: &Api) -> Value {
    let (status, found) = api.get("/v1/plugins/delays");
    assert_eq!(status, 200, "{found}");
    found["metrics"].clone()
}

/// What a limit such as `64MiB` is.
fn bytes(limit: &str) -> u64 {
    let mib = limit.strip_suffix("MiB").and_then(|number| number.parse::<u64>().ok());
    mib.expect("the templates limit memory in MiB") << 20
}

fn told(metrics: &Value, limit: &str) -> String {
    let mib = |name: &str| figure(metrics, name) as f64 / f64::from(1 << 20);
    let cpu = metrics["cpu_ms"].as_f64().expect("its time is measured");
    let messages = figure(metrics, "messages");
    format!(
        "{messages} messages, {:.1} µs each; of {limit} an instance took at most {:.1} MiB, at the end \
         {:.1} MiB; {} instances, {} of them replaced",
        cpu * 1e3 / messages as f64,
        mib("memory_peak"),
        mib("memory"),
        figure(metrics, "starts"),
        figure(metrics, "recycled"),
    )
}
