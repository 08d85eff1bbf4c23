//! Plugins and sources that come, go and change.

use millstream_tests::{Project, figure, guest};
use serde_json::{Value, json};

use crate::bed::{Bed, numbered, steps};

fn plugins(guest_name: &str, more: &str) -> String {
    format!(
        "pipeline: p
topics:
  in: {{ kind: event }}
  out: {{ kind: command }}
plugins:
  guest: {{ source: {}{more} }}
subscriptions:
  work: {{ topic: in, plugin: guest, output: out, on_exhausted: drop }}
  write: {{ topic: out, sink: {{ file: {{ path: out.ndjson, form: message }} }}, on_exhausted: drop }}
",
        guest(guest_name).display()
    )
}

fn versions(bed: &Bed) -> Vec<Value> {
    let (_, plugin) = bed.api.get("/v1/plugins/guest");
    let versions = plugin["versions"].as_array().expect("versions are a list");
    versions.iter().map(|one| json!([one["state"], one["digest"]])).collect()
}

fn stamped(bed: &Bed) -> Vec<bool> {
    let lines = bed.project.lines("out.ndjson");
    lines.iter().map(|line| String::from_utf8_lossy(line).contains("stamp")).collect()
}

#[test]
fn a_plugin_from_another_source_serves_and_the_one_before_can_come_back() {
    let bed = Bed::open(&plugins("echo", ""));
    bed.publish("in", numbered("m", 1));
    bed.idle();
    let echo = versions(&bed);
    let told = bed.applied(&plugins("stamp", ""), &[]);
    assert_eq!(steps(&told), ["changed plugin guest source"]);
    bed.publish("in", numbered("m", 1));
    bed.idle();
    let stamp = versions(&bed);
    assert_eq!((stamp.len(), &stamp[1][1]), (2, &echo[0][1]));
    let (status, back) = bed.api.tell("/v1/plugins/guest/rollback", &Value::Null);
    assert_eq!(status, 200, "{back:#}");
    bed.publish("in", numbered("m", 1));
    bed.idle();
    assert_eq!(stamped(&bed), [false, true, false]);
    let again = bed.applied(&plugins("stamp", "").replace("event", "event, retain: 1m"), &[]);
    assert_eq!(steps(&again), ["changed topic in retain"], "the source's bytes are the same");
    bed.publish("in", numbered("m", 1));
    bed.idle();
    assert_eq!(stamped(&bed).last(), Some(&false), "what was swapped goes on");
}

#[test]
fn settings_of_a_plugin_hold_from_the_next_batch_on() {
    let bed = Bed::open(&plugins("echo", ""));
    let settings =
        ", limits: { timeout: 700ms, memory: 64MiB }, grants: { http: [\"https://a.example\"] }";
    let told = bed.applied(&plugins("echo", settings), &[]);
    let expected = ["changed plugin guest limits.timeout limits.memory grants.http"];
    assert_eq!(steps(&told), expected);
    bed.publish("in", numbered("m", 20));
    bed.idle();
    let (_, plugin) = bed.api.get("/v1/plugins/guest");
    assert_eq!(figure(&plugin["metrics"], "messages"), 20, "{plugin:#}");
    assert_eq!(plugin["versions"].as_array().map(Vec::len), Some(1));
    bed.api.adds_up();
}

#[test]
fn a_subscription_changes_from_a_sink_to_a_plugin_and_back() {
    let sink = "pipeline: p
topics:
  in: { kind: event }
  out: { kind: command }
subscriptions:
  work: { topic: in, sink: { pass_through: {} }, output: out, on_exhausted: drop }
  write: { topic: out, sink: { file: { path: out.ndjson, form: message } }, on_exhausted: drop }
";
    let bed = Bed::open(sink);
    bed.publish("in", numbered("a", 10));
    let told = bed.applied(&plugins("stamp", ""), &[]);
    assert_eq!(steps(&told), ["changed subscription work consumer", "added plugin guest"]);
    bed.publish("in", numbered("b", 10));
    bed.idle();
    let told = bed.applied(sink, &[]);
    assert_eq!(steps(&told), ["changed subscription work consumer", "removed plugin guest"]);
    assert_eq!(bed.api.get("/v1/plugins/guest").0, 404);
    bed.publish("in", numbered("c", 10));
    bed.idle();
    let stamped = stamped(&bed);
    assert_eq!((stamped.len(), stamped.iter().any(|one| *one)), (30, true));
    assert!(!stamped[29]);
    bed.api.adds_up();
}

fn sources(source: &str) -> String {
    format!(
        "pipeline: p
topics:
  in: {{ kind: event }}
sources:
{source}
subscriptions:
  write: {{ topic: in, sink: {{ file: {{ path: out.txt }} }}, on_exhausted: drop }}
"
    )
}

#[test]
fn a_source_comes_changes_where_it_is_and_goes() {
    let project = Project::new();
    let lines = |name: &str| numbered(name, 5_000).collect::<Vec<_>>().join("\n") + "\n";
    project.write("a.txt", lines("a"));
    project.write("b.txt", lines("b"));
    let a = "  a: { file: { path: a.txt, format: lines }, topic: in }\n";
    let keyed = "  a: { file: { path: a.txt, format: lines }, topic: in, key_from: /k }\n";
    let b = "  b: { file: { path: b.txt, format: lines }, topic: in }\n";
    let http = "  web: { http: { path: /web }, topic: in }\n";
    let bed = Bed::open_in(project, &sources(a), &[]);
    let told = bed.applied(&sources(&format!("{keyed}{b}{http}")), &[]);
    let expected = ["changed source a key_from", "added source b", "added source web"];
    assert_eq!(steps(&told), expected);
    let (status, answer) = bed.api.post("/web", "text/plain", "c 0");
    assert_eq!(status, 202, "{answer:#}");
    bed.api.subscription_until("write", |one| figure(one, "handled") >= 10_001);
    bed.applied(&sources(http), &[]);
    assert_eq!(bed.written_once("out.txt").len(), 10_001);
    bed.applied(&sources(b), &[]);
    assert_eq!(bed.api.post("/web", "text/plain", "c 1").0, 404);
    bed.idle();
    let _ = bed.host.terminate();
}

#[test]
fn a_topic_and_a_subscription_take_other_names_with_what_waits() {
    let text = |topic: &str, write: &str| {
        format!(
            "pipeline: p\ntopics:\n  {topic}: {{ kind: command }}\nsubscriptions:\n  \
             {write}: {{ topic: {topic}, sink: {{ file: {{ path: out.txt }} }}, on_exhausted: drop }}\n"
        )
    };
    let bed = Bed::open(&text("sales", "put"));
    bed.api.pause("put");
    bed.publish("sales", numbered("m", 10));
    let named = ["--rename", "topic:sales=orders", "--rename", "subscription:put=write"];
    let told = bed.apply(&text("orders", "write"), &named).success().stdout;
    assert!(told.contains("~ topic \"orders\": was \"sales\", 10 messages wait on"), "{told}");
    bed.api.resume("write");
    bed.idle();
    assert_eq!(bed.written_once("out.txt").len(), 10);
    let vain = bed.apply(&text("orders", "write"), &["--rename", "topic:a=b"]);
    assert_eq!(vain.code, Some(2), "{vain:#?}");
}
