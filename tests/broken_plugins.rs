//! A plugin that fails again and again is shown with its reason, rests between its tries, and is
//! noticed by no other subscription.

use millstream_tests::{Host, Input, Project, figure, guest};
use serde_json::Value;

/// More than may fail in a row before workers rest.
const POISONED: usize = 80;
const HEALTHY: u64 = 1_000;

#[test]
fn a_plugin_that_traps_on_everything_rests_and_others_do_not_notice() {
    let project = Project::new();
    let host = Host::start(&pipeline(&project, "1s"), Input::None, &[]);
    let api = host.api();
    publish(&host, "bad", &lines("poison", POISONED));
    let resting = api.subscription_until("break", |shown| shown["health"]["state"] == "resting");
    let health = &resting["health"];
    assert!(figure(health, "failures") >= 64, "{health:#}");
    let why = health["why"].as_str().expect("it says why");
    assert!(why.starts_with("trap: ") && why.contains("swallowed poison"), "{why}");
    assert!(health["since"].is_string() && health["next_try"].is_string(), "{health:#}");

    publish(&host, "good", &lines("calm", HEALTHY as usize));
    let healthy = api.subscription_until("work", |shown| figure(shown, "handled") == HEALTHY);
    assert_eq!(healthy["health"]["state"], "works", "{healthy:#}");
    let shown = host.command(&["subscriptions"]).success().stdout;
    assert!(shown.contains("`break` is ") && shown.contains("swallowed poison"), "{shown}");

    // Every failure counts, rest or not: all of it ends as dead letters.
    let ended =
        api.subscription_until("break", |shown| figure(shown, "dead_lettered") == POISONED as u64);
    assert_eq!(figure(&ended, "failed"), 2 * POISONED as u64, "{ended:#}");
    // It works again as soon as it works once.
    publish(&host, "bad", "calm\n");
    api.subscription_until("break", |shown| shown["health"]["state"] == "works");
    api.adds_up();
    host.terminate().adds_up();
}

#[test]
fn what_plugins_did_and_took_is_counted() {
    let project = Project::new();
    let host = Host::start(&pipeline(&project, "200ms"), Input::None, &[]);
    let api = host.api();
    publish(&host, "good", &lines("calm", HEALTHY as usize));
    publish(&host, "bad", "calm\npoison\n");
    let _ = api.dead_letters("break", 1);
    let works =
        api.until("/v1/plugins/healthy", |shown| figure(&shown["metrics"], "messages") == HEALTHY);
    let metrics = &works["metrics"];
    assert!(metrics["cpu_ms"].as_f64().expect("a number") > 0.0, "{metrics:#}");
    assert_eq!(figure(metrics, "instances"), 1, "{metrics:#}");
    assert_eq!(metrics["by_subscription"]["work"]["messages"], metrics["messages"]);
    let breaks = api.get("/v1/plugins/broken").1;
    let traps = figure(&breaks["metrics"]["failures"], "trap");
    assert!(traps >= 2, "{breaks:#}");
    let table = host.command(&["plugins"]).success().stdout;
    assert!(table.contains("CPU") && table.contains(&format!("trap {traps}")), "{table}");
    host.terminate().adds_up();
}

/// `lines` messages with this payload.
fn lines(payload: &str, lines: usize) -> String {
    format!("{payload}\n").repeat(lines)
}

#[track_caller]
fn publish(host: &Host, topic: &str, lines: &str) {
    let path = format!("/v1/topics/{topic}/messages?format=lines");
    let (status, answer): (u16, Value) = host.api().post(&path, "application/x-ndjson", lines);
    assert_eq!(status, 202, "{answer:#}");
}

fn pipeline(project: &Project, timeout: &str) -> std::path::PathBuf {
    let source = guest("trap-on-poison");
    let source = source.display();
    project.write(
        "broken.yaml",
        format!(
            "pipeline: broken
topics:
  bad: {{ kind: event }}
  good: {{ kind: event }}
  out: {{ kind: command }}
  dead: {{ kind: dead_letter }}
plugins:
  broken: {{ source: {source}, limits: {{ timeout: {timeout}, batch_timeout: {timeout} }} }}
  healthy: {{ source: {source} }}
subscriptions:
  break:
    topic: bad
    plugin: broken
    output: out
    concurrency: 4
    retry: {{ max_attempts: 2, backoff: {{ initial: 10ms, factor: 1, max: 10ms, jitter: 0 }} }}
    dead_letter: dead
  work: {{ topic: good, plugin: healthy, output: out, dead_letter: dead }}
  write: {{ topic: out, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}
"
        ),
    )
}
