//! The course: one idea a pipeline, each showing what the README's table says one sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use millstream_tests::{
    DEPARTURES, Hook, Host, Input, Output, Project, Summary, figure, millstream, plugin, repository,
};
use serde_json::{Value, json};

const CHARGES: &str = "pipelines/data/charges.ndjson";
const BAD_CHARGES: &str = "pipelines/data/bad-charges.ndjson";
const ENTRIES: &str = "pipelines/data/entries.ndjson";

#[test]
fn a_command_is_carried_out_once() {
    let _ = plugin("payments");
    let mut host = Idea::of("command").start();
    host.publish(&["charges", "--ndjson", CHARGES]);
    let charges: BTreeSet<String> =
        host.printed(10).iter().map(|line| text(line, "charge")).collect();
    assert_eq!(charges.len(), 10, "{charges:?}");
    assert_eq!(host.subscription("pay")["handled"], 10);
    host.adds_up();
}

#[test]
fn a_command_refuses_a_second_subscription() {
    let project = Project::new();
    let second = "  again: { topic: charges, sink: { stdout: {} }, dead_letter: dead }\n";
    let file = project.write("command.yaml", source("command") + second);
    let checked = millstream(["check", "--offline", &file.display().to_string()]);
    assert_eq!(checked.code, Some(2), "{checked:#?}");
    assert!(checked.stderr.contains("MS0301"), "{checked:#?}");
}

#[test]
fn an_event_goes_to_every_subscription_at_its_own_pace() {
    let mut host = Idea::of("fan-out").start();
    let _ = host.command(&["pause", "audit"]).success();
    host.publish(&["orders", "--data", r#"{"order":"o-1"}"#]);
    host.host.wait_for_output("o-1");
    assert_eq!(host.subscription("audit")["lag"], 1, "its copy waits");
    let _ = host.command(&["resume", "audit"]).success();
    host.until("audit", "handled", 1);
    assert_eq!(host.lines("audit.ndjson"), [r#"{"order":"o-1"}"#]);
    host.adds_up();
}

#[test]
fn competing_consumers_share_the_work_and_no_message() {
    let _ = plugin("payments");
    let mut host = Idea::of("competing-consumers").start();
    let _ = host.command(&["pause", "pay"]).success();
    // More than enough for four workers to be seen at it.
    (0..4).for_each(|_| host.publish(&["charges", "--ndjson", CHARGES]));
    let _ = host.command(&["resume", "pay"]).success();
    let busy = host.api().subscription_until("pay", |figures| figures["in_flight"] == 4);
    assert_eq!(figure(&busy, "failed"), 0, "{busy:#}");
    assert_eq!(host.printed(40).len(), 40);
    assert_eq!(host.until("pay", "handled", 40)["offered"], 40);
    host.adds_up();
}

#[test]
fn a_burst_is_levelled_and_nothing_is_lost() {
    let idea = Idea::of("load-levelling");
    let begun = Instant::now();
    let summary = Summary::of(&idea.run(b"").success());
    // 200 may go at once: what a tenth of a second allows.
    let least = Duration::from_secs_f64((DEPARTURES - 200) as f64 / 2_000.0);
    assert!(begun.elapsed() >= least, "{:?} for {least:?} of messages", begun.elapsed());
    summary.adds_up();
    assert_eq!(summary.subscription("steady", "handled"), DEPARTURES);
    assert_eq!(idea.project.lines("steady.ndjson").len() as u64, DEPARTURES);
}

#[test]
fn messages_wait_for_a_consumer_that_is_down() {
    let mut host = Idea::of("consumer-down").start();
    let _ = host.command(&["pause", "desk"]).success();
    for ticket in 1..=5 {
        host.publish(&["tickets", "--data", &format!("ticket {ticket}")]);
    }
    let waiting = host.subscription("desk");
    assert_eq!((&waiting["lag"], &waiting["handled"]), (&json!(5), &json!(0)), "{waiting:#}");
    let table = host.command(&["subscriptions"]).success().stdout;
    assert!(table.contains("paused"), "{table}");
    let _ = host.command(&["resume", "desk"]).success();
    (1..=5).for_each(|ticket| drop(host.host.wait_for_output(&format!("ticket {ticket}"))));
    host.until("desk", "handled", 5);
    host.adds_up();
}

#[test]
fn what_was_accepted_survives_a_kill() {
    let first = Idea::of("durable").start();
    let _ = first.command(&["pause", "desk"]).success();
    first.publish(&["tickets", "--data", "the printer is on fire"]);
    let project = first.project;
    first.host.kill();
    let mut second = Idea { project, ..Idea::of("durable") }.again();
    let waiting = second.subscription("desk");
    assert_eq!((&waiting["lag"], &waiting["paused"]), (&json!(1), &json!(true)), "{waiting:#}");
    let _ = second.command(&["resume", "desk"]).success();
    let _ = second.host.wait_for_output("the printer is on fire");
    second.until("desk", "handled", 1);
    second.adds_up();
}

#[test]
fn a_repeated_charge_is_paid_once_and_repeated_work_has_the_same_id() {
    let _ = plugin("payments");
    let host = Idea::of("duplicates").start();
    let charge = r#"{"charge":"c-1","customer":"ann","cents":2500,"currency":"EUR"}"#;
    let (_, first) = host.api().post("/charges", "application/json", charge);
    let (status, second) = host.api().post("/charges", "application/json", charge);
    assert_eq!((status, &second["duplicates"]), (202, &json!(1)), "{second:#}");
    assert_eq!(second["ids"], first["ids"], "a repeat answers with the first one's id");
    host.publish(&["charges", "--data", charge, "--dedup-id", "c-1"]);
    host.until("write-down", "handled", 1);
    assert_eq!(host.lines("receipts.ndjson").len(), 1);

    let _ = host.command(&["seek", "pay", "--to", "earliest"]).success();
    host.until("write-down", "handled", 2);
    let lines = host.lines("receipts.ndjson");
    let ids: BTreeSet<String> = lines.iter().map(|line| text(line, "id")).collect();
    assert_eq!((lines.len(), ids.len()), (2, 1), "{lines:#?}");
    host.adds_up();
}

#[test]
fn a_failing_message_holds_its_key_and_no_other() {
    let _ = plugin("accounts");
    let entries = std::fs::read(repository().join(ENTRIES)).expect("the entries are there");
    let output = Idea::of("order-by-key").run(&entries).success();
    let booked: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(booked.len(), 10, "{output:#?}");
    let mut by_account: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in &booked {
        by_account.entry(text(line, "account")).or_default().push(text(line, "entry"));
    }
    for (account, entries) in &by_account {
        assert!(entries.is_sorted(), "{account}'s entries are out of order: {booked:#?}");
    }
    let last: Vec<String> = booked[7..].iter().map(|line| text(line, "account")).collect();
    assert_eq!(last, ["ann"; 3], "others waited for ann: {booked:#?}");
}

#[test]
fn a_read_model_lags_and_catches_up() {
    let _ = plugin("accounts");
    let host = Idea::of("read-model").start();
    host.publish(&["entries", "--ndjson", ENTRIES, "--key-from", "/account"]);
    let _ = host.api().subscription_until("view", |figures| figure(figures, "lag") > 0);
    host.until("book", "handled", 10);
    host.until("view", "handled", 10);
    assert_eq!(host.subscription("view")["lag"], 0);
    assert_eq!(host.lines("view.ndjson").len(), 10);
    host.adds_up();
}

#[test]
fn poison_becomes_a_dead_letter_a_test_and_a_message_again() {
    let _ = plugin("payments");
    let mut host = Idea::of("poison").start();
    host.publish(&["charges", "--ndjson", BAD_CHARGES]);
    let paid: Vec<String> = host.printed(3).iter().map(|line| text(line, "charge")).collect();
    assert_eq!(paid, ["b-1", "b-4", "b-6"], "the others went on");
    let letters = host.api().dead_letters("pay", 3);
    let is_b3 = |letter: &&Value| letter["payload"].to_string().contains("b-3");
    let letter = letters.iter().find(is_b3).expect("b-3 is one");
    let id = letter["dead_letter"]["id"].as_str().expect("it has the message's id").to_owned();
    let shown = host.command(&["dlq", "show", "pay", &id]).success().stdout;
    assert!(shown.contains("charge b-3 is in GBP, taken are EUR"), "{shown}");

    let folder = plugin_without_cases(&host.project);
    let at = folder.display().to_string();
    let _ = host.command(&["dlq", "export", "pay", &id, &at]).success();
    let tested = millstream(["test", &at]);
    assert_eq!(tested.code, Some(1), "the case passes though nothing is mended: {tested:#?}");
    let said = format!("{}{}", tested.stdout, tested.stderr);
    assert!(said.contains("charge b-3 is in GBP, taken are EUR"), "{said}");

    let mended = r#"{"charge":"b-3","customer":"cem","cents":900,"currency":"EUR"}"#;
    let file = host.project.write("mended.json", mended).display().to_string();
    let _ =
        host.command(&["dlq", "redrive", "pay", "--id", &id, "--edit-payload", &file]).success();
    assert_eq!(text(&host.printed(1)[0], "charge"), "b-3");
    let left = host.api().dead_letters("pay", 2);
    assert!(left.len() == 2 && !left.iter().any(|letter| is_b3(&letter)));
    host.adds_up();
}

#[test]
fn a_delayed_message_to_ones_own_topic_is_a_timer() {
    let _ = plugin("reminders");
    let begun = Instant::now();
    let output = Idea::of("timers").run(b"{\"invoice\":\"i-7\"}\n").success();
    let letters: Vec<String> = output.stdout.lines().map(|line| text(line, "reminder")).collect();
    assert_eq!(letters, ["1", "2", "3"], "{output:#?}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "three letters in {:?}", begun.elapsed());
}

#[test]
fn a_schedule_publishes_when_it_is_due() {
    let mut host = Idea::of("schedule").start();
    let ticks: Vec<String> = host.printed(2).iter().map(|line| text(line, "at")).collect();
    assert_ne!(ticks[0], ticks[1], "one time twice");
    assert!(ticks.is_sorted() && ticks.iter().all(|at| at.ends_with(".000Z")), "{ticks:?}");
}

#[test]
fn a_web_hook_is_called_again_under_the_same_key() {
    // Fails until it has seen something twice.
    let seen = Mutex::new(BTreeSet::new());
    let hook = Hook::answering(move |call| {
        let key = call.header("idempotency-key").unwrap_or_default().to_owned();
        if seen.lock().expect("no call panics").insert(key) { 503 } else { 200 }
    });
    let mut idea = Idea::of("web-hook");
    idea.env.push(("HOOK_URL", hook.url().to_owned()));
    let host = idea.start();
    host.publish(&["orders", "--data", r#"{"order":"o-1"}"#]);
    let (first, again) = (hook.next_call(), hook.next_call());
    assert_eq!(first.text(), r#"{"order":"o-1"}"#);
    let key = first.header("idempotency-key").expect("a call has a key");
    assert_eq!(again.header("idempotency-key"), Some(key));
    let handled = host.until("call", "handled", 1);
    assert_eq!(handled["failed"], 1, "{handled:#}");
    host.adds_up();
}

#[test]
fn a_plugin_asks_the_server_that_its_pipeline_lists() {
    let _ = plugin("rates");
    let rates = Hook::saying("0.92", |_| 200);
    let mut idea = Idea::of("enrich");
    idea.env.push(("RATES_URL", rates.origin().to_owned()));
    let mut host = idea.start();
    host.publish(&["orders", "--data", r#"{"order":"o-1","cents":2500,"currency":"USD"}"#]);
    let priced: Value = serde_json::from_str(&host.printed(1)[0]).expect("a price is JSON");
    assert_eq!(priced, json!({ "order": "o-1", "euro_cents": 2300 }));
    assert_eq!(rates.next_call().path, "/rates/USD");
    host.adds_up();
}

#[test]
fn a_plugin_without_its_grant_is_refused_with_the_line_to_add() {
    let folder = plugin("rates");
    let project = Project::new();
    let text = source("enrich").replace("../plugins/rates", &folder.display().to_string());
    let (granted, rest) = text.split_once("    grants:").expect("the pipeline grants http");
    let without = format!("{granted}{}", rest.split_once('\n').expect("more follows").1);
    let file = project.write("enrich.yaml", without);
    let checked = millstream(["check", &file.display().to_string()]);
    assert_eq!(checked.code, Some(2), "{checked:#?}");
    for part in ["MS0402", "`wasi:http/", "grants: { http: [\"https://HOST\"] }"] {
        assert!(checked.stderr.contains(part), "{part}: {checked:#?}");
    }
}

#[test]
fn an_offer_that_nobody_takes_in_time_expires() {
    let mut host = Idea::of("expiry").start();
    let offers: String = (1..=10).map(|n| format!("\"offer {n}\"\n")).collect();
    let file = host.project.write("offers.ndjson", offers).display().to_string();
    host.publish(&["offers", "--ndjson", &file]);
    host.host.wait_for_output("offer 1");
    let done = host.api().subscription_until("take", |figures| {
        figure(figures, "handled") + figure(figures, "dead_lettered") == 10
    });
    // Two a second for two seconds; the first goes at once.
    assert!((1..=5).contains(&figure(&done, "handled")), "{done:#}");
    let letters = host.api().dead_letters("take", 1);
    assert_eq!(letters[0]["dead_letter"]["reason"], "expired", "{letters:#?}");
    host.adds_up();
}

#[test]
fn what_was_handled_can_be_had_again() {
    let mut host = Idea::of("replay").start();
    host.publish(&["orders", "--data", r#"{"order":"o-1"}"#]);
    assert_eq!(text(&host.printed(1)[0], "order"), "o-1");
    host.until("print", "handled", 1);
    let _ = host.command(&["seek", "print", "--to", "earliest"]).success();
    assert_eq!(text(&host.printed(1)[0], "order"), "o-1");
    host.until("print", "handled", 2);
    let tap = ["tap", "orders", "--from", "earliest", "--count", "1", "--format", "json"];
    let tapped = host.command(&tap).success().json();
    assert_eq!(tapped["payload"], r#"{"order":"o-1"}"#, "{tapped:#}");
    host.adds_up();
}

/// A pipeline of the project, with a folder for what it writes.
struct Idea {
    name: &'static str,
    project: Project,
    env: Vec<(&'static str, String)>,
}

impl Idea {
    fn of(name: &'static str) -> Self {
        let project = Project::new();
        let env = vec![("MILLSTREAM_OUT", project.folder().display().to_string())];
        Self { name, project, env }
    }

    /// Starts in a folder where it ran before.
    #[track_caller]
    fn again(mut self) -> Running {
        self.env = vec![("MILLSTREAM_OUT", self.project.folder().display().to_string())];
        self.start()
    }

    fn file(&self) -> std::path::PathBuf {
        repository().join(format!("pipelines/{}.yaml", self.name))
    }

    #[track_caller]
    fn start(self) -> Running {
        let env: Vec<(&str, &str)> =
            self.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let host = Host::start_with_env(&self.file(), Input::None, &[], &env);
        Running { host, project: self.project }
    }

    #[track_caller]
    fn run(&self, input: &[u8]) -> Output {
        let out = [("MILLSTREAM_OUT", self.project.folder())];
        Host::run(&self.file(), &["--drain", "--http", "off"], &out, input)
    }
}

/// An idea while it runs.
struct Running {
    host: Host,
    project: Project,
}

impl Running {
    fn api(&self) -> millstream_tests::Api {
        self.host.api()
    }

    #[track_caller]
    fn command(&self, args: &[&str]) -> Output {
        self.host.command(args)
    }

    #[track_caller]
    fn publish(&self, args: &[&str]) {
        let _ = self.command(&[&["publish"], args].concat()).success();
    }

    /// As many lines that a sink printed.
    #[track_caller]
    fn printed(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.host.wait_for_output("{")).collect()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.project.lines(name);
        lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[track_caller]
    fn subscription(&self, name: &str) -> Value {
        self.api().get(&format!("/v1/subscriptions/{name}")).1
    }

    #[track_caller]
    fn until(&self, name: &str, what: &str, count: u64) -> Value {
        self.api().subscription_until(name, |figures| figure(figures, what) == count)
    }

    #[track_caller]
    fn adds_up(&self) {
        self.api().adds_up();
    }
}

/// The plugin `payments`, built, without what the test will write into its cases.
fn plugin_without_cases(project: &Project) -> std::path::PathBuf {
    let own = repository().join("plugins/payments");
    for file in ["plugin.toml", "build/payments.wasm"] {
        let content = std::fs::read(own.join(file)).expect("the plugin is built");
        project.write(&format!("payments/{file}"), content);
    }
    project.path("payments")
}

/// The text of a pipeline of the project.
fn source(name: &str) -> String {
    let file = repository().join(format!("pipelines/{name}.yaml"));
    let text = std::fs::read_to_string(file).expect("the pipeline is there");
    text.replace("../plugins", &repository().join("plugins").display().to_string())
}

/// A field of a line of JSON, as text.
#[track_caller]
fn text(line: &str, field: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    match &value[field] {
        Value::String(text) => text.clone(),
        Value::Null => panic!("no `{field}` in {line}"),
        other => other.to_string(),
    }
}
