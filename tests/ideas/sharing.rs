//! Who gets a message, and when it goes: commands, events, shared work, bursts, consumers that are away.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use millstream_tests::{DEPARTURES, Project, Summary, figure, millstream, plugin};
use serde_json::json;

use crate::idea::{Idea, source, text};

const CHARGES: &str = "pipelines/data/charges.ndjson";

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
