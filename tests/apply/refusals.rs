//! What cannot be applied changes nothing and says why.

use millstream_tests::{Project, figure, guest, millstream};

use crate::bed::{Bed, numbered, publish};

const SHOP: &str = "pipeline: shop
topics:
  orders: { kind: event }
  jobs: { kind: command }
subscriptions:
  write: { topic: orders, sink: { file: { path: out.txt } }, on_exhausted: drop }
  work: { topic: jobs, sink: { file: { path: jobs.txt } }, on_exhausted: drop }
";

const WITHOUT_JOBS: &str = "pipeline: shop
topics:
  orders: { kind: event }
subscriptions:
  write: { topic: orders, sink: { file: { path: out.txt } }, on_exhausted: drop }
";

#[test]
fn a_wrong_file_is_refused_with_the_findings_that_check_gives() {
    let bed = Bed::open(SHOP);
    let wrong = SHOP.replace("topic: jobs", "topic: jubs").replace("kind: event", "kind: evnt");
    let refused = bed.apply(&wrong, &[]);
    let file = bed.file.to_str().unwrap();
    let checked = millstream(["check", file]);
    assert_eq!((refused.code, &refused.stderr), (Some(2), &checked.stderr));
    assert!(refused.stderr.contains("MS0110") && refused.stdout.is_empty(), "{refused:#?}");
    let as_json = bed.apply(&wrong, &["--format", "json"]);
    assert_eq!(as_json.json(), millstream(["check", file, "--format", "json"]).json());
    unchanged(&bed);
}

#[test]
fn what_holds_messages_goes_only_when_it_is_named() {
    let bed = Bed::open(SHOP);
    bed.api.pause("work");
    bed.publish("jobs", numbered("job", 12));
    let refused = bed.apply(WITHOUT_JOBS, &[]);
    assert_eq!(refused.code, Some(2));
    let said = "the host holds 12 messages of the topic `jobs`, which is no longer declared";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    assert!(refused.stderr.contains("`--drop topic:jobs` gives them up"), "{}", refused.stderr);
    assert_eq!(bed.apply(WITHOUT_JOBS, &["--dry-run"]).code, Some(2));
    bed.project.write("pipeline.yaml", SHOP);
    unchanged(&bed);
    let named = ["--drop", "topic:jobs", "--drop", "subscription:work"];
    let told = bed.apply(WITHOUT_JOBS, &named).success().stdout;
    assert!(told.contains("- topic \"jobs\": 12 messages given up"), "{told}");
    assert_eq!(bed.api.get("/v1/topics/jobs").0, 404);
    let again = bed.apply(WITHOUT_JOBS, &["--drop", "topic:jobs"]);
    assert_eq!(again.code, Some(2), "{again:#?}");
    assert!(again.stderr.contains("there is no topic \"jobs\""), "{}", again.stderr);
}

#[test]
fn an_empty_one_goes_without_being_named() {
    let bed = Bed::open(SHOP);
    bed.publish("jobs", numbered("job", 12));
    bed.idle();
    bed.applied(WITHOUT_JOBS, &[]);
    bed.applied(SHOP, &[]);
    let fresh = bed.api.subscription_until("work", |_| true);
    assert_eq!(figure(&fresh, "handled"), 0, "it is another one of the same name");
    bed.publish("jobs", numbered("again", 12));
    bed.idle();
    assert_eq!(bed.written_once("jobs.txt").len(), 24);
}

#[test]
fn what_only_a_start_takes_is_named() {
    let bed = Bed::open(SHOP);
    let store = SHOP.replace("pipeline: shop", "pipeline: store\nbroker: { journal: { path: j } }");
    let refused = bed.apply(&store, &["--format", "json"]);
    let paths: Vec<String> = refused
        .json()
        .as_array()
        .expect("findings")
        .iter()
        .map(|one| format!("{} {}", one["code"], one["path"]).replace('"', ""))
        .collect();
    assert_eq!(
        (refused.code, paths),
        (Some(2), vec!["MS0511 pipeline".into(), "MS0511 broker".into()])
    );
    bed.project.write("pipeline.yaml", SHOP);
    unchanged(&bed);
}

/// Another reader would begin behind what the one before has read ahead.
#[test]
fn whatever_changes_of_a_reader_of_stdin_takes_a_restart() {
    let text = |topic: &str, source: &str| {
        let sources =
            format!("sources:\n  typed: {{ stdin: {{ format: lines }}, topic: orders{source} }}\n");
        SHOP.replace("kind: event", &format!("kind: event{topic}")) + &sources
    };
    let bed = Bed::open(&text("", ""));
    for changed in [text("", ", key_from: /id"), text(", max_messages: 9", ""), SHOP.to_owned()] {
        let refused = bed.apply(&changed, &[]);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(refused.stderr.contains("MS0511"), "{}", refused.stderr);
        assert!(refused.stderr.contains("`sources.typed` cannot change"), "{}", refused.stderr);
        assert_eq!(bed.runs(), text("", ""));
    }
    bed.applied(&text(", retain: 1m", ""), &[]);
}

#[test]
fn a_kind_or_a_topic_that_changes_is_refused() {
    let bed = Bed::open(SHOP);
    let turned = SHOP.replace("jobs: { kind: command }", "jobs: { kind: event }");
    let refused = bed.apply(&turned, &[]);
    assert!(refused.stderr.contains("MS0506"), "{}", refused.stderr);
    let moved = SHOP.replace("work: { topic: jobs", "work: { topic: orders");
    let refused = bed.apply(&moved, &[]);
    assert!(refused.stderr.contains("MS0506"), "{}", refused.stderr);
    unchanged(&bed);
}

#[test]
fn what_cannot_be_opened_or_started_changes_nothing() {
    let bed = Bed::open(SHOP);
    let folder = SHOP.replace("path: out.txt", "path: nowhere/out.txt");
    let refused = bed.apply(&folder, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("there is no folder"), "{}", refused.stderr);
    let plugin = |name: &str| {
        let more = format!(
            "  ask: {{ topic: orders, plugin: guest, output: jobs, on_exhausted: drop }}\n\
             plugins:\n  guest: {{ source: {} }}\n",
            guest(name).display()
        );
        format!("{SHOP}{more}")
    };
    let refused = bed.apply(&plugin("refuse-config"), &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("`guest` does not start for"), "{}", refused.stderr);
    bed.project.write("no.wasm", "no component");
    let refused = bed.apply(&plugin("echo").replace("echo.wasm", "nothing.wasm"), &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("MS0401"), "{}", refused.stderr);
    unchanged(&bed);
}

#[test]
fn nobody_answers_is_an_exit_code_of_its_own() {
    let project = Project::new();
    let file = project.write("pipeline.yaml", SHOP);
    let nobody = millstream(["apply", file.to_str().unwrap(), "--url", "http://127.0.0.1:1"]);
    assert_eq!(nobody.code, Some(3), "{nobody:#?}");
}

/// The pipeline of before runs, and works.
#[track_caller]
fn unchanged(bed: &Bed) {
    assert_eq!(bed.runs(), SHOP);
    publish(&bed.api, "orders", numbered("still", 1));
    bed.api.subscription_until("write", |one| figure(one, "handled") >= 1);
    bed.api.adds_up();
}
