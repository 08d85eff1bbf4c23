//! A host that is killed in any state of a swap: after the start one version serves, and only one.

use millstream_tests::{Project, guest};
use serde_json::Value;

use crate::bed::{Bed, JOURNAL, digest, each_key_counts_to, once};

const KEYS: usize = 40;

/// The states of a swap, in order.
const STATES: [&str; 9] = [
    "received",
    "verified",
    "compiled",
    "imports",
    "configured",
    "shadowing",
    "canary",
    "probation",
    "promoted",
];

#[test]
fn killed_in_any_state_of_a_swap_one_version_serves_afterwards_and_nothing_is_lost() {
    for state in STATES {
        let options = match state {
            "promoted" => "shadow=0&probation=100ms",
            "shadowing" => "shadow=10000&probation=1h",
            "probation" => "probation=1h",
            _ => "canary=50&probation=1h",
        };
        let (bed, killed_in) = killed_in(state, options);
        let versions = bed.versions();
        let (before, after) = (digest(&guest("echo")), digest(&bed.path("new.wasm")));
        assert!(versions.iter().all(|(state, _)| state != "trial"), "{versions:?}");
        assert_eq!(versions.iter().filter(|(state, _)| state == "serving").count(), 1);
        let serves = if killed_in == "promoted" { &after } else { &before };
        assert_eq!(versions[0].1, *serves, "killed in state {killed_in}: {versions:?}");
        round(&bed, 2);
        bed.until_idle();
        let came = once(bed.came());
        each_key_counts_to(&came, KEYS, 3);
        let last = came.iter().filter(|one| one.payload == "2");
        assert!(last.clone().all(|one| one.stamped == (killed_in == "promoted")));
        bed.close();
    }
}

#[test]
fn killed_after_a_rollback_the_version_before_serves() {
    let bed = journalled(Project::new());
    let swapped = bed.swapped(&guest("stamp"), "probation=0");
    assert_eq!(swapped["state"], "promoted", "{swapped:#}");
    let (status, reverted) = bed.api.tell("/v1/plugins/guest/rollback", &Value::Null);
    assert_eq!(status, 200, "{reverted:#}");
    let bed = journalled(bed.kill());
    assert_eq!(bed.versions()[0], ("serving".to_owned(), digest(&guest("echo"))));
    bed.close();
}

#[test]
fn a_start_goes_on_with_what_was_swapped_in_and_goes_back_to_what_served_before() {
    let bed = journalled(Project::new());
    let swapped = bed.swapped(&guest("stamp"), "probation=0");
    assert_eq!(swapped["state"], "promoted", "{swapped:#}");
    let bed = journalled(bed.kill());
    let told = bed.host.command(&["plugins"]).success().stdout;
    assert!(told.contains(swapped["to"].as_str().unwrap()), "{told}");
    let [stamp, echo] = ["stamp", "echo"].map(|name| digest(&guest(name)));
    let told = [("serving".to_owned(), stamp), ("previous".to_owned(), echo.clone())];
    assert_eq!(bed.versions(), told);
    let (status, reverted) = bed.api.tell("/v1/plugins/guest/rollback", &Value::Null);
    assert_eq!(status, 200, "{reverted:#}");
    round(&bed, 0);
    bed.until_idle();
    assert!(bed.came().iter().all(|one| !one.stamped));
    let bed = journalled(bed.kill());
    assert_eq!(bed.versions()[0], ("serving".to_owned(), echo));
    bed.close();
}

#[test]
fn a_start_with_another_source_serves_that() {
    let bed = journalled(Project::new());
    let swapped = bed.swapped(&guest("stamp"), "probation=0");
    assert_eq!(swapped["state"], "promoted", "{swapped:#}");
    let bed = Bed::open_on(bed.kill(), &guest("echo-by-field"), JOURNAL);
    let [stamp, new] = ["stamp", "echo-by-field"].map(|name| digest(&guest(name)));
    let told = [("serving".to_owned(), new), ("previous".to_owned(), stamp)];
    assert_eq!(bed.versions(), told);
    bed.close();
}

#[test]
fn what_is_due_later_is_handled_by_the_version_that_serves_then() {
    let bed = Bed::open("");
    let form = "application/vnd.millstream.messages+ndjson";
    let message = r#"{"key": "a", "payload": "0", "delay": "700ms"}"#;
    let (status, answer) = bed.api.publish("in", form, message);
    assert_eq!(status, 202, "{answer:#}");
    let swapped = bed.swapped(&guest("stamp"), "probation=0");
    assert_eq!(swapped["state"], "promoted", "{swapped:#}");
    bed.until_written(1);
    let (_, came) = bed.close();
    assert_eq!(came.iter().map(|one| one.stamped).collect::<Vec<_>>(), [true]);
}

/// A host that was killed when a swap had come to `state`, started again, and the state that was
/// seen last.
fn killed_in(state: &str, options: &str) -> (Bed, String) {
    let bed = journalled(Project::new());
    round(&bed, 0);
    let component = bed.file("new.wasm", fresh(&bed, "stamp"));
    let (status, begun) = bed.swap(&component, options);
    assert_eq!(status, 202, "{begun:#}");
    let place = |state: &str| STATES.iter().position(|one| *one == state);
    let told = bed.status_when(|told| place(told["state"].as_str().unwrap()) >= place(state));
    round(&bed, 1);
    (journalled(bed.kill()), told["state"].as_str().unwrap().to_owned())
}

fn journalled(project: Project) -> Bed {
    Bed::open_on(project, &guest("echo"), JOURNAL)
}

/// A message for each key.
fn round(bed: &Bed, number: usize) {
    let number = number.to_string();
    let keys: Vec<String> = (0..KEYS).map(|key| format!("key-{key}")).collect();
    bed.publish(keys.iter().map(|key| (key.as_str(), number.as_str())));
}

/// A guest that no cache has compiled yet, so that its swap takes a while: with a custom section of
/// this project's own.
fn fresh(bed: &Bed, name: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(guest(name)).unwrap();
    let text = bed.path("").display().to_string();
    let length = u8::try_from(text.len()).expect("a short path");
    bytes.extend([0, length + 2, 1, b'x']);
    bytes.extend(text.as_bytes());
    bytes
}
