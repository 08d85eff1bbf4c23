//! What a producer may say about a message: who it is, so that a repeat is dropped; when it is due;
//! and when it is worth nothing any more.

use std::time::{Duration, Instant};

use millstream_tests::{Answered, Api, Host, Input, Project, figure};
use serde_json::{Value, json};

const ENVELOPE: &str = "application/vnd.millstream.messages+ndjson";

#[test]
fn one_id_is_one_message_however_it_is_said() {
    let inbox = Inbox::open("dedup: { window: 10m }");
    let first = inbox.post(&[("millstream-dedup-id", "o-1")], "first");
    assert_eq!((first.status, &first.body["duplicates"]), (202, &json!(0)), "{first:?}");
    let pointed = r#"{"order":"o-1"}"#;
    let line = r#"{"payload":"again","dedup_id":"o-1"}"#;
    for again in [
        inbox.post(&[("millstream-dedup-id", "o-1")], "again"),
        inbox.post(&[("millstream-dedup-from", "/order")], pointed),
        inbox.post(&[("content-type", ENVELOPE)], line),
    ] {
        assert_eq!((again.status, &again.body["duplicates"]), (202, &json!(1)), "{again:?}");
        assert_eq!(again.body["ids"], first.body["ids"], "not the first one's id");
    }
    let args = ["publish", "in", "--data", "again", "--dedup-id", "o-1", "--format", "json"];
    let again = inbox.host.command(&args).success().json();
    assert_eq!(again["ids"], first.body["ids"], "{again:#}");
    let figures = inbox.topic();
    assert_eq!((figure(&figures, "published"), figure(&figures, "duplicates")), (1, 4));
    assert_eq!(inbox.post(&[("millstream-dedup-id", "o-2")], "other").body["duplicates"], 0);
    inbox.api.adds_up();
}

#[test]
fn a_request_of_many_numbers_its_messages() {
    let inbox = Inbox::open("dedup: { window: 10m }");
    let headers = [("content-type", "application/x-ndjson"), ("millstream-dedup-id", "page-1")];
    let first = inbox.post(&headers, "1\n2\n3\n");
    assert_eq!(first.body["duplicates"], 0, "{first:?}");
    // The producer did not get the answer and sends it again, this time with one more.
    let again = inbox.post(&headers, "1\n2\n3\n4\n");
    assert_eq!(again.body["duplicates"], 3, "{again:?}");
    let ids = |answer: &Answered| answer.body["ids"].as_array().cloned().expect("there are ids");
    assert_eq!(ids(&again)[..3], ids(&first)[..]);
    assert_eq!(inbox.post(&[("millstream-dedup-id", "page-1/3")], "4").body["duplicates"], 1);
    assert_eq!(figure(&inbox.topic(), "published"), 4);
}

#[test]
fn a_refused_publish_leaves_no_id() {
    let inbox = Inbox::open("dedup: { window: 10m }, max_messages: 1, when_full: reject");
    inbox.api.pause("take");
    assert_eq!(inbox.post(&[], "fills it").status, 202);
    assert_eq!(inbox.post(&[("millstream-dedup-id", "o-1")], "refused").status, 429);
    inbox.api.resume("take");
    inbox.until("handled", 1);
    let accepted = inbox.post(&[("millstream-dedup-id", "o-1")], "accepted");
    assert_eq!((accepted.status, &accepted.body["duplicates"]), (202, &json!(0)), "{accepted:?}");
}

#[test]
fn a_topic_that_remembers_all_it_may_takes_no_new_id() {
    let inbox = Inbox::open("dedup: { window: 10m, max_ids: 2 }");
    for id in ["a", "b", "a"] {
        assert_eq!(inbox.post(&[("millstream-dedup-id", id)], id).status, 202);
    }
    let refused = inbox.post(&[("millstream-dedup-id", "c")], "c");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.body.to_string().contains("dedup-full"), "{refused:?}");
    assert!(refused.retry_after.is_some_and(|seconds| seconds >= 1), "{refused:?}");
    assert_eq!(inbox.post(&[], "without an id").status, 202);
    assert_eq!(figure(&inbox.topic(), "published"), 3);
}

#[test]
fn a_delayed_message_waits_and_holds_nobody() {
    let inbox = Inbox::open("");
    let begun = Instant::now();
    assert_eq!(inbox.post(&[("millstream-delay", "500ms")], "later").status, 202);
    assert_eq!(figure(&inbox.topic(), "delayed"), 1);
    assert_eq!(inbox.post(&[], "now").status, 202);
    inbox.until("handled", 2);
    assert!(begun.elapsed() >= until_due(500), "after {:?}", begun.elapsed());
    assert_eq!(inbox.taken(), ["now", "later"]);
    inbox.api.adds_up();
}

/// The least that passes until a delay has ended: times of messages are whole milliseconds, so one may
/// have been nearly over when it was read.
fn until_due(delay_ms: u64) -> Duration {
    Duration::from_millis(delay_ms - 1)
}

#[test]
fn a_topic_has_a_delay_for_messages_without_one() {
    let inbox = Inbox::open("delay: 300ms");
    let begun = Instant::now();
    assert_eq!(inbox.post(&[], "by default").status, 202);
    assert_eq!(inbox.post(&[("millstream-delay", "1ms")], "at once").status, 202);
    inbox.until("handled", 2);
    assert!(begun.elapsed() >= until_due(300), "after {:?}", begun.elapsed());
    assert_eq!(inbox.taken(), ["at once", "by default"]);
}

#[test]
fn what_expires_becomes_a_dead_letter_that_says_so() {
    let inbox = Inbox::open("expires_in: 50ms");
    inbox.api.pause("take");
    let args = ["publish", "in", "--data", "stays", "--expires-in", "10m"];
    let _ = inbox.host.command(&args).success();
    assert_eq!(inbox.post(&[], "goes").status, 202);
    let figures = inbox.until("expired", 1);
    assert_eq!((figure(&figures, "lag"), figure(&figures, "failed")), (1, 0), "{figures:#}");
    let letter = inbox.api.dead_letters("take", 1).swap_remove(0);
    assert_eq!(
        (&letter["payload"], &letter["dead_letter"]["reason"]),
        (&json!("goes"), &json!("expired"))
    );
    let error = letter["dead_letter"]["error"].as_str().expect("it has its error");
    assert!(error.starts_with("expired: "), "{error}");

    // It has no such date any more: redriven, it is handled.
    let path = "/v1/subscriptions/take/redrive";
    assert_eq!(inbox.api.tell(path, &json!({ "all": true })).0, 200);
    inbox.api.resume("take");
    inbox.until("handled", 2);
    inbox.api.adds_up();
}

#[test]
fn what_expires_is_gone_where_the_file_says_so() {
    let project = Project::new();
    let host = Host::start(&pipeline(&project, "", "on_expired: drop"), Input::None, &[]);
    let api = host.api();
    api.pause("take");
    assert_eq!(api.publish_with("in", &[("millstream-expires-in", "1ms")], "gone").status, 202);
    let gone = |figures: &Value| figures["expired_dropped"] == 1;
    let figures = api.subscription_until("take", gone);
    assert_eq!(figure(&figures, "dead_lettered"), 0, "{figures:#}");
    api.adds_up();
}

#[test]
fn terms_that_make_no_sense_are_refused_and_named() {
    let inbox = Inbox::open("");
    for (header, value) in [
        ("millstream-delay", "soon"),
        ("millstream-expires-in", "-1s"),
        ("millstream-dedup-from", "order"),
    ] {
        let refused = inbox.post(&[(header, value)], "{}");
        assert_eq!(refused.status, 400, "{refused:?}");
        let said = refused.body["detail"].as_str().unwrap_or_default().to_ascii_lowercase();
        assert!(said.contains(header), "{refused:?}");
    }
    assert_eq!(figure(&inbox.topic(), "published"), 0);
}

/// A host with a topic whose messages are written to a file.
struct Inbox {
    project: Project,
    host: Host,
    api: Api,
}

impl Inbox {
    /// With more `rules` for the topic.
    #[track_caller]
    fn open(rules: &str) -> Self {
        let project = Project::new();
        let host = Host::start(&pipeline(&project, rules, ""), Input::None, &[]);
        let api = host.api();
        Self { project, host, api }
    }

    #[track_caller]
    fn post(&self, headers: &[(&str, &str)], body: &str) -> Answered {
        self.api.publish_with("in", headers, body)
    }

    #[track_caller]
    fn topic(&self) -> Value {
        self.api.get("/v1/topics/in").1
    }

    #[track_caller]
    fn until(&self, what: &str, count: u64) -> Value {
        self.api.subscription_until("take", |figures| figure(figures, what) == count)
    }

    fn taken(&self) -> Vec<String> {
        let lines = self.project.lines("taken.txt");
        lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }
}

fn pipeline(project: &Project, topic: &str, subscription: &str) -> std::path::PathBuf {
    let text = format!(
        "pipeline: inbox
topics:
  in: {{ kind: command, {topic} }}
  dead: {{ kind: dead_letter }}
subscriptions:
  take: {{ topic: in, sink: {{ file: {{ path: taken.txt }} }}, dead_letter: dead, {subscription} }}
"
    );
    project.write("inbox.yaml", text)
}
