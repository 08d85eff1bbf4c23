//! A swap and an apply at the same time: the second is refused, and says what is in its way.

use std::thread::JoinHandle;

use millstream_tests::{Output, guest, millstream};
use serde_json::Value;

use crate::bed::{Bed, numbered};
use crate::door::Door;

fn text(more: &str, plugin: &str) -> String {
    format!(
        "pipeline: p
topics:
  in: {{ kind: event{more} }}
  out: {{ kind: command }}
subscriptions:
  work: {{ topic: in, plugin: guest, output: out, on_exhausted: drop }}
  write: {{ topic: out, sink: {{ file: {{ path: out.txt }} }}, on_exhausted: drop }}
{plugin}plugins:
  guest: {{ source: {} }}
",
        guest("echo").display()
    )
}

fn before() -> String {
    text("", "")
}

/// With a plugin that waits at the door when it is started.
fn behind(door: &Door) -> String {
    let asks = "  ask: { topic: in, plugin: late, output: out, on_exhausted: drop }\n";
    text(", retain: 1m", asks) + &format!("  late: {}\n", door.plugin())
}

/// `apply` as somebody else runs it, held at the door.
fn applying(bed: &Bed, door: &Door) -> JoinHandle<Output> {
    bed.project.write("pipeline.yaml", behind(door));
    let (file, url) = (bed.file.display().to_string(), bed.host.url().to_owned());
    let applying = std::thread::spawn(move || millstream(["--url", &url, "apply", &file]));
    door.until_knocked();
    applying
}

/// The command fails at run time, and says this.
#[track_caller]
fn refused(output: &Output, says: &str) {
    assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{output:#?}");
    assert!(output.stderr.contains(says), "{}", output.stderr);
}

/// The request is a conflict of this type.
#[track_caller]
fn conflict((status, problem): (u16, Value), kind: &str) -> Value {
    let named = problem["type"].as_str().expect("a problem has a type");
    assert!(status == 409 && named.ends_with(kind), "{status} {problem:#}");
    problem
}

#[track_caller]
fn swap(bed: &Bed, query: &str) -> (u16, Value) {
    let bytes = std::fs::read(guest("stamp")).expect("the guest is built");
    bed.api.post(&format!("/v1/plugins/guest/swap?{query}"), "application/wasm", bytes)
}

#[track_caller]
fn swapped(bed: &Bed) {
    let (status, begun) = swap(bed, "probation=0");
    assert_eq!(status, 202, "{begun:#}");
    let ended = bed.api.until("/v1/plugins/guest/swap", |status| status["done"] == true);
    assert_eq!(ended["state"], "promoted", "{ended:#}");
}

#[test]
fn while_an_apply_is_under_way_a_swap_a_rollback_and_another_apply_are_refused() {
    let (bed, door) = (Bed::open(&before()), Door::closed());
    let applying = applying(&bed, &door);
    let stamp = guest("stamp").display().to_string();
    let busy = "a changed pipeline is being applied: wait for its end";
    refused(&bed.host.command(&["swap", "guest", &stamp, "--wait"]), busy);
    conflict(swap(&bed, ""), "apply-under-way");
    let other = bed.project.write("other.yaml", before());
    let apply = bed.host.command(&["apply", other.to_str().expect("a path")]);
    refused(&apply, "another pipeline is being applied: wait for its end");
    conflict(bed.api.put("/v1/pipeline", before()), "apply-under-way");
    let (status, told) = bed.api.put("/v1/pipeline?dry_run=true", text(", retain: 1m", ""));
    assert_eq!((status, &told["applied"]), (200, &false.into()), "it changes nothing: {told:#}");
    assert_eq!((bed.runs(), bed.api.get("/v1/plugins/guest/swap").0), (before(), 404));
    bed.publish("in", numbered("meanwhile", 10));
    bed.idle();
    assert_eq!(bed.written_once("out.txt").len(), 10, "what runs goes on");
    let expected = behind(&door);
    door.open();
    let _ = applying.join().expect("it ends").success();
    assert_eq!(bed.runs(), expected);
    swapped(&bed);
    let _ = bed.host.terminate();
}

#[test]
fn a_rollback_waits_for_no_apply_and_is_refused_too() {
    let (bed, door) = (Bed::open(&before()), Door::closed());
    swapped(&bed);
    let versions = || bed.api.get("/v1/plugins/guest").1["versions"].clone();
    let stamp = versions();
    let applying = applying(&bed, &door);
    let rollback = bed.host.command(&["rollback", "guest"]);
    refused(&rollback, "a changed pipeline is being applied: wait for its end");
    conflict(bed.api.tell("/v1/plugins/guest/rollback", &Value::Null), "apply-under-way");
    assert_eq!(versions(), stamp);
    door.open();
    let _ = applying.join().expect("it ends").success();
    let back = bed.host.command(&["rollback", "guest"]).success();
    assert!(back.stdout.contains("is back at sha256:"), "{back:#?}");
    let _ = bed.host.terminate();
}

#[test]
fn an_apply_that_fails_leaves_the_way_free() {
    let (bed, door) = (Bed::open(&before()), Door::closed());
    let applying = applying(&bed, &door);
    door.turn_away();
    let output = applying.join().expect("it ends");
    refused(&output, "`late` does not start for subscription `ask`");
    assert!(output.stderr.contains("the server answered 403"), "{}", output.stderr);
    assert_eq!(bed.runs(), before());
    swapped(&bed);
    bed.applied(&text(", retain: 1m", ""), &[]);
    let _ = bed.host.terminate();
}

#[test]
fn while_a_version_is_on_trial_an_apply_is_refused_and_says_how_far_it_is() {
    let bed = Bed::open(&before());
    let (status, begun) = swap(&bed, "probation=1h");
    assert_eq!(status, 202, "{begun:#}");
    bed.api.until("/v1/plugins/guest/swap", |status| status["state"] == "probation");
    let changed = text(", retain: 1m", "");
    let says = "plugin `guest`: a swap of this plugin is under way, probation since ";
    refused(&bed.apply(&changed, &[]), says);
    let problem = conflict(bed.api.put("/v1/pipeline", changed.clone()), "swap-under-way");
    assert_eq!(problem["swap"]["state"], "probation");
    let stamp = guest("stamp").display().to_string();
    refused(&bed.host.command(&["swap", "guest", &stamp]), says);
    assert_eq!(bed.runs(), before());
    let back = bed.host.command(&["rollback", "guest"]).success();
    assert!(back.stdout.contains("is back at sha256:"), "{back:#?}");
    bed.applied(&changed, &[]);
    let _ = bed.host.terminate();
}
