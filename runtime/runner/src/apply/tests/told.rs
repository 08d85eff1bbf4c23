//! What is found added, removed, changed and unchanged, and what is refused before anything is opened.

use millstream_queue::{Kind, Named, Rename};

use super::bed::{Bed, lines};
use crate::apply::{ApplyError, Step};
use crate::launch::Changes;

const BEFORE: &str = "pipeline: p
topics:
  in: { kind: event }
  old: { kind: event }
  same: { kind: event }
plugins:
  gone: { source: echo.wasm }
  kept: { source: echo.wasm }
  slower: { source: echo.wasm }
sources:
  lines: { topic: in, file: { path: in.txt, format: lines } }
  web: { topic: in, http: { path: /web } }
  left: { topic: old, http: { path: /left } }
subscriptions:
  work: { topic: in, plugin: kept, output: same, on_exhausted: drop }
  more: { topic: in, plugin: slower, output: same, on_exhausted: drop }
  last: { topic: old, plugin: gone, output: same, on_exhausted: drop }
  write: { topic: same, sink: { file: { path: out.txt } }, on_exhausted: drop }
";

const AFTER: &str = "pipeline: p
topics:
  new: { kind: event }
  in: { kind: event, max_messages: 9 }
  same: { kind: event }
plugins:
  kept: { source: echo.wasm }
  slower: { source: echo.wasm, limits: { timeout: 900ms } }
  fresh: { source: echo.wasm }
sources:
  lines: { topic: in, file: { path: in.txt, format: lines }, key_from: /k }
  web: { topic: in, http: { path: /web } }
  more: { topic: new, http: { path: /more } }
subscriptions:
  work: { topic: in, plugin: kept, output: same, on_exhausted: drop, concurrency: 2 }
  more: { topic: in, plugin: slower, output: same, on_exhausted: drop }
  first: { topic: new, plugin: fresh, output: same, on_exhausted: drop }
  write: { topic: same, sink: { file: { path: out.txt } }, on_exhausted: drop }
";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_changed_gone_and_the_same_is_told_for_each_kind_of_part() {
    let bed = Bed::open(BEFORE).await;
    let told = bed.told(AFTER, Changes::default()).await.unwrap();
    let expected = [
        "added topic new",
        "changed topic in max_messages",
        "changed subscription work concurrency",
        "added subscription first",
        "changed plugin slower limits.timeout",
        "added plugin fresh",
        "changed source lines key_from",
        "added source more",
        "removed topic old",
        "removed subscription last",
        "removed plugin gone",
        "removed source left",
    ];
    assert_eq!(lines(&told), expected);
    assert_eq!((told.unchanged, told.applied), (5, false), "same, more, write, kept, web");
    let again = bed.told(BEFORE, Changes::default()).await.unwrap();
    assert_eq!((lines(&again), again.unchanged), (vec![], 13));
    bed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_done_and_then_nothing_more_is_told() {
    let bed = Bed::open(BEFORE).await;
    let told = bed.told(AFTER, Changes::default()).await.unwrap();
    let done = bed.apply(AFTER).await.unwrap();
    assert_eq!((lines(&told), done.applied), (lines(&done), true));
    let again = bed.told(AFTER, Changes::default()).await.unwrap();
    assert_eq!((lines(&again), again.unchanged), (vec![], 13));
    bed.close().await;
}

fn renamed(kind: Kind, from: &str, to: &str) -> Rename {
    Rename { kind, from: from.to_owned(), to: to.to_owned() }
}

fn dropped(kind: Kind, name: &str) -> Named {
    Named { kind, name: name.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_with_another_name_is_the_same_part_wherever_it_is_named() {
    let bed = Bed::open(BEFORE).await;
    let text = BEFORE.replace("same", "end").replace("write:", "put:");
    let renames =
        vec![renamed(Kind::Topic, "same", "end"), renamed(Kind::Subscription, "write", "put")];
    let told = bed.told(&text, Changes { renames, ..Changes::default() }).await.unwrap();
    assert_eq!(lines(&told), ["changed topic end was same", "changed subscription put was write"]);
    bed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_and_declared_all_the_same_is_another_of_the_same_name() {
    let bed = Bed::open(BEFORE).await;
    let drops = vec![dropped(Kind::Topic, "old")];
    let told = bed.told(BEFORE, Changes { drops, ..Changes::default() }).await.unwrap();
    let expected = [
        "added topic old",
        "added subscription last",
        "removed topic old",
        "removed subscription last",
    ];
    assert_eq!(lines(&told), expected, "its subscription reads another topic");
    let drops = vec![dropped(Kind::Subscription, "last")];
    let told = bed.told(BEFORE, Changes { drops, ..Changes::default() }).await.unwrap();
    assert_eq!(lines(&told), ["added subscription last", "removed subscription last"]);
    bed.close().await;
}

fn said<'a>(changes: &'a [Step], name: &str) -> Option<&'a str> {
    changes.iter().find(|one| one.name == name)?.messages.as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_messages_that_wait_is_told() {
    let text = |work: &str, more: &str| {
        format!(
            "pipeline: p\ntopics:\n  in: {{ kind: event, retain: 1m }}\n  jobs: {{ kind: command }}\n\
             subscriptions:\n  \
             work: {{ topic: in, sink: {{ file: {{ path: work }} }}, on_exhausted: drop{work} }}\n{more}"
        )
    };
    let reads = |name: &str, topic: &str, more: &str| {
        let sink = format!("sink: {{ file: {{ path: {name} }} }}, on_exhausted: drop");
        format!("  {name}: {{ topic: {topic}, {sink}{more} }}\n")
    };
    let bed = Bed::open(&text("", &reads("take", "jobs", ""))).await;
    bed.pause(0).await;
    bed.pause(1).await;
    bed.publish(0, 1).await;
    bed.publish(1, 3).await;
    let more = reads("other", "jobs", "")
        + &reads("now", "in", "")
        + &reads("all", "in", ", from: earliest");
    let drops = vec![dropped(Kind::Subscription, "take")];
    let changes = Changes { drops, ..Changes::default() };
    let told = bed.told(&text(", ordering: key", &more), changes).await.unwrap();
    let said = |name| said(&told.changes, name);
    let ends = "1 message waits on, those in hand are delivered again, uncounted";
    assert_eq!(said("work"), Some(ends));
    assert_eq!(said("take"), Some("3 messages given up"));
    assert_eq!(said("other"), Some("takes over what waits in \"jobs\""));
    assert_eq!(said("now"), Some("begins with what comes next in \"in\""));
    assert_eq!(said("all"), Some("begins with the oldest message that \"in\" has"));
    let slower = text(", ack_deadline: 9s", &reads("take", "jobs", ""));
    let told = bed.told(&slower, Changes::default()).await.unwrap();
    assert_eq!(told.changes[0].messages.as_deref(), Some("1 message waits on"));
    bed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_by_a_plan_and_by_an_apply_alike() {
    let bed = Bed::open(BEFORE).await;
    bed.pause(2).await;
    bed.publish(1, 2).await;
    let before = bed.state();
    for refused in [bed.told(AFTER, Changes::default()).await, bed.apply(AFTER).await] {
        let Err(ApplyError::Leftover(all)) = refused else { panic!("{refused:?}") };
        assert_eq!(all.len(), 2, "the topic and its subscription: {all:?}");
    }
    let other = BEFORE.replace("pipeline: p", "pipeline: q");
    for refused in [bed.told(&other, Changes::default()).await, bed.apply(&other).await] {
        let Err(ApplyError::NeedsRestart(all)) = refused else { panic!("{refused:?}") };
        assert_eq!(all[0].route, ["pipeline"]);
    }
    let drops = vec![dropped(Kind::Topic, "nothing")];
    let vain = bed.told(BEFORE, Changes { drops, ..Changes::default() }).await;
    assert!(matches!(vain, Err(ApplyError::Unheld(_))), "{vain:?}");
    assert_eq!(bed.state(), before);
    bed.close().await;
}
