//! What goes wrong: a kill, a repeat, a failing message, poison, a server that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use millstream_tests::{Hook, Project, millstream, plugin, repository};
use serde_json::{Value, json};

use crate::idea::{ENTRIES, Idea, text};

const BAD_CHARGES: &str = "pipelines/data/bad-charges.ndjson";
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

/// The plugin `payments`, built, without what the test will write into its cases.
fn plugin_without_cases(project: &Project) -> std::path::PathBuf {
    let own = repository().join("plugins/payments");
    for file in ["plugin.toml", "build/payments.wasm"] {
        let content = std::fs::read(own.join(file)).expect("the plugin is built");
        project.write(&format!("payments/{file}"), content);
    }
    project.path("payments")
}
