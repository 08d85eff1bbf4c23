//! What a start finds in the journal that an earlier one left, and what it refuses.

use millstream_tests::{Host, Input, Project, figure, millstream, plugin};
use serde_json::{Value, json};

const PIPELINE: &str = "pipeline: p\n\
    broker: { journal: { path: journal } }\n\
    topics:\n  in: { kind: command, dedup: { window: 1h } }\n  dead: { kind: dead_letter }\n\
    subscriptions:\n  work: { topic: in, sink: { file: { path: out.txt } }, dead_letter: dead }\n";

fn start(project: &Project, text: &str, args: &[&str]) -> Host {
    Host::start(&project.write("p.yaml", text), Input::None, args)
}

fn publish(host: &Host, text: &str, more: &[&str]) -> String {
    let args = [&["publish", "in", "--data", text, "--format", "json"], more].concat();
    host.command(&args).success().stdout
}

#[test]
fn a_killed_host_goes_on_with_its_messages_its_pauses_and_its_dedup_ids() {
    let project = Project::new();
    let first = start(&project, PIPELINE, &[]);
    let _ = first.command(&["pause", "work"]).success();
    let _ = publish(&first, "one", &["--dedup-id", "d1"]);
    let _ = publish(&first, "later", &["--delay", "1h"]);
    first.kill();
    let second = start(&project, PIPELINE, &[]);
    let work = second.api().get("/v1/subscriptions/work").1;
    assert_eq!((&work["lag"], &work["paused"]), (&json!(1), &json!(true)), "{work:#}");
    let topic = second.api().get("/v1/topics/in").1;
    assert_eq!((&topic["depth"], &topic["delayed"]), (&json!(2), &json!(1)), "{topic:#}");
    let again = publish(&second, "one", &["--dedup-id", "d1"]);
    assert!(again.contains("\"duplicates\": 1") || again.contains("\"duplicates\":1"), "{again}");
    let _ = second.command(&["resume", "work"]).success();
    second.api().subscription_until("work", |figures| figures["handled"] == 1);
    assert_eq!(project.lines("out.txt"), [b"one".to_vec()]);
}

/// Charges that the plugin rejects.
const CHARGES: usize = 3;

fn shop() -> String {
    format!(
        "pipeline: shop\n\
         broker: {{ journal: {{ path: journal }} }}\n\
         topics: {{ in: {{ kind: event }}, out: {{ kind: command }}, dead: {{ kind: dead_letter }} }}\n\
         plugins: {{ payments: {{ source: {} }} }}\n\
         subscriptions:\n  \
         pay: {{ topic: in, plugin: payments, output: out, dead_letter: dead }}\n  \
         write: {{ topic: out, sink: {{ file: {{ path: receipts.ndjson }} }}, dead_letter: dead }}\n",
        plugin("payments").display()
    )
}

#[test]
fn a_killed_host_goes_on_with_its_redrive_and_moves_each_message_once() {
    let (project, text, redrive) = (Project::new(), shop(), "/v1/subscriptions/pay/redrive");
    let mut host = start(&project, &text, &[]);
    for n in 0..CHARGES {
        let charge = json!({ "charge": format!("c-{n}"), "customer": "ann", "cents": 100, "currency": "GBP" });
        let _ = publish(&host, &charge.to_string(), &[]);
    }
    let before = payloads(&host.api().dead_letters("pay", CHARGES));
    host.api().pause("pay");
    let (status, job) = host.api().tell(redrive, &json!({ "all": true, "rate": "1/h" }));
    assert_eq!(status, 202, "{job:#}");
    // The first of a rate goes at once: one in each life of the host.
    for moved in 1..CHARGES as u64 {
        let job = host.api().until(redrive, |job| figure(job, "moved") == moved);
        assert_eq!(figure(&job, "matched"), CHARGES as u64, "{job:#}");
        host.kill();
        host = start(&project, &text, &[]);
    }
    let done = host.api().until(redrive, |job| job["state"] == "done");
    assert_eq!(figure(&done, "moved"), CHARGES as u64, "{done:#}");
    let pay = host.api().get("/v1/subscriptions/pay").1;
    assert_eq!([figure(&pay, "redriven"), figure(&pay, "parked")], [CHARGES as u64; 2], "{pay:#}");
    host.api().resume("pay");
    assert_eq!(payloads(&host.api().dead_letters("pay", CHARGES)), before, "each failed again");

    let _ = host.api().tell(redrive, &json!({ "all": true, "rate": "1/h" }));
    assert_eq!(host.api().delete(redrive).0, 200);
    host.kill();
    let host = start(&project, &text, &[]);
    assert_eq!(host.api().get(redrive).0, 404, "what was stopped goes on");
    host.api().adds_up();
}

/// What the dead letters hold, in order.
fn payloads(letters: &[Value]) -> Vec<String> {
    let mut payloads: Vec<String> = letters.iter().map(|one| one["payload"].to_string()).collect();
    payloads.sort_unstable();
    payloads
}

#[test]
fn a_second_host_on_one_journal_is_refused() {
    let project = Project::new();
    let _first = start(&project, PIPELINE, &[]);
    let file = project.folder().join("p.yaml").display().to_string();
    let second = millstream(["run", &file, "--http", "off"]);
    assert_eq!(second.code, Some(1), "{second:#?}");
    assert!(second.stderr.contains("MS0508"), "{second:#?}");
}

#[test]
fn what_is_no_longer_declared_is_refused_until_it_is_named() {
    let project = Project::new();
    let first = start(&project, PIPELINE, &[]);
    let _ = first.command(&["pause", "work"]).success();
    let _ = publish(&first, "one", &[]);
    first.kill();
    let renamed = PIPELINE.replace("in:", "inbox:").replace("topic: in", "topic: inbox");
    let file = project.write("p.yaml", &renamed).display().to_string();
    let refused = millstream(["run", &file, "--http", "off"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    for said in ["--drop topic:in", "--rename topic:in="] {
        assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
    }
    let told = ["MS0505", "MS0506"].map(|code| refused.stderr.matches(code).count());
    assert_eq!(told, [1, 0], "the topic is told, and not its reader again: {refused:#?}");
    for [option, wrong] in [["--drop", "subscription:in"], ["--rename", "topic:inn=inbox"]] {
        let refused = millstream(["run", &file, "--http", "off", option, wrong]);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(refused.stderr.contains("the topics `in`, `dead`"), "{refused:#?}");
        assert!(refused.stderr.contains("the subscriptions `work`"), "{refused:#?}");
    }
    let host = start(&project, &renamed, &["--rename", "topic:in=inbox"]);
    assert_eq!(host.api().get("/v1/topics/inbox").1["depth"], 1);
    assert_eq!(host.api().get("/v1/subscriptions/work").1["lag"], 1);
    host.kill();
    let host = start(&project, PIPELINE, &["--drop", "topic:inbox", "--drop", "subscription:work"]);
    assert_eq!(host.api().get("/v1/topics/in").1["depth"], 0);
    let _ = publish(&host, "two", &[]);
    host.api().subscription_until("work", |figures| figures["handled"] == 1);
    host.kill();
    let host = start(&project, PIPELINE, &["--drop", "topic:in"]);
    let _ = publish(&host, "three", &[]);
    host.api().subscription_until("work", |figures| figures["handled"] == 1);
    host.api().adds_up();
}

#[test]
fn damage_is_named_with_its_file_and_offset_and_stops_the_start() {
    let project = Project::new();
    let first = start(&project, PIPELINE, &[]);
    let _ = first.command(&["pause", "work"]).success();
    (0..20).for_each(|n| drop(publish(&first, &format!("message {n}"), &[])));
    first.kill();
    let folder = project.folder().join("journal");
    let segment = folder.join("segment-0000000000000000.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(9).position(|window| window == b"message 3").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let file = project.folder().join("p.yaml").display().to_string();
    let refused = millstream(["run", &file, "--http", "off"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("segment-0000000000000000.log"), "{refused:#?}");
    let folder = folder.display().to_string();
    let verified = millstream(["journal", "verify", &folder]);
    assert_eq!(verified.code, Some(1), "{verified:#?}");
    let _ = millstream(["journal", "repair", &folder]).success();
    let _ = millstream(["journal", "verify", &folder]).success();
    let host = start(&project, PIPELINE, &[]);
    assert_eq!(host.api().get("/v1/topics/in").1["depth"], 19);
}
