//! The commands, as people and scripts use them.

use millstream_tests::guest;
use serde_json::Value;

use crate::bed::Bed;

#[test]
fn swap_waits_and_says_how_it_ended() {
    let bed = Bed::open("");
    let stamp = guest("stamp").display().to_string();
    let swap = ["swap", "guest", &stamp, "--probation", "100ms", "--wait"];
    let done = bed.host.command(&swap).success();
    let stages: Vec<&str> =
        done.stdout.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    let first_words = stages.iter().map(|stage| stage.split([',', ':']).next().unwrap_or_default());
    let expected =
        ["received", "verified", "compiled", "imports", "configured", "probation", "promoted"];
    assert!(first_words.eq(expected), "{}", done.stdout);
    let again = bed.host.command(&swap);
    assert_eq!(again.code, Some(1), "{again:#?}");
    assert!(again.stderr.contains("refused: verify: it is the version that serves"), "{again:#?}");
    let plugins = bed.host.command(&["plugins"]).success().stdout;
    assert!(plugins.contains("serving") && plugins.contains("previous"), "{plugins}");
    let reverted = bed.host.command(&["rollback", "guest"]).success();
    assert!(reverted.stdout.contains("is back at sha256:"), "{reverted:#?}");
    let nothing = bed.host.command(&["rollback", "guest"]);
    assert_eq!(nothing.code, Some(1), "{nothing:#?}");
    bed.close();
}

#[test]
fn in_json_a_waiting_swap_prints_a_document_a_line() {
    let bed = Bed::open("");
    let (stamp, missing) = (guest("stamp").display().to_string(), "missing.wasm".to_owned());
    let swap = ["swap", "guest", &stamp, "--probation", "0", "--wait", "--format", "json"];
    let done = bed.host.command(&swap).success();
    let statuses: Vec<Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
    let last = statuses.last().expect("at least the end is told");
    assert_eq!((&last["state"], &last["done"]), (&"promoted".into(), &true.into()));
    let status = bed.host.command(&["swap-status", "guest", "--format", "json"]).success().json();
    assert_eq!(&status, last);
    let page = bed.host.command(&["swap-status", "guest"]).success().stdout;
    assert!(page.contains("state     promoted since "), "{page}");
    for (args, code, says) in [
        (&["swap", "guest", &missing][..], 2, "missing.wasm"),
        (&["swap", "gast", &stamp][..], 1, "did you mean `guest`?"),
    ] {
        let output = bed.host.command(args);
        assert_eq!(output.code, Some(code), "{output:#?}");
        assert!(output.stderr.contains(says), "{output:#?}");
    }
    bed.close();
}

#[test]
fn a_plugin_that_was_never_swapped_says_so() {
    let bed = Bed::open("");
    let status = bed.host.command(&["swap-status", "guest"]);
    assert_eq!(status.code, Some(1), "{status:#?}");
    assert!(status.stderr.contains("was not swapped since this host runs"), "{status:#?}");
    bed.close();
}
