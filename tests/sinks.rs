//! Hand-over: what a sink gives to the outside lets the other end drop what it has had already.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use millstream_tests::{Api, Hook, Host, Input, Project, figure};
use serde_json::Value;

#[test]
fn a_web_hook_gets_each_message_with_its_id_key_and_headers() {
    let hook = Hook::answering(|_| 204);
    let desk = Desk::calling(&hook, "");
    let headers = [("millstream-key", "ann"), ("millstream-header-shop", "north")];
    let published = desk.api.publish_with("in", &headers, r#"{"order":1}"#);
    let call = hook.next_call();
    assert_eq!(call.text(), r#"{"order":1}"#);
    assert_eq!(call.header("idempotency-key"), published.body["ids"][0].as_str());
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("millstream-key"), Some("ann"));
    assert_eq!(call.header("millstream-header-shop"), Some("north"));
    assert_eq!(call.header("x-from"), Some("desk"), "a header of the file");
    desk.until("handled", 1);
    desk.api.adds_up();
}

#[test]
fn a_web_hook_that_is_busy_gets_the_same_key_again() {
    let calls = AtomicUsize::new(0);
    let hook = Hook::answering(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => 503,
        1 => 429,
        2 => 408,
        _ => 200,
    });
    let desk = Desk::calling(&hook, "");
    assert_eq!(desk.publish("order"), 202);
    let keys: BTreeSet<Option<String>> =
        (0..4).map(|_| hook.next_call().header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let figures = desk.until("handled", 1);
    assert_eq!(figure(&figures, "failed"), 3, "{figures:#}");
    assert!(hook.more_calls().is_empty(), "it was called again after it had taken the message");
    desk.api.adds_up();
}

#[test]
fn a_web_hook_that_refuses_makes_a_dead_letter_at_once() {
    for status in [400, 404, 302] {
        let hook = Hook::answering(move |_| status);
        let desk = Desk::calling(&hook, "");
        assert_eq!(desk.publish("order"), 202);
        let letter = desk.api.dead_letters("take", 1).swap_remove(0);
        assert_eq!(letter["dead_letter"]["reason"], "rejected", "{letter:#}");
        let error = letter["dead_letter"]["error"].as_str().expect("it has its error");
        assert!(error.contains(&status.to_string()), "{error}");
        assert_eq!(hook.more_calls().len(), 1, "{status} was tried again");
        desk.api.adds_up();
    }
}

#[test]
fn a_web_hook_that_nobody_answers_is_tried_until_attempts_end() {
    // Nothing listens on a port that was just given back.
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let desk = Desk::with_url(&format!("http://{}/", free.expect("a port is free")), "");
    assert_eq!(desk.publish("order"), 202);
    let letter = desk.api.dead_letters("take", 1).swap_remove(0);
    assert_eq!(letter["dead_letter"]["reason"], "exhausted", "{letter:#}");
    assert_eq!(figure(&desk.subscription(), "failed"), 5);
    desk.api.adds_up();
}

#[test]
fn a_web_hook_under_an_order_gets_one_keys_messages_in_order() {
    let fails = AtomicUsize::new(0);
    let first_fails =
        move |text: &str| text == "ann 0" && fails.fetch_add(1, Ordering::Relaxed) < 2;
    let hook = Hook::answering(move |call| if first_fails(&call.text()) { 503 } else { 200 });
    let desk = Desk::calling(&hook, "ordering: key");
    desk.api.pause("take");
    for (key, n) in (0..4).flat_map(|n| [("ann", n), ("bob", n)]) {
        let body = format!("{key} {n}");
        assert_eq!(desk.api.publish_with("in", &[("millstream-key", key)], body).status, 202);
    }
    desk.api.resume("take");
    desk.until("handled", 8);
    let calls: Vec<String> = hook.more_calls().iter().map(millstream_tests::Call::text).collect();
    let of = |key: &str| -> Vec<String> {
        calls.iter().filter(|text| text.starts_with(key)).cloned().collect()
    };
    assert_eq!(of("ann"), ["ann 0", "ann 0", "ann 0", "ann 1", "ann 2", "ann 3"]);
    assert_eq!(of("bob"), ["bob 0", "bob 1", "bob 2", "bob 3"]);
    desk.api.adds_up();
}

#[test]
fn a_file_of_messages_tells_a_repeat_by_its_id() {
    let project = Project::new();
    let desk = Desk::start(project, "file: { path: taken.ndjson, form: message }", "");
    let headers = [("millstream-key", "ann"), ("millstream-header-shop", "north")];
    let published = desk.api.publish_with("in", &headers, "a\nline");
    desk.until("handled", 1);
    desk.api.seek("take", "earliest");
    desk.until("handled", 2);
    let lines = desk.project.lines("taken.ndjson");
    assert_eq!(lines.len(), 2, "a line break in a payload breaks no line");
    for line in lines {
        let message: Value = serde_json::from_slice(&line).expect("a line is a document");
        assert_eq!(message["id"], published.body["ids"][0], "{message:#}");
        assert_eq!((&message["payload"], &message["key"]), (&"a\nline".into(), &"ann".into()));
        assert_eq!(message["headers"], serde_json::json!([["shop", "north"]]), "{message:#}");
    }
    desk.api.adds_up();
}

/// A host that hands on what is published.
struct Desk {
    project: Project,
    /// Ends with it.
    _host: Host,
    api: Api,
}

impl Desk {
    #[track_caller]
    fn calling(hook: &Hook, rules: &str) -> Self {
        Self::with_url(hook.url(), rules)
    }

    #[track_caller]
    fn with_url(url: &str, rules: &str) -> Self {
        let sink = format!(r#"http: {{ url: "{url}", headers: {{ x-from: desk }} }}"#);
        Self::start(Project::new(), &sink, rules)
    }

    /// With a sink, and more rules for its subscription.
    #[track_caller]
    fn start(project: Project, sink: &str, rules: &str) -> Self {
        let host = Host::start(&pipeline(&project, sink, rules), Input::None, &[]);
        let api = host.api();
        Self { project, _host: host, api }
    }

    #[track_caller]
    fn publish(&self, payload: &str) -> u16 {
        self.api.publish("in", "text/plain", payload).0
    }

    #[track_caller]
    fn subscription(&self) -> Value {
        self.api.get("/v1/subscriptions/take").1
    }

    #[track_caller]
    fn until(&self, what: &str, count: u64) -> Value {
        self.api.subscription_until("take", |figures| figure(figures, what) == count)
    }
}

fn pipeline(project: &Project, sink: &str, rules: &str) -> PathBuf {
    let text = format!(
        "pipeline: desk
topics:
  in: {{ kind: event, retain: 1h }}
  dead: {{ kind: dead_letter }}
subscriptions:
  take:
    topic: in
    sink: {{ {sink} }}
    retry: {{ max_attempts: 5, backoff: {{ initial: 5ms }} }}
    dead_letter: dead
    {rules}
"
    );
    project.write("desk.yaml", text)
}
