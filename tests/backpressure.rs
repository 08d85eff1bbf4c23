//! Backpressure: a full topic is felt by whoever fills it, and nothing is accepted and then lost.

use std::time::{Duration, Instant};

use millstream_tests::{Api, Host, Input, Project, figure};
use serde_json::{Value, json};

#[test]
fn a_publish_to_a_full_topic_waits_and_is_then_told_to_come_again() {
    let desk = Desk::open("publish_timeout: 200ms");
    desk.fill();
    let begun = Instant::now();
    let refused = desk.api.publish_with("in", &[], "one too many");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.retry_after.is_some_and(|seconds| seconds >= 1), "{refused:?}");
    assert!(begun.elapsed() >= Duration::from_millis(200), "it did not wait");
    desk.holds(ROOM);
}

#[test]
fn a_publish_that_waits_gets_in_once_there_is_room() {
    let desk = Desk::open("publish_timeout: 10m");
    desk.fill();
    let published = std::thread::scope(|scope| {
        let api = desk.host.api();
        let waits = scope.spawn(move || api.publish("in", "text/plain", "patient"));
        let _ = desk.api.topic_until("in", |figures| figures["waiting_publishers"] == 1);
        desk.resume();
        waits.join().expect("the publisher gets its answer")
    });
    assert_eq!(published.0, 202, "{published:?}");
    desk.until("handled", ROOM + 1);
    assert_eq!(desk.written().last().map(String::as_str), Some("patient"));
    desk.api.adds_up();
}

#[test]
fn a_topic_that_rejects_answers_at_once() {
    let desk = Desk::open("when_full: reject, publish_timeout: 10m");
    desk.fill();
    let refused = desk.api.publish_with("in", &[], "one too many");
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.retry_after.is_some_and(|seconds| seconds >= 1), "{refused:?}");
    desk.holds(ROOM);
}

#[test]
fn a_topic_that_drops_its_oldest_takes_everything_and_counts() {
    let desk = Desk::open("when_full: drop_oldest");
    desk.fill();
    (0..3).for_each(|n| assert_eq!(desk.publish(&format!("new {n}")), 202));
    let figures = desk.until("dropped", 3);
    assert_eq!(figure(&figures, "lag"), ROOM, "{figures:#}");
    desk.resume();
    desk.until("handled", ROOM);
    assert_eq!(desk.written(), ["old 3", "old 4", "new 0", "new 1", "new 2"]);
    desk.api.adds_up();
}

#[test]
fn a_request_larger_than_its_topic_is_refused_without_a_wait() {
    let desk = Desk::open("publish_timeout: 10m");
    let lines = "{}\n".repeat(ROOM as usize + 1);
    let (status, answer) = desk.api.publish("in", "application/x-ndjson", lines);
    assert_eq!(status, 413, "{answer:#}");
    desk.holds(0);
}

#[test]
fn a_full_output_stops_the_intake_of_what_fills_it() {
    let desk = Desk::open("publish_timeout: 200ms");
    // The outlet is the paused one; what leads to it takes no more than fits.
    for n in 0..ROOM + 2 {
        assert_eq!(desk.api.publish("before", "text/plain", format!("{n}")).0, 202);
    }
    let path = "/v1/subscriptions/lead";
    let stopped = desk.api.until(path, |figures| figures["blocked_by"] == "in");
    assert_eq!((figure(&stopped, "handled"), figure(&stopped, "lag")), (ROOM, 2), "{stopped:#}");
    let table = desk.host.command(&["subscriptions"]).success().stdout;
    assert!(table.contains("blocked by in"), "{table}");
    desk.resume();
    desk.until("handled", ROOM + 2);
    desk.api.adds_up();
}

#[test]
fn a_full_dead_letter_topic_stops_what_fails_and_loses_nothing() {
    let desk = Desk::open("");
    // No plugin is needed to fail: what has expired is a dead letter too.
    for n in 0..LETTERS {
        desk.publish_short_lived(n);
        desk.until("expired", n + 1);
    }
    (LETTERS..ROOM).for_each(|n| desk.publish_short_lived(n));
    let stopped = desk.api.subscription_until("desk", |figures| figures["blocked_by"] == "dead");
    assert_eq!(figure(&stopped, "expired"), LETTERS, "{stopped:#}");
    assert_eq!(figure(&stopped, "lag"), ROOM - LETTERS, "{stopped:#}");
    let path = "/v1/subscriptions/desk/purge";
    assert_eq!(desk.api.tell(path, &json!({ "all": true })).0, 200);
    desk.until("expired", ROOM);
    desk.api.adds_up();
}

/// How many messages the topic takes.
const ROOM: u64 = 5;
/// How many its dead-letter topic takes.
const LETTERS: u64 = 3;

/// A host with a topic of [`ROOM`], whose only subscription is paused.
struct Desk {
    project: Project,
    host: Host,
    api: Api,
}

impl Desk {
    /// With more `rules` for the topic.
    #[track_caller]
    fn open(rules: &str) -> Self {
        let project = Project::new();
        let comma = if rules.is_empty() { "" } else { ", " };
        let text = format!(
            "pipeline: desk
topics:
  before: {{ kind: event }}
  in: {{ kind: command, max_messages: {ROOM}{comma}{rules} }}
  dead: {{ kind: dead_letter, max_messages: {LETTERS} }}
subscriptions:
  lead:
    topic: before
    sink: {{ pass_through: {{}} }}
    output: in
    batch: {{ max_messages: 1 }}
    dead_letter: dead
  desk: {{ topic: in, sink: {{ file: {{ path: desk.txt }} }}, dead_letter: dead }}
"
        );
        let host = Host::start(&project.write("desk.yaml", text), Input::None, &[]);
        let api = host.api();
        api.pause("desk");
        Self { project, host, api }
    }

    /// Publishes as many as there is room for.
    #[track_caller]
    fn fill(&self) {
        (0..ROOM).for_each(|n| assert_eq!(self.publish(&format!("old {n}")), 202));
    }

    #[track_caller]
    fn publish(&self, payload: &str) -> u16 {
        self.api.publish("in", "text/plain", payload).0
    }

    #[track_caller]
    fn publish_short_lived(&self, n: u64) {
        let headers = [("millstream-expires-in", "1ms")];
        assert_eq!(self.api.publish_with("in", &headers, n.to_string()).status, 202);
    }

    #[track_caller]
    fn resume(&self) {
        self.api.resume("desk");
    }

    /// The topic has taken so many, ever.
    #[track_caller]
    fn holds(&self, count: u64) {
        let (_, figures) = self.api.get("/v1/topics/in");
        assert_eq!(figure(&figures, "published"), count, "{figures:#}");
        self.api.adds_up();
    }

    #[track_caller]
    fn until(&self, what: &str, count: u64) -> Value {
        self.api.subscription_until("desk", |figures| figure(figures, what) == count)
    }

    fn written(&self) -> Vec<String> {
        let lines = self.project.lines("desk.txt");
        lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }
}
