//! What only a start takes is found, each by its place in the file.

use std::path::Path;
use std::sync::Arc;

use millstream_pipeline::Plan;
use millstream_queue::{Kind, Named, Rename};

use crate::apply::fixed::changed;
use crate::launch::Changes;

/// A pipeline that begins with `head` and whose topic `in` and source have these settings.
fn plan(head: &str, topic: &str, source: &str) -> Arc<Plan> {
    let text = format!(
        "{head}\ntopics:\n  in: {{ kind: event{topic} }}\n  out: {{ kind: event }}\n\
         sources: {{ {source} }}\n\
         subscriptions:\n  work: {{ topic: in, sink: {{ stdout: {{}} }}, on_exhausted: drop }}\n"
    );
    crate::tests::plan(&text, Path::new("/folder"))
}

/// Routes and values of what takes a restart.
fn found(old: &Plan, new: &Plan) -> Vec<String> {
    let all = changed(old, new, &Changes::default()).into_iter();
    all.map(|one| format!("{}: {} → {}", one.route.join("."), one.from, one.to)).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn the_name_and_the_broker_take_a_restart() {
    let before = plan("pipeline: p", "", "");
    assert_eq!(found(&before, &before), NONE);
    assert_eq!(found(&before, &plan("pipeline: q", "", "")), ["pipeline: p → q"]);
    let journal = plan("pipeline: p\nbroker: { journal: { path: j } }", "", "");
    assert_eq!(found(&before, &journal), ["broker: memory → journal"]);
    assert_eq!(found(&journal, &before), ["broker: journal → memory"]);
}

#[test]
fn each_setting_of_a_journal_takes_a_restart_and_is_named_as_in_the_file() {
    let journal =
        |more: &str| plan(&format!("pipeline: p\nbroker: {{ journal: {{ {more} }} }}"), "", "");
    let before = journal("path: j");
    let cases = [
        ("path: j", ""),
        ("path: k", "path: /folder/j → /folder/k"),
        ("path: j, sync: never", "sync: always → never"),
        ("path: j, sync: interval(100ms)", "sync: always → interval(100ms)"),
        ("path: j, memory_budget: 300MiB", "memory_budget: 268435456 → 314572800"),
        ("path: j, reserve: 65MiB", "reserve: 67108864 → 68157440"),
        ("path: j, segment: 65MiB", "segment: 67108864 → 68157440"),
    ];
    for (more, expected) in cases {
        let named = found(&before, &journal(more));
        let expected: Vec<String> = Some(expected)
            .filter(|one| !one.is_empty())
            .map(|one| format!("broker.journal.{one}"))
            .into_iter()
            .collect();
        assert_eq!(named, expected, "{more}");
    }
}

#[test]
fn all_else_changes_while_the_host_runs() {
    let before = plan("pipeline: p", "", "a: { topic: in, file: { path: a, format: lines } }");
    let after = plan(
        "pipeline: p",
        ", max_messages: 9",
        "b: { topic: in, file: { path: b, format: lines } }, c: { topic: in, http: { path: /c } }",
    );
    assert_eq!(found(&before, &after), NONE);
}

/// A change of `key_from`, or of a bound of its topic, once put another reader in the place of the one
/// that had read ahead: those lines were gone.
#[test]
fn whatever_a_reader_of_stdin_is_opened_by_takes_a_restart() {
    let typed = |topic: &str, rules: &str| {
        plan("pipeline: p", topic, &format!("typed: {{ topic: in, {rules} }}"))
    };
    let dedup = ", dedup: { window: 1m }";
    let before = typed(dedup, "stdin: { format: lines }");
    assert_eq!(found(&before, &before), NONE);
    assert_eq!(found(&before, &typed(", dedup: { window: 2m }", "stdin: { format: lines }")), NONE);
    let changes = [
        typed(dedup, "stdin: { format: ndjson }"),
        typed(dedup, "stdin: { format: lines }, key_from: /a"),
        typed(dedup, "stdin: { format: lines }, dedup_from: /a"),
        typed(&format!("{dedup}, max_message: 9KiB"), "stdin: { format: lines }"),
        typed(&format!("{dedup}, max_messages: 9"), "stdin: { format: lines }"),
        typed(dedup, "file: { path: a, format: lines }"),
        plan("pipeline: p", dedup, "typed: { topic: out, stdin: { format: lines } }"),
        plan("pipeline: p", dedup, ""),
    ];
    for after in changes {
        for (from, to) in [(&before, &after), (&after, &before)] {
            let changed = changed(from, to, &Changes::default());
            let [one] = &changed[..] else { panic!("{changed:?}") };
            assert_eq!(one.route, ["sources", "typed"]);
            assert_ne!(one.from, one.to, "it says what is different");
        }
    }
}

#[test]
fn a_reader_of_stdin_goes_on_where_its_topic_takes_another_name_but_not_into_another_topic() {
    let into = |topic: &str| {
        let text = format!(
            "pipeline: p\ntopics:\n  {topic}: {{ kind: event }}\n\
             sources: {{ typed: {{ topic: {topic}, stdin: {{ format: lines }} }} }}\n\
             subscriptions:\n  work: {{ topic: {topic}, sink: {{ stdout: {{}} }}, on_exhausted: drop }}\n"
        );
        crate::tests::plan(&text, Path::new("."))
    };
    let renames = vec![Rename { kind: Kind::Topic, from: "a".into(), to: "b".into() }];
    let renamed = Changes { renames, ..Changes::default() };
    assert_eq!(changed(&into("a"), &into("b"), &renamed), []);
    let drops = vec![Named { kind: Kind::Topic, name: "a".into() }];
    let dropped = Changes { drops, ..Changes::default() };
    assert_eq!(changed(&into("a"), &into("a"), &dropped).len(), 1, "it is another topic");
}
