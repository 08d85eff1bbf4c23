//! What a file without errors means.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

mod directives;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use millstream_formats::{OciReference, Pointer};
use millstream_pipeline::{
    BrokerPlan, CompileLimits, ComponentSource, Consumer, DedupPlan, Format, Grants, JournalPlan,
    Limits, OnDeadLetter, OnExpired, Ordering, Plan, RateLimit, SinkConnector, SourceConnector,
    StartFrom, SyncPlan, TopicKind, WhenFull, parse,
};
use serde_json::json;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn defaults_are_those_of_the_documentation() {
    let plan = plan(
        "pipeline: p\ntopics: { a: { kind: event } }\nplugins: { p: { source: p.wasm } }\n\
         subscriptions: { s: { topic: a, plugin: p, on_exhausted: drop } }\n",
    );
    let topic = &plan.topics[0];
    assert_eq!(
        (topic.max_messages, topic.max_bytes, topic.max_message),
        (1_000_000, 1 << 30, 1 << 20)
    );
    assert_eq!(topic.publish_timeout, Duration::from_secs(5));
    let limits = Limits {
        timeout: Duration::from_secs(1),
        batch_timeout: Duration::from_secs(5),
        memory: 128 << 20,
        tables: 40_000,
        instances: None,
        output: 4 << 20,
        batch_output: 16 << 20,
        output_messages: 10_000,
        batch_output_messages: 100_000,
        log_rate: RateLimit { messages: 1_000, per: Duration::from_secs(1) },
        log_bytes: 1 << 20,
        host_data: 16 << 20,
        compile: CompileLimits {
            timeout: Duration::from_secs(60),
            memory: 1 << 30,
            size: 64 << 20,
        },
    };
    assert_eq!(plan.plugins[0].limits, limits);
    assert_eq!(plan.plugins[0].grants, Grants::default());
    assert_eq!(plan.plugins[0].config, json!({}));
    let subscription = &plan.subscriptions[0];
    assert_eq!((subscription.concurrency, subscription.max_parked), (1, 100_000));
    assert_eq!(subscription.ack_deadline, Duration::from_secs(30));
    let batch = &subscription.batch;
    assert_eq!(
        (batch.max_messages, batch.max_bytes, batch.max_wait),
        (256, 4 << 20, Duration::ZERO)
    );
    let retry = &subscription.retry;
    assert_eq!((retry.max_attempts, retry.factor, retry.jitter), (5, 2.0, 0.2));
    assert_eq!((retry.initial, retry.max), (Duration::from_millis(100), Duration::from_secs(30)));
    assert_eq!((subscription.output, subscription.dead_letter), (None, None));
    assert!(subscription.routes.is_empty());
}

#[test]
fn what_is_not_asked_for_is_not_promised() {
    let plan = plan(
        "pipeline: p\ntopics: { a: { kind: event }, dead: { kind: dead_letter } }\nsubscriptions:\n  \
         keeps: { topic: a, sink: { stdout: {} }, dead_letter: dead }\n  \
         drops: { topic: a, sink: { stdout: {} }, on_exhausted: drop }\n",
    );
    let topic = &plan.topics[0];
    assert_eq!((topic.when_full, topic.retain), (WhenFull::Block, Duration::ZERO));
    assert_eq!((topic.dedup, topic.delay, topic.expires_in), (None, Duration::ZERO, None));
    let [keeps, drops] = &plan.subscriptions[..] else { panic!() };
    assert_eq!((keeps.ordering, keeps.from), (Ordering::None, StartFrom::New));
    assert_eq!((keeps.rate_limit, &keeps.filter), (None, &None));
    assert_eq!(keeps.on_dead_letter, OnDeadLetter::Continue);
    assert_eq!((keeps.on_expired, drops.on_expired), (OnExpired::DeadLetter, OnExpired::Drop));
}

#[test]
fn every_promise_of_a_topic_is_in_the_plan() {
    let plan = plan(&case("ok-every-promise.yaml"));
    let [orders, latest, kept, _dead] = &plan.topics[..] else { panic!() };
    assert_eq!((orders.when_full, latest.when_full), (WhenFull::Reject, WhenFull::DropOldest));
    assert_eq!((orders.retain, kept.retain), (24 * HOUR, HOUR));
    let dedup = DedupPlan { window: Duration::from_secs(600), max_ids: 50_000 };
    assert_eq!(orders.dedup, Some(dedup));
    assert_eq!(latest.dedup.map(|dedup| dedup.max_ids), Some(1_000_000));
    assert_eq!((orders.delay, orders.expires_in), (Duration::from_secs(5), Some(HOUR)));
}

#[test]
fn every_promise_of_a_subscription_is_in_the_plan() {
    let plan = plan(&case("ok-every-promise.yaml"));
    let [ordered, hook, back, show_dead] = &plan.subscriptions[..] else { panic!() };
    assert_eq!((ordered.ordering, hook.ordering), (Ordering::Key, Ordering::Strict));
    assert_eq!(ordered.on_dead_letter, OnDeadLetter::ParkKey);
    assert_eq!((ordered.on_expired, hook.on_expired), (OnExpired::Drop, OnExpired::DeadLetter));
    assert_eq!((ordered.from, show_dead.from), (StartFrom::Earliest, StartFrom::Earliest));
    let rates =
        [ordered, hook, back].map(|one| one.rate_limit.map(|rate| (rate.messages, rate.per)));
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    assert_eq!(rates, [Some((30_000, minute)), Some((500, second)), Some((100, HOUR))]);
    assert_eq!(ordered.filter.as_deref(), Some("payload.amount > 10 && key != null"));
    assert_eq!(ordered.batch.max_messages, 1_024);
}

#[test]
fn messages_wait_in_memory_unless_the_file_names_a_journal() {
    let broker = |typed: &str| {
        plan(&format!(
            "pipeline: p\n{typed}\ntopics: {{ a: {{ kind: event }} }}\n\
             subscriptions: {{ s: {{ topic: a, sink: {{ stdout: {{}} }}, on_exhausted: drop }} }}\n"
        ))
        .broker
    };
    let journal = |path: &str, sync, memory_budget, reserve, segment_bytes| {
        BrokerPlan::Journal(JournalPlan {
            path: PathBuf::from(path),
            sync,
            memory_budget,
            reserve,
            segment_bytes,
        })
    };
    assert_eq!(broker(""), BrokerPlan::Memory);
    assert_eq!(broker("broker: {}"), BrokerPlan::Memory);
    assert_eq!(
        broker("broker: { journal: { path: ../data/./p } }"),
        journal("/data/p", SyncPlan::Always, 256 << 20, 64 << 20, 64 << 20)
    );
    let interval = SyncPlan::Interval(Duration::from_millis(1_500));
    assert_eq!(
        broker("broker: { journal: { path: /d, sync: interval(1_500ms), memory_budget: 1GiB } }"),
        journal("/d", interval, 1 << 30, 64 << 20, 64 << 20)
    );
    assert_eq!(
        broker("broker: { journal: { path: d, sync: never, reserve: 1MiB, segment: 64KiB } }"),
        journal("/pipelines/d", SyncPlan::Never, 256 << 20, 1 << 20, 64 << 10)
    );
}

#[test]
fn schedules_and_web_hooks_are_in_the_plan_with_their_headers() {
    let plan = plan(&case("ok-every-promise.yaml"));
    let text = |text: &str| Some(text.to_owned());
    let tick = SourceConnector::Schedule {
        cron: "*/5 * * * *".to_owned(),
        payload: text("{\"tick\":true}"),
        key: text("k"),
        headers: headers(&[("made-by", "clock"), ("x-note", "grüße")]),
    };
    assert_eq!(plan.sources[0].connector, tick);
    let plain = SourceConnector::Schedule {
        cron: "30 */5 * * * *".to_owned(),
        payload: None,
        key: None,
        headers: Vec::new(),
    };
    assert_eq!(plan.sources[1].connector, plain);
    assert_eq!(plan.sources[2].dedup_from, text("/id"));
    let hook = SinkConnector::Http {
        url: "https://hooks.example.com/charge?a=b".to_owned(),
        timeout: Duration::from_secs(2),
        headers: headers(&[("authorization", "Bearer secret"), ("x-shop", "north")]),
    };
    assert_eq!(plan.subscriptions[1].consumer, Consumer::Sink(hook));
}

/// The schema has a pattern of its own, for editors.
#[test]
fn the_check_takes_the_pointers_that_can_be_read_when_it_runs() {
    let pointers = ["/a", "/a/b", "/", "//", "/a~1b/~0", "a", "/~", "/~2", "/a~"];
    for pointer in pointers {
        let text = format!(
            "pipeline: p\ntopics: {{ a: {{ kind: event }} }}\n\
             sources: {{ s: {{ stdin: {{ format: lines }}, topic: a, key_from: \"{pointer}\" }} }}\n\
             subscriptions: {{ s: {{ topic: a, sink: {{ stdout: {{}} }}, on_exhausted: drop }} }}\n"
        );
        let taken = directives::check(&text, "p.yaml").plan.is_some();
        assert_eq!(taken, pointer.parse::<Pointer>().is_ok(), "{pointer}");
    }
}

#[test]
fn what_the_file_says_is_in_the_plan() {
    let plan = plan(&case("ok-everything.yaml"));
    assert_eq!(plan.name, "orders");
    let topics: Vec<_> =
        plan.topics.iter().map(|topic| (topic.name.as_str(), topic.kind)).collect();
    let kinds = [
        ("orders", TopicKind::Event),
        ("charges", TopicKind::Command),
        ("dead", TopicKind::DeadLetter),
    ];
    assert_eq!(topics, kinds);
    assert_eq!((plan.topics[0].max_messages, plan.topics[0].max_message), (1_000_000, 65_536));
    let config = json!({ "max_total": 1000, "note": "costs $5", "region": "eu", "nothing": null });
    assert_eq!(plan.plugins[0].config, config);
    let limits = Limits {
        timeout: Duration::from_millis(100),
        batch_timeout: Duration::from_secs(2),
        memory: 64 << 20,
        tables: 20_000,
        instances: Some(4),
        output: 1 << 20,
        batch_output: 8 << 20,
        output_messages: 100,
        batch_output_messages: 2_000,
        log_rate: RateLimit { messages: 600, per: Duration::from_secs(60) },
        log_bytes: 64 << 10,
        host_data: 1 << 20,
        compile: CompileLimits {
            timeout: Duration::from_secs(10),
            memory: 512 << 20,
            size: 8 << 20,
        },
    };
    assert_eq!(plan.plugins[0].limits, limits);
    let check = &plan.subscriptions[0];
    assert_eq!((check.topic, &check.consumer), (0, &Consumer::Plugin(0)));
    assert_eq!((check.output, check.dead_letter, check.concurrency), (Some(1), Some(2), 4));
    let dropping = &plan.subscriptions[2];
    assert_eq!(
        (&dropping.consumer, dropping.dead_letter),
        (&Consumer::Sink(SinkConnector::Stdout), None)
    );
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let plan = plan(&case("ok-everything.yaml"));
    assert_eq!(plan.plugins[0].source, ComponentSource::Folder(PathBuf::from("/plugins/fraud")));
    let SourceConnector::Http { path } = &plan.sources[0].connector else { panic!() };
    assert_eq!(
        (path.as_str(), plan.sources[0].key_from.as_deref()),
        ("/orders", Some("/customer"))
    );
    let file = SourceConnector::File {
        path: PathBuf::from("/var/data/orders.ndjson"),
        format: Format::Ndjson,
        from_start: true,
    };
    assert_eq!(plan.sources[1].connector, file);
    let path = PathBuf::from("/pipelines/out/charges.ndjson");
    let sink = SinkConnector::File { path, whole: false };
    assert_eq!(plan.subscriptions[1].consumer, Consumer::Sink(sink));
}

#[test]
fn routes_hold_each_further_topic_once() {
    let plan = plan(
        "pipeline: p\ntopics: { a: { kind: event }, b: { kind: event }, c: { kind: event } }\n\
         plugins: { p: { source: p.wasm } }\n\
         subscriptions:\n  s: { topic: a, plugin: p, output: b, routes: [c, b, c], on_exhausted: drop }\n",
    );
    assert_eq!((plan.subscriptions[0].output, &plan.subscriptions[0].routes), (Some(1), &vec![2]));
}

#[test]
fn components_names_what_the_caller_must_inspect_even_in_a_file_with_errors() {
    let text = "pipeline: 5\nplugins:\n  folder: { source: ../plugins/a }\n  file: { source: ./b.wasm }\n  \
                far: { source: \"oci://x/y:1\" }\n  \
                nowhere: { source: \"oci://x/y\" }\n  broken: { source: 7 }\n";
    let draft = parse(text, "p.yaml", Path::new("/pipelines"), &|_| None);
    let folder = ComponentSource::Folder(PathBuf::from("/plugins/a"));
    let file = ComponentSource::File(PathBuf::from("/pipelines/b.wasm"));
    let far = ComponentSource::Registry(OciReference::parse("oci://x/y:1").unwrap());
    let named = [("folder", folder), ("file", file), ("far", far)];
    assert_eq!(draft.components(), named.map(|(name, source)| (name.to_owned(), source)));
}

#[test]
fn a_finding_as_json_has_the_promised_form() {
    let text = "pipeline: p\ntopics:\n  a: { kind: event }\nsubscriptions:\n  \
                s: { topic: b, sink: { stdout: {} }, on_exhausted: drop }\n";
    let findings = directives::check(text, "p.yaml").findings;
    let unknown = findings.iter().find(|finding| finding.code == "MS0201").unwrap();
    let expected = json!({
        "code": "MS0201", "severity": "error", "message": "there is no topic `b`", "file": "p.yaml",
        "line": 5, "column": 15, "end_line": 5, "end_column": 16,
        "path": "subscriptions.s.topic", "help": "did you mean `a`?",
    });
    assert_eq!(serde_json::to_value(unknown).unwrap(), expected);
    let findings = directives::check(&case("warnings.yaml"), "p.yaml").findings;
    let warning = findings.iter().find(|finding| finding.code == "MS0901").unwrap();
    assert_eq!(serde_json::to_value(warning).unwrap()["severity"], "warning");
}

#[test]
fn a_file_with_warnings_only_has_a_plan() {
    let checked = directives::check(&case("warnings.yaml"), "warnings.yaml");
    assert!(!checked.findings.is_empty() && checked.plan.is_some());
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn plan(text: &str) -> Plan {
    let checked = directives::check(text, "plan.yaml");
    checked.plan.unwrap_or_else(|| panic!("{:#?}", checked.findings))
}

fn case(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name))
        .unwrap()
}
