//! What an operator does to a running host: stop and start delivery, look, go back, empty, slow down.

use std::time::{Duration, Instant};

use millstream_tests::{Api, Host, Input, Project, figure, millstream};
use serde_json::Value;

#[test]
fn a_paused_subscription_gets_nothing_until_it_is_resumed() {
    let desk = Desk::open("", "");
    desk.api.pause("take");
    desk.publish(&["a", "b"]);
    let figures = desk.subscription();
    assert_eq!(figures["paused"], true, "{figures:#}");
    assert_eq!((figure(&figures, "lag"), figure(&figures, "in_flight")), (2, 0), "{figures:#}");
    desk.api.resume("take");
    desk.until("handled", 2);
    assert_eq!(desk.taken(), ["a", "b"]);
    desk.api.adds_up();
}

#[test]
fn a_seek_to_earliest_hands_out_what_was_kept() {
    let desk = Desk::open("retain: 1h", "");
    desk.publish(&["a", "b"]);
    desk.until("handled", 2);
    assert_eq!(figure(&desk.topic(), "retained"), 2);
    desk.api.seek("take", "earliest");
    desk.until("handled", 4);
    assert_eq!(desk.taken(), ["a", "b", "a", "b"]);
    desk.api.adds_up();
}

#[test]
fn a_seek_to_now_passes_over_what_waits() {
    let desk = Desk::open("retain: 1h", "");
    desk.api.pause("take");
    desk.publish(&["a", "b"]);
    desk.api.seek("take", "now");
    desk.api.resume("take");
    desk.publish(&["c"]);
    let figures = desk.until("handled", 1);
    assert_eq!(figure(&figures, "purged"), 2, "{figures:#}");
    assert_eq!(desk.taken(), ["c"]);
    desk.api.adds_up();
}

#[test]
fn a_seek_to_a_time_begins_with_what_was_published_then() {
    let desk = Desk::open("retain: 1h", "");
    desk.publish(&["a"]);
    desk.until("handled", 1);
    // Times have milliseconds: some `b` may still have the time of `a`.
    let a = desk.published_at("a");
    let mut published = 1;
    let b = loop {
        let b = format!("b{published}");
        desk.publish(&[&b]);
        published += 1;
        if desk.published_at(&b) != a {
            break b;
        }
    };
    desk.until("handled", published);
    desk.api.seek("take", &desk.published_at(&b));
    desk.until("handled", published + 1);
    assert_eq!(desk.taken().last(), Some(&b));
    desk.api.adds_up();
}

#[test]
fn a_purge_empties_the_topic() {
    let desk = Desk::open("", "");
    desk.api.pause("take");
    desk.publish(&["a", "b"]);
    let _ = desk.host.command(&["topic", "purge", "in"]).success();
    assert_eq!(figure(&desk.topic(), "depth"), 0);
    assert_eq!(figure(&desk.subscription(), "purged"), 2);
    desk.api.resume("take");
    desk.publish(&["c"]);
    desk.until("handled", 1);
    assert_eq!(desk.taken(), ["c"]);
    desk.api.adds_up();
}

#[test]
fn a_tap_shows_what_was_kept_and_then_what_comes_and_takes_nothing() {
    let desk = Desk::open("retain: 1h", "");
    desk.publish(&["a", "b"]);
    desk.until("handled", 2);
    let args = ["tap", "in", "--from", "earliest", "--count", "3"];
    let payloads = desk.tap(&args, &["c"]);
    assert_eq!(payloads, ["a", "b", "c"]);
    desk.until("handled", 3);
    assert_eq!(desk.taken(), ["a", "b", "c"]);
    desk.api.adds_up();
}

#[test]
fn a_tap_of_a_topic_that_keeps_nothing_shows_what_comes() {
    let desk = Desk::open("", "");
    let args = ["--url", desk.host.url(), "tap", "in", "--count", "2", "--format", "json"];
    let output = std::thread::scope(|scope| {
        let tap = scope.spawn(|| millstream(args));
        // Nobody rings when the tap is open: messages come until it has its two.
        while !tap.is_finished() {
            desk.publish(&["now"]);
        }
        tap.join().expect("the tap ends")
    });
    assert_eq!(output.success().stdout.lines().count(), 2);
    desk.api.adds_up();
}

#[test]
fn a_tap_of_a_key_shows_no_other() {
    let desk = Desk::open("retain: 1h", "");
    for (key, payload) in [("ann", "a"), ("bob", "b"), ("ann", "c")] {
        let headers = [("millstream-key", key)];
        assert_eq!(desk.api.publish_with("in", &headers, payload).status, 202);
    }
    let args = ["tap", "in", "--from", "earliest", "--count", "2", "--key", "ann"];
    assert_eq!(desk.tap(&args, &[]), ["a", "c"]);
}

#[test]
fn a_rate_limit_spreads_deliveries_over_time() {
    let desk = Desk::open("", "rate_limit: 100/s");
    let begun = Instant::now();
    desk.publish(&["x"; 60]);
    desk.until("handled", 60);
    // Ten may go at once: what a tenth of a second allows.
    assert!(begun.elapsed() >= Duration::from_millis(500), "60 in {:?}", begun.elapsed());
    desk.api.adds_up();
}

#[test]
fn a_filter_settles_what_is_not_for_the_subscription() {
    let desk = Desk::open("", "filter: payload.total > 10");
    desk.publish(&[r#"{"total":9}"#, r#"{"total":11}"#, r#"{"amount":99}"#, "no JSON"]);
    let figures = desk.until("filtered", 3);
    assert_eq!(figure(&figures, "dead_lettered"), 0, "{figures:#}");
    desk.until("handled", 1);
    assert_eq!(desk.taken(), [r#"{"total":11}"#]);
    desk.api.adds_up();
}

#[test]
fn what_is_not_there_is_named() {
    let desk = Desk::open("", "");
    for args in [
        &["pause", "tale"][..],
        &["resume", "tale"],
        &["seek", "tale", "--to", "now"],
        &["topic", "purge", "inn"],
        &["tap", "inn", "--count", "1"],
        &["dlq", "redrive", "tale", "--all"],
        &["dlq", "purge", "tale", "--all"],
    ] {
        let output = desk.host.command(args);
        assert_eq!(output.code, Some(1), "{args:?}: {output:#?}");
        let name = if args.contains(&"inn") { "inn" } else { "tale" };
        assert!(output.stderr.contains(name), "{args:?}: {output:#?}");
    }
    for to in ["yesterday", "2013-01-01"] {
        let output = desk.host.command(&["seek", "take", "--to", to]);
        assert!(matches!(output.code, Some(1 | 2)), "{output:#?}");
        assert!(output.stderr.contains(to), "{output:#?}");
    }
}

/// A host with a topic whose messages are written to a file.
struct Desk {
    project: Project,
    host: Host,
    api: Api,
}

impl Desk {
    /// With more rules for its topic and its subscription.
    #[track_caller]
    fn open(topic: &str, subscription: &str) -> Self {
        let project = Project::new();
        let text = format!(
            "pipeline: desk
topics:
  in: {{ kind: event, {topic} }}
  dead: {{ kind: dead_letter }}
subscriptions:
  take: {{ topic: in, sink: {{ file: {{ path: taken.txt }} }}, dead_letter: dead, {subscription} }}
"
        );
        let host = Host::start(&project.write("desk.yaml", text), Input::None, &[]);
        let api = host.api();
        Self { project, host, api }
    }

    #[track_caller]
    fn publish(&self, payloads: &[&str]) {
        let body: String = payloads.iter().map(|payload| format!("{payload}\n")).collect();
        let (status, answer) =
            self.api.post("/v1/topics/in/messages?format=lines", "application/x-ndjson", body);
        assert_eq!(status, 202, "{answer:#}");
    }

    /// The payloads that a tap shows, while `come` is published beside it.
    #[track_caller]
    fn tap(&self, args: &[&str], come: &[&str]) -> Vec<String> {
        let args = [&["--url", self.host.url()], args, &["--format", "json"]].concat();
        let output = std::thread::scope(|scope| {
            let tap = scope.spawn(|| millstream(&args));
            self.publish(come);
            tap.join().expect("the tap ends")
        });
        let payload = |line: &str| {
            let message: Value = serde_json::from_str(line).expect("a line is a document");
            message["payload"].as_str().expect("a payload is text here").to_owned()
        };
        output.success().stdout.lines().map(payload).collect()
    }

    /// When the topic took the message.
    #[track_caller]
    fn published_at(&self, payload: &str) -> String {
        let (_, figures) = self.api.get("/v1/topics/in");
        let count = figure(&figures, "published").to_string();
        let args = ["tap", "in", "--from", "earliest", "--count", &count, "--format", "json"];
        let tapped = self.host.command(&args).success().stdout;
        let messages = tapped
            .lines()
            .map(|line| -> Value { serde_json::from_str(line).expect("a line is a document") });
        let found = messages.into_iter().find(|message| message["payload"] == payload);
        let message = found.unwrap_or_else(|| panic!("no {payload:?} in:\n{tapped}"));
        message["published_at"].as_str().expect("it has a time").to_owned()
    }

    #[track_caller]
    fn topic(&self) -> Value {
        self.api.get("/v1/topics/in").1
    }

    #[track_caller]
    fn subscription(&self) -> Value {
        self.api.get("/v1/subscriptions/take").1
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
