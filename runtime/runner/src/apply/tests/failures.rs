//! A preparation that fails changes nothing, and leaves nothing behind.

use millstream_connectors::{FileSink, FileSinkRules, LineForm};

use super::bed::{Bed, lines};
use crate::launch::Changes;
use crate::swap::SwapOptions;
use crate::tests::guests::echo;

const BEFORE: &str = "pipeline: p
topics:
  in: { kind: event }
  out: { kind: event }
plugins:
  guest: { source: echo.wasm }
sources:
  lines: { topic: in, file: { path: in.txt, format: lines } }
subscriptions:
  work: { topic: in, plugin: guest, output: out, on_exhausted: drop }
  write: { topic: out, sink: { file: { path: out.txt } }, on_exhausted: drop }
";

/// `BEFORE` with more of each part: what of it is prepared before the part that fails is undone.
fn after(plugins: &str, sources: &str, subscriptions: &str) -> String {
    BEFORE
        .replace("  out: { kind", "  new: { kind: event }\n  out: { kind")
        .replace("plugins:\n", &format!("plugins:\n  fresh: {{ source: echo.wasm }}\n{plugins}"))
        .replace("sources:\n", &format!("sources:\n{sources}"))
        .replace("write: {", "write: { concurrency: 2,")
        + "  ask: { topic: new, plugin: fresh, output: out, on_exhausted: drop }\n  \
           copy: { topic: new, sink: { file: { path: copy.txt } }, on_exhausted: drop }\n"
        + subscriptions
}

fn file(bed: &Bed, name: &str) -> FileSinkRules {
    FileSinkRules { path: bed.path(name), form: LineForm::Payload }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_cannot_be_opened_loaded_or_started_changes_nothing() {
    let bed = Bed::open(BEFORE).await;
    let _taken = FileSink::open(file(&bed, "taken.txt")).unwrap();
    let before = bed.state();
    let sink = |path: &str| {
        format!(
            "  last: {{ topic: in, sink: {{ file: {{ path: {path} }} }}, on_exhausted: drop }}\n"
        )
    };
    let reads = "  last: { topic: in, plugin: other, output: out, on_exhausted: drop }\n";
    let cases = [
        (after("", "", &sink("nowhere/a.txt")), "there is no folder"),
        (after("", "", &sink("taken.txt")), "it is in use by another sink"),
        (after("", "  late: { topic: in, file: { path: no.txt, format: lines } }\n", ""), "no.txt"),
        (after("  other: { source: no.wasm }\n", "", reads), "not a WebAssembly file"),
        (
            after("  other: { source: refuse.wasm }\n", "", reads),
            "`other` does not start for subscription `last`",
        ),
        (
            after("", "", "").replace("guest: { source: echo.wasm", "guest: { source: no.wasm"),
            "not a WebAssembly file",
        ),
        (
            after("", "", "").replace("guest: { source: echo.wasm", "guest: { source: refuse.wasm"),
            "`guest` does not start for subscription `work`",
        ),
    ];
    for (text, why) in cases {
        let refused = bed.apply(&text).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{why}: {refused}");
        assert_eq!(bed.state(), before, "{why}");
        drop(FileSink::open(file(&bed, "copy.txt")).expect("what was opened is closed again"));
    }
    bed.publish(0, 10).await;
    bed.running.drained().await;
    let report = bed.running.report();
    assert_eq!(report.subscriptions.iter().map(|one| one.handled).collect::<Vec<_>>(), [10, 10]);
    bed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_the_next_apply_and_a_swap_find_nothing_in_their_way() {
    let bed = Bed::open(BEFORE).await;
    let sink = "  last: { topic: in, sink: { file: { path: nowhere/a } }, on_exhausted: drop }\n";
    bed.apply(&after("", "", sink)).await.unwrap_err();
    let done = bed.apply(&after("", "", "")).await.unwrap();
    assert_eq!(lines(&done).len(), 5, "{done}");
    bed.apply(&after("", "", sink)).await.unwrap_err();
    let begun = bed.running.swaps().begin("guest", echo().into(), SwapOptions::default());
    assert!(begun.is_ok(), "{begun:?}");
    bed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_opens_nothing() {
    let bed = Bed::open(BEFORE).await;
    let before = bed.state();
    let reads = "  last: { topic: in, plugin: other, output: out, on_exhausted: drop }\n";
    let text = after("  other: { source: refuse.wasm }\n", "", reads);
    bed.told(&text, Changes::default()).await.unwrap();
    assert!(!bed.path("copy.txt").exists());
    assert_eq!(bed.state(), before);
    bed.close().await;
}
