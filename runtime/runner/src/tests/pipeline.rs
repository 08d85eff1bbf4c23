use std::collections::BTreeMap;
use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, TopicId};
use millstream_plugin_host::{Host, HostSettings};
use millstream_queue::Publication;

use super::guests::echo;
use super::plan;
use crate::{Changes, Launch, OpenError, Report, open};

const GRACE: Duration = Duration::from_secs(10);

fn text(source: &str, sink: &str) -> String {
    format!(
        "pipeline: p\n\
         topics:\n  in: {{ kind: event, max_messages: 50 }}\n  out: {{ kind: command, max_messages: 10 }}\n  \
         dead: {{ kind: dead_letter }}\n\
         sources:\n  lines: {{ {source}, topic: in }}\n\
         subscriptions:\n  \
         move: {{ topic: in, sink: {{ pass_through: {{}} }}, output: out, dead_letter: dead, concurrency: 3 }}\n  \
         write: {{ topic: out, sink: {{ file: {{ path: {sink} }} }}, dead_letter: dead }}\n"
    )
}

async fn launch(text: &str, folder: &std::path::Path) -> Result<crate::Opened, OpenError> {
    let host = Host::new(HostSettings::default()).unwrap();
    open(Launch {
        plan: plan(text, folder),
        components: BTreeMap::new(),
        host,
        text: text.to_owned(),
        changes: Changes::default(),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_flows_through_bounded_topics_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..5_000).map(|i| format!("line {i}")).collect();
    let input = format!("{}\n\n", lines.join("\n"));
    std::fs::write(folder.path().join("in.txt"), input).unwrap();
    let text = text("file: { path: in.txt, format: lines }", "out.txt");
    let running = launch(&text, folder.path()).await.unwrap().start();
    running.drained().await;
    let report: Report = running.shutdown(GRACE).await;
    assert_eq!((report.sources[0].published, report.sources[0].skipped_empty), (5_000, 1));
    assert_eq!(
        report.subscriptions.iter().map(|one| one.handled).collect::<Vec<_>>(),
        [5_000, 5_000]
    );
    let mut written: Vec<String> = std::fs::read_to_string(folder.path().join("out.txt"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let mut expected = lines;
    written.sort();
    expected.sort();
    assert_eq!(written, expected);
}

#[tokio::test]
async fn what_cannot_be_opened_is_named_and_nothing_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let text = text("file: { path: missing.txt, format: lines }", "out.txt");
    let error = launch(&text, folder.path()).await.err().unwrap().to_string();
    assert!(error.starts_with("source `lines`: ") && error.contains("missing.txt"), "{error}");
    assert!(!folder.path().join("out.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shutdown_leaves_is_counted_as_queued() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.txt"), "").unwrap();
    let text = text("file: { path: in.txt, format: lines }", "out.txt");
    let running = launch(&text, folder.path()).await.unwrap().start();
    let broker = running.broker();
    for serial in 0..200_u128 {
        let mut builder = BatchBuilder::with_capacity(1, 0);
        builder.push(MessageId::published(1, serial), 1, None, [], b"x").unwrap();
        broker.publish(TopicId(0), Publication::now(builder.build())).await.unwrap();
    }
    let report = running.shutdown(GRACE).await;
    for (one, topic) in report.subscriptions.iter().zip(&report.topics) {
        assert_eq!(
            topic.published,
            one.handled + one.dead_lettered + one.dropped + one.filtered + one.purged + one.queued,
            "{report:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_lets_through_what_matches_and_counts_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..1_000).map(|i| format!(r#"{{"n":{i}}}"#)).collect();
    std::fs::write(folder.path().join("in.ndjson"), lines.join("\n")).unwrap();
    let text = "pipeline: p\n\
        topics:\n  in: { kind: event }\n  out: { kind: command }\n  dead: { kind: dead_letter }\n\
        sources:\n  lines: { file: { path: in.ndjson, format: ndjson }, topic: in, key_from: /n }\n\
        subscriptions:\n  \
        sieve: { topic: in, filter: 'payload.n % 10 == 3 && topic == \"in\"', ordering: key, sink: { pass_through: {} }, output: out, dead_letter: dead }\n  \
        wrong: { topic: in, filter: 'payload.n / 0 == 1', sink: { pass_through: {} }, output: out, dead_letter: dead }\n  \
        write: { topic: out, sink: { file: { path: out.ndjson } }, dead_letter: dead }\n";
    let running = launch(text, folder.path()).await.unwrap().start();
    running.drained().await;
    let report = running.shutdown(GRACE).await;
    let [sieve, wrong, write] = &report.subscriptions[..] else { panic!("{report:?}") };
    assert_eq!((sieve.handled, sieve.filtered), (100, 900));
    assert_eq!((wrong.handled, wrong.dead_lettered), (0, 1_000), "no answer is no silent yes");
    assert_eq!(write.handled, 100);
    let written = std::fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    assert!(written.lines().all(|line| line.ends_with("3}")), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_publishes_by_the_clock_and_no_drain_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = "pipeline: p\n\
        topics:\n  in: { kind: command, dedup: { window: 10m } }\n  dead: { kind: dead_letter }\n\
        sources:\n  tick: { schedule: { cron: '* * * * * *', headers: { kind: tick } }, topic: in }\n\
        subscriptions:\n  write: { topic: in, sink: { file: { path: out.ndjson, form: message } }, dead_letter: dead }\n";
    let running = launch(text, folder.path()).await.unwrap().start();
    running.drained().await;
    let mut tap = running.broker().tap(TopicId(0)).unwrap();
    let seen = tap.recv().await.unwrap();
    assert_eq!(seen.batch.get(0).header("kind"), Some("tick"));
    running.drained().await;
    running.shutdown(GRACE).await;
    let written = std::fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    let id = seen.batch.get(0).id().to_string();
    assert!(written.contains(&id), "a line carries the message's id: {written}");
}

/// Workers used to lease first and then wait for a place in the pool, so that the messages they
/// held ran out of their deadline and were charged with it.
#[tokio::test(flavor = "multi_thread")]
async fn workers_without_a_place_in_the_pool_hold_no_messages() {
    let folder = tempfile::tempdir().unwrap();
    let text = "pipeline: p\n\
        topics:\n  in: { kind: event }\n  end: { kind: event }\n  dead: { kind: dead_letter }\n\
        plugins:\n  echo: { source: echo.wasm, limits: { batch_timeout: 50ms, timeout: 50ms } }\n\
        subscriptions:\n  \
        work: { topic: in, plugin: echo, output: end, concurrency: 8, ack_deadline: 100ms, batch: { max_messages: 1 }, dead_letter: dead }\n";
    let host = Host::new(HostSettings { instances_max: 1, ..HostSettings::default() }).unwrap();
    let components = BTreeMap::from([("echo".to_owned(), echo().into())]);
    let launch = Launch {
        plan: plan(text, folder.path()),
        components,
        host,
        text: text.to_owned(),
        changes: Changes::default(),
    };
    let running = open(launch).await.unwrap().start();
    let broker = running.broker();
    for serial in 0..500_u128 {
        let mut builder = BatchBuilder::with_capacity(1, 0);
        builder.push(MessageId::published(1, serial), 1, None, [], b"x").unwrap();
        broker.publish(TopicId(0), Publication::now(builder.build())).await.unwrap();
    }
    running.drained().await;
    let report = running.shutdown(GRACE).await;
    let work = &report.subscriptions[0];
    assert_eq!((work.handled, work.retried, work.dead_lettered), (500, 0, 0));
}

/// One batch of 30 messages through an echo that may call outside, under an order: what came out, and
/// the calls that it took.
async fn in_order(ordering: &str, key: impl Fn(usize) -> String) -> (Vec<String>, u64) {
    const MESSAGES: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "pipeline: p\n\
         topics:\n  in: {{ kind: event }}\n  end: {{ kind: command }}\n  dead: {{ kind: dead_letter }}\n\
         plugins:\n  echo: {{ source: echo.wasm, grants: {{ http: [\"https://rates.example.com\"] }} }}\n\
         subscriptions:\n  \
         work: {{ topic: in, plugin: echo, output: end, ordering: {ordering}, dead_letter: dead }}\n  \
         write: {{ topic: end, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}\n"
    );
    let launch = Launch {
        plan: plan(&text, folder.path()),
        components: BTreeMap::from([("echo".to_owned(), echo().into())]),
        host: Host::new(HostSettings::default()).unwrap(),
        text,
        changes: Changes::default(),
    };
    let running = open(launch).await.unwrap().start();
    let mut builder = BatchBuilder::with_capacity(MESSAGES, 0);
    for i in 0..MESSAGES {
        let (id, payload) = (MessageId::published(1, i as u128), format!("{} {i:02}", key(i)));
        builder.push(id, 1, Some(&key(i)), [], payload.as_bytes()).unwrap();
    }
    running.broker().publish(TopicId(0), Publication::now(builder.build())).await.unwrap();
    running.drained().await;
    let calls = running.monitor().plugin("echo").unwrap().total.calls;
    let report = running.shutdown(GRACE).await;
    assert_eq!((report.subscriptions[0].handled, report.subscriptions[0].retried), (30, 0));
    let written = std::fs::read_to_string(folder.path().join("out.txt")).unwrap();
    (written.lines().map(str::to_owned).collect(), calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_calls_outside_gets_one_message_of_a_key_at_a_time() {
    let (out, calls) = in_order("key", |i| format!("key-{i}")).await;
    assert_eq!((out.len(), calls), (30, 1), "keys have nothing to do with each other");
    let (out, calls) = in_order("key", |i| format!("key-{}", i % 3)).await;
    assert!((10..30).contains(&calls), "{calls} calls for 10 messages each of 3 keys");
    for key in 0..3 {
        let key = format!("key-{key} ");
        let of_key: Vec<&String> = out.iter().filter(|line| line.starts_with(&key)).collect();
        assert!(of_key.len() == 10 && of_key.is_sorted(), "{of_key:?}");
    }
    let (out, calls) = in_order("key", |_| "key".to_owned()).await;
    assert_eq!((out.is_sorted(), calls), (true, 30));
    let (out, calls) = in_order("strict", |i| format!("key-{i}")).await;
    assert_eq!((out.len(), calls), (30, 30));
}
