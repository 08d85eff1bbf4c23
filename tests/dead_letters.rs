//! Dead letters: nothing is lost, and each goes back to the one that failed, when and how somebody
//! decides.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use millstream_tests::{Api, Host, Input, Project, figure, plugin};
use serde_json::{Value, json};

#[test]
fn a_redrive_reaches_only_the_subscription_that_failed() {
    let shop = Shop::open("");
    shop.charge("c-1", "GBP");
    let before = shop.letter(1);
    assert_eq!(shop.redrive(json!({ "all": true })), (200, 1));
    // It fails again: under the id it had, counted anew.
    shop.until("pay", "dead_lettered", 2);
    let after = shop.letter(1);
    assert_eq!(after["dead_letter"]["id"], before["dead_letter"]["id"]);
    assert_eq!(after["dead_letter"]["attempts"], before["dead_letter"]["attempts"]);
    assert_eq!(after["key"], "GBP");
    assert_eq!(figure(&shop.subscription("pay"), "redriven"), 1);
    assert_eq!(figure(&shop.subscription("copy"), "offered"), 1, "the other one got it again");
    shop.closes();
}

#[test]
fn a_redrive_carries_what_was_mended() {
    let shop = Shop::open("");
    shop.charge("c-1", "GBP");
    let id = shop.letter(1)["dead_letter"]["id"].clone();
    let payload = charge("c-1", "EUR");
    assert_eq!(shop.redrive(json!({ "ids": [id], "payload": payload })), (200, 1));
    shop.until("write", "handled", 1);
    let receipts = shop.project.lines("receipts.ndjson");
    assert!(String::from_utf8_lossy(&receipts[0]).contains(r#""charge":"c-1""#));
    assert_eq!(shop.letters(), Vec::<String>::new());
    shop.closes();
}

#[test]
fn a_dry_run_counts_and_moves_nothing() {
    let shop = Shop::with_letters(3);
    let (status, answer) = shop.tell("redrive", &json!({ "all": true, "dry_run": true }));
    assert_eq!((status, &answer["matched"], &answer["moved"]), (200, &json!(3), &json!(0)));
    let (status, answer) = shop.tell("purge", &json!({ "all": true, "dry_run": true }));
    assert_eq!((status, &answer["matched"], &answer["moved"]), (200, &json!(3), &json!(0)));
    assert_eq!(shop.letters().len(), 3);
    shop.closes();
}

#[test]
fn an_expression_chooses_which_dead_letters_move() {
    let shop = Shop::with_letters(2);
    shop.charge("c-9", "CHF");
    let _ = shop.letter(3);
    let chosen = r#"payload.currency == "CHF" && reason == "rejected" && attempts == 1"#;
    let purge = ["dlq", "purge", "pay", "--where", chosen, "--format", "json"];
    let answer = shop.host.command(&purge).success().json();
    assert_eq!((&answer["matched"], &answer["moved"]), (&json!(1), &json!(1)), "{answer:#}");
    assert_eq!(shop.letters(), ["c-0", "c-1"]);

    let wrong = shop.host.command(&["dlq", "purge", "pay", "--where", "payload.currency =="]);
    assert_eq!(wrong.code, Some(1), "{wrong:#?}");
    assert_eq!(shop.letters().len(), 2, "an expression that is wrong moves nothing");
    shop.closes();
}

#[test]
fn a_redrive_that_is_stopped_leaves_the_rest_where_it_was() {
    let shop = Shop::with_letters(6);
    // What comes back stays put, and so can be told from what did not.
    shop.api.pause("pay");
    let (status, job) = shop.tell("redrive", &json!({ "all": true, "rate": "1/m" }));
    assert_eq!(status, 202, "{job:#}");
    let again = shop.tell("redrive", &json!({ "all": true, "rate": "1/m" }));
    assert_eq!(again.0, 409, "a second one at the same time: {again:?}");
    let path = "/v1/subscriptions/pay/redrive";
    let _ = shop.api.until(path, |job| figure(job, "moved") == 1);
    let (status, stopped) = shop.api.delete(path);
    assert_eq!((status, figure(&stopped, "moved")), (200, 1), "{stopped:#}");
    assert_eq!(shop.letters(), ["c-1", "c-2", "c-3", "c-4", "c-5"], "the oldest went first");
    assert_eq!(figure(&shop.subscription("pay"), "redriven"), 1);
    shop.closes();
}

#[test]
fn a_redrive_at_a_rate_takes_its_time_and_ends() {
    let shop = Shop::with_letters(4);
    shop.api.pause("pay");
    let begun = Instant::now();
    assert_eq!(shop.tell("redrive", &json!({ "all": true, "rate": "10/s" })).0, 202);
    let path = "/v1/subscriptions/pay/redrive";
    let done = shop.api.until(path, |job| job["state"] == "done");
    // The first goes at once.
    assert!(begun.elapsed() >= Duration::from_millis(300), "after {:?}", begun.elapsed());
    assert_eq!((figure(&done, "matched"), figure(&done, "moved")), (4, 4), "{done:#}");
    assert_eq!(figure(&shop.subscription("pay"), "redriven"), 4);
    shop.closes();
}

#[test]
fn a_purge_forgets_for_good() {
    let shop = Shop::with_letters(2);
    let (status, answer) = shop.tell("purge", &json!({ "all": true }));
    assert_eq!((status, &answer["moved"]), (200, &json!(2)), "{answer:#}");
    assert_eq!(shop.letters(), Vec::<String>::new());
    let (_, dead) = shop.api.get("/v1/topics/dead");
    assert_eq!(dead["depth"], 0, "{dead:#}");
    shop.closes();
}

#[test]
fn a_stopped_key_waits_until_its_dead_letter_is_gone() {
    let shop = Shop::open("ordering: key, on_dead_letter: park_key");
    shop.charge("c-1", "GBP");
    let _ = shop.letter(1);
    shop.publish("GBP", &charge("c-2", "EUR"));
    shop.publish("other", &charge("c-3", "EUR"));
    shop.until("write", "handled", 1);
    let figures = shop.subscription("pay");
    assert_eq!(figures["stopped_keys"][0]["key"], "GBP", "{figures:#}");
    let table = shop.host.command(&["subscriptions"]).success().stdout;
    assert!(table.contains("GBP"), "the stopped key is not shown:\n{table}");

    let (status, _) = shop.tell("purge", &json!({ "all": true }));
    assert_eq!(status, 200);
    shop.until("write", "handled", 2);
    let receipts = shop.project.lines("receipts.ndjson");
    assert!(String::from_utf8_lossy(&receipts[1]).contains("c-2"), "{receipts:?}");
    shop.closes();
}

#[test]
fn a_redriven_message_goes_before_those_that_waited_for_it() {
    let shop = Shop::open("ordering: key, on_dead_letter: park_key");
    shop.charge("c-1", "GBP");
    let id = shop.letter(1)["dead_letter"]["id"].clone();
    shop.publish("GBP", &charge("c-2", "EUR"));
    assert_eq!(shop.redrive(json!({ "ids": [id], "payload": charge("c-1", "EUR") })), (200, 1));
    shop.until("write", "handled", 2);
    let receipts = shop.project.lines("receipts.ndjson");
    for (receipt, charge) in receipts.iter().zip(["c-1", "c-2"]) {
        assert!(String::from_utf8_lossy(receipt).contains(charge), "{receipts:?}");
    }
    shop.closes();
}

#[test]
fn a_drain_that_waits_for_a_stopped_key_fails_and_names_it() {
    let project = Project::new();
    let source =
        "sources: { typed: { stdin: { format: ndjson }, topic: in, key_from: /currency } }";
    let file = pipeline(&project, "ordering: key, on_dead_letter: park_key", source);
    let input = charge("c-1", "GBP") + "\n" + &charge("c-2", "GBP") + "\n";
    let output = Host::run(&file, &["--drain"], &[], input.as_bytes());
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert!(output.stderr.contains("GBP") && output.stderr.contains("pay"), "{output:#?}");
}

/// A host that takes charges, and refuses those that are not in euro.
struct Shop {
    project: Project,
    host: Host,
    api: Api,
}

impl Shop {
    /// With more `rules` for the subscription that pays.
    #[track_caller]
    fn open(rules: &str) -> Self {
        let project = Project::new();
        let host = Host::start(&pipeline(&project, rules, ""), Input::None, &[]);
        let api = host.api();
        Self { project, host, api }
    }

    /// With dead letters of the charges `c-0`, `c-1`, ….
    #[track_caller]
    fn with_letters(count: usize) -> Self {
        let shop = Self::open("");
        (0..count).for_each(|n| shop.charge(&format!("c-{n}"), "GBP"));
        let _ = shop.letter(count);
        shop
    }

    /// Publishes a charge under its currency as key.
    #[track_caller]
    fn charge(&self, name: &str, currency: &str) {
        self.publish(currency, &charge(name, currency));
    }

    #[track_caller]
    fn publish(&self, key: &str, payload: &str) {
        let published = self.api.publish_with("in", &[("millstream-key", key)], payload);
        assert_eq!(published.status, 202, "{published:?}");
    }

    /// The first dead letter, once there are `count`.
    #[track_caller]
    fn letter(&self, count: usize) -> Value {
        self.api.dead_letters("pay", count).swap_remove(0)
    }

    /// The charges of the dead letters that are there, in order.
    #[track_caller]
    fn letters(&self) -> Vec<String> {
        let letters = self.api.dead_letters("pay", 0);
        letters.iter().map(charged).collect()
    }

    /// Status, and how many moved.
    #[track_caller]
    fn redrive(&self, what: Value) -> (u16, u64) {
        let (status, answer) = self.tell("redrive", &what);
        (status, figure(&answer, "moved"))
    }

    #[track_caller]
    fn tell(&self, what: &str, document: &Value) -> (u16, Value) {
        self.api.tell(&format!("/v1/subscriptions/pay/{what}"), document)
    }

    #[track_caller]
    fn subscription(&self, name: &str) -> Value {
        self.api.get(&format!("/v1/subscriptions/{name}")).1
    }

    #[track_caller]
    fn until(&self, name: &str, what: &str, count: u64) {
        let _ = self.api.subscription_until(name, |figures| figure(figures, what) == count);
    }

    #[track_caller]
    fn closes(self) {
        self.api.adds_up();
    }
}

fn charge(name: &str, currency: &str) -> String {
    json!({ "charge": name, "customer": "ann", "cents": 100, "currency": currency }).to_string()
}

/// The charge that a dead letter is about.
fn charged(letter: &Value) -> String {
    let payload = letter["payload"].as_str().expect("a charge is text");
    let charge: Value = serde_json::from_str(payload).expect("a charge is JSON");
    charge["charge"].as_str().expect("it has a name").to_owned()
}

fn pipeline(project: &Project, rules: &str, sources: &str) -> PathBuf {
    let text = format!(
        "pipeline: shop
topics: {{ in: {{ kind: event }}, out: {{ kind: command }}, dead: {{ kind: dead_letter }} }}
plugins: {{ payments: {{ source: {} }} }}
{sources}
subscriptions:
  pay: {{ topic: in, plugin: payments, output: out, dead_letter: dead, {rules} }}
  copy: {{ topic: in, sink: {{ file: {{ path: copy.ndjson }} }}, dead_letter: dead }}
  write: {{ topic: out, sink: {{ file: {{ path: receipts.ndjson }} }}, dead_letter: dead }}
",
        plugin("payments").display()
    );
    project.write("shop.yaml", text)
}
