//! Order: what `ordering` promises holds through retries and with any number of workers, and what
//! it does not promise costs nobody anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use millstream_tests::{Host, Project, Summary, plugin};

#[test]
fn one_keys_messages_stay_in_order_through_retries_and_many_workers() {
    let entries = entries(20, 20, |account, entry| u64::from((account + entry) % 5 == 0));
    let booked = book("ordering: key, concurrency: 8", &entries);
    assert_eq!(booked.len(), 400);
    let mut by_account: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (account, entry) in &booked {
        by_account.entry(account).or_default().push(*entry);
    }
    for (account, entries) in by_account {
        assert!(entries.iter().copied().eq(0..20), "{account}: {entries:?}");
    }
}

#[test]
fn strict_keeps_all_messages_in_order() {
    let entries = entries(5, 12, |account, entry| u64::from(account == entry));
    let booked = book("ordering: strict, concurrency: 4", &entries);
    let published: Vec<(String, u64)> =
        (0..12).flat_map(|entry| (0..5).map(move |account| (name(account), entry))).collect();
    assert_eq!(booked, published);
}

#[test]
fn a_failing_message_holds_its_key_only() {
    let entries = entries(3, 3, |account, entry| u64::from((account, entry) == (0, 0)));
    let booked = book("ordering: key, retry: { backoff: { initial: 500ms } }", &entries);
    let last: Vec<&str> = booked[6..].iter().map(|(account, _)| account.as_str()).collect();
    assert_eq!(last, ["account-0"; 3], "{booked:?}");
}

#[test]
fn without_an_ordering_a_failing_message_holds_nobody() {
    let entries = entries(1, 5, |_, entry| u64::from(entry == 0));
    let booked = book("ordering: none, retry: { backoff: { initial: 500ms } }", &entries);
    let order: Vec<u64> = booked.iter().map(|(_, entry)| *entry).collect();
    assert_eq!(order, [1, 2, 3, 4, 0]);
}

#[test]
fn messages_without_a_key_wait_for_nobody() {
    let entries = entries(1, 5, |_, entry| u64::from(entry == 0)).replace("account-0", "");
    let booked = book("ordering: key, retry: { backoff: { initial: 500ms } }", &entries);
    let order: Vec<u64> = booked.iter().map(|(_, entry)| *entry).collect();
    assert_eq!(order, [1, 2, 3, 4, 0]);
}

#[test]
fn a_key_goes_on_after_its_dead_letter() {
    let mut entries = entries(1, 3, |_, _| 0);
    // No number: the plugin rejects it.
    entries = entries.replace("\"entry\":1,", "\"entry\":\"one\",");
    let project = Project::new();
    let file = pipeline(&project, "ordering: key, on_dead_letter: continue");
    let output = Host::run(&file, &["--drain"], &[], entries.as_bytes()).success();
    let summary = Summary::of(&output);
    summary.adds_up();
    assert_eq!(summary.subscription("book", "dead_lettered"), 1);
    let order: Vec<u64> = booked(&project).iter().map(|(_, entry)| *entry).collect();
    assert_eq!(order, [0, 2]);
}

/// What was booked, in order, after the plugin has handled all `entries` under `rules`.
#[track_caller]
fn book(rules: &str, entries: &str) -> Vec<(String, u64)> {
    let project = Project::new();
    let file = pipeline(&project, rules);
    Summary::of(&Host::run(&file, &["--drain"], &[], entries.as_bytes()).success()).adds_up();
    booked(&project)
}

fn booked(project: &Project) -> Vec<(String, u64)> {
    let parse = |line: &Vec<u8>| {
        let event: serde_json::Value = serde_json::from_slice(line).expect("an event is JSON");
        let account = event["account"].as_str().expect("it has an account").to_owned();
        (account, event["entry"].as_u64().expect("it has a number"))
    };
    project.lines("booked.ndjson").iter().map(parse).collect()
}

/// The entries 0, 1, … of each account, all accounts' first ones first; `locked` says for how many
/// tries one fails.
fn entries(accounts: u64, each: u64, locked: impl Fn(u64, u64) -> u64) -> String {
    let line = |account, entry| {
        let (name, locked) = (name(account), locked(account, entry));
        format!(r#"{{"account":"{name}","entry":{entry},"cents":1,"locked":{locked}}}"#) + "\n"
    };
    (0..each)
        .flat_map(|entry| (0..accounts).map(move |account| (account, entry)))
        .map(|(account, entry)| line(account, entry))
        .collect()
}

fn name(account: u64) -> String {
    format!("account-{account}")
}

fn pipeline(project: &Project, rules: &str) -> PathBuf {
    // A rule that is given takes the place of the default one.
    let retry =
        if rules.contains("retry:") { "" } else { "retry: { backoff: { initial: 5ms } }, " };
    let text = format!(
        "pipeline: ordering
topics: {{ in: {{ kind: event }}, out: {{ kind: command }}, dead: {{ kind: dead_letter }} }}
plugins: {{ accounts: {{ source: {} }} }}
sources: {{ typed: {{ stdin: {{ format: ndjson }}, topic: in, key_from: /account }} }}
subscriptions:
  book: {{ topic: in, plugin: accounts, output: out, dead_letter: dead, {retry}{rules} }}
  write: {{ topic: out, sink: {{ file: {{ path: booked.ndjson }} }}, dead_letter: dead }}
",
        plugin("accounts").display()
    );
    project.write("ordering.yaml", text)
}
