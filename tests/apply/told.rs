//! What an apply says before it changes anything.

use crate::bed::{Bed, numbered, steps};

const BEFORE: &str = "pipeline: shop
topics:
  orders: { kind: event }
  old: { kind: event }
subscriptions:
  write: { topic: orders, sink: { file: { path: out.txt } }, on_exhausted: drop, concurrency: 1 }
  copy: { topic: orders, sink: { file: { path: copy.txt } }, on_exhausted: drop }
  rest: { topic: old, sink: { file: { path: old.txt } }, on_exhausted: drop }
";

const AFTER: &str = "pipeline: shop
topics:
  orders: { kind: event, max_messages: 500 }
  new: { kind: command }
subscriptions:
  write: { topic: orders, sink: { file: { path: out.txt } }, on_exhausted: drop, concurrency: 4 }
  copy: { topic: orders, sink: { file: { path: copy.txt } }, on_exhausted: drop }
  take: { topic: new, sink: { file: { path: new.txt } }, on_exhausted: drop }
  late: { topic: orders, sink: { file: { path: late.txt } }, on_exhausted: drop }
";

#[test]
fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let bed = Bed::open(BEFORE);
    bed.api.pause("write");
    bed.publish("orders", numbered("order", 3));
    let told = bed.apply(AFTER, &["--dry-run"]).success().stdout;
    for line in [
        "~ topic \"orders\": max_messages 1000000 → 500, 3 messages wait on",
        "+ topic \"new\"",
        "~ subscription \"write\": concurrency 1 → 4, 3 messages wait on",
        "+ subscription \"take\"",
        "+ subscription \"late\": begins with what comes next in \"orders\"",
        "- topic \"old\"",
        "- subscription \"rest\"",
        "= 1 unchanged",
    ] {
        assert!(told.lines().any(|one| one == line), "no {line:?} in:\n{told}");
    }
    assert_eq!(bed.runs(), BEFORE);
    let (status, _) = bed.api.get("/v1/topics/new");
    assert_eq!(status, 404);
}

#[test]
fn what_was_told_is_done_and_then_there_is_nothing_more_to_do() {
    let bed = Bed::open(BEFORE);
    let told = bed.applied(AFTER, &["--dry-run"]);
    assert_eq!(told["applied"], false);
    let done = bed.applied(AFTER, &[]);
    assert_eq!((steps(&told), &done["applied"]), (steps(&done), &true.into()));
    assert_eq!(bed.runs(), AFTER);
    let again = bed.applied(AFTER, &[]);
    assert_eq!((steps(&again), &again["unchanged"]), (vec![], &6.into()));
    bed.publish("new", numbered("new", 10));
    bed.publish("orders", numbered("order", 10));
    bed.idle();
    assert_eq!(bed.written_once("new.txt").len(), 10);
    assert_eq!(bed.written_once("late.txt").len(), 10);
    assert_eq!(bed.api.get("/v1/topics/old").0, 404);
    bed.api.adds_up();
    let _ = bed.host.terminate();
}

#[test]
fn http_tells_the_same_and_takes_paths_from_the_folder_of_the_file() {
    let bed = Bed::open(BEFORE);
    let (status, told) = bed.api.put("/v1/pipeline?dry_run=true", AFTER);
    assert_eq!((status, &told["applied"]), (200, &false.into()), "{told:#}");
    let (status, done) = bed.api.put("/v1/pipeline", AFTER);
    assert_eq!((status, &done["applied"]), (200, &true.into()), "{done:#}");
    bed.publish("new", numbered("new", 1));
    bed.idle();
    assert_eq!(bed.written_once("new.txt").len(), 1);
    let (status, problem) = bed.api.put("/v1/pipeline?dry-run=true", AFTER);
    assert_eq!(status, 400, "{problem:#}");
}
