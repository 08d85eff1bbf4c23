use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use millstream_pipeline::{JournalFault, Plan, parse};
use millstream_queue::journal::Cut;
use millstream_queue::{Kind, Leftover, Named, OpenError, Recovered, Rename};

use super::{changes, document, faults, in_vain, told};
use crate::arguments::Changes;

fn plan(broker: &str) -> Plan {
    let text = format!(
        "pipeline: p\nbroker: {broker}\ntopics: {{ new: {{ kind: event }} }}\n\
         subscriptions: {{ s: {{ topic: new, sink: {{ stdout: {{}} }}, on_exhausted: drop }} }}\n"
    );
    let checked = parse(&text, "p.yaml", Path::new(""), &|_| None).check(&BTreeMap::new());
    checked.plan.unwrap_or_else(|| panic!("{:#?}", checked.findings))
}

fn rename(kind: Kind, from: &str, to: &str) -> Rename {
    Rename { kind, from: from.to_owned(), to: to.to_owned() }
}

fn renames(renames: &[Rename]) -> Changes {
    Changes { drops: Vec::new(), renames: renames.to_vec() }
}

#[test]
fn a_rename_leads_from_what_is_gone_to_what_is_declared() {
    let journal = plan("{ journal: { path: d } }");
    let passes = |all: &[Rename]| changes(&renames(all), &journal).is_ok();
    assert!(passes(&[rename(Kind::Topic, "old", "new"), rename(Kind::Subscription, "t", "s")]));
    assert!(!passes(&[rename(Kind::Topic, "old", "nowhere")]));
    assert!(!passes(&[rename(Kind::Topic, "new", "new")]));
    assert!(!passes(&[rename(Kind::Subscription, "old", "new")]));
    assert!(!passes(&[rename(Kind::Topic, "a", "new"), rename(Kind::Topic, "b", "new")]));
}

#[test]
fn memory_has_nothing_to_drop_or_rename() {
    let drops = vec![Named { kind: Kind::Topic, name: "old".to_owned() }];
    let dropping = Changes { drops, renames: Vec::new() };
    assert!(changes(&dropping, &plan("{ memory: {} }")).is_err());
    assert!(changes(&dropping, &plan("{ journal: { path: d } }")).is_ok());
    assert!(changes(&renames(&[]), &plan("{ memory: {} }")).is_ok());
}

#[test]
fn a_leftover_that_was_renamed_is_found_under_its_name_in_the_file() {
    let what = Named { kind: Kind::Topic, name: "old".to_owned() };
    let left = Leftover { what, messages: 3, why: "is of kind event now".to_owned() };
    let faults = faults(OpenError::Leftover(vec![left]), &[rename(Kind::Topic, "old", "new")]);
    let [JournalFault::Leftover(fault)] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!((fault.name.as_str(), fault.name_now.as_str()), ("old", "new"));
}

#[test]
fn what_is_asked_for_in_vain_is_told_with_what_there_is() {
    let named = |kind, name: &str| Named { kind, name: name.to_owned() };
    let asked = [named(Kind::Topic, "odlers"), named(Kind::Subscription, "s")];
    let held = [named(Kind::Topic, "orders"), named(Kind::Topic, "dead")];
    let typed = Changes {
        drops: vec![asked[0].clone()],
        renames: vec![rename(Kind::Subscription, "s", "t")],
    };
    let told = in_vain(&asked, &held, &typed, Path::new("data"));
    for said in
        ["--drop topic:odlers", "--rename subscription:s=", "`orders`, `dead`", "no subscription"]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
}

#[test]
fn a_start_tells_what_waits_and_what_was_cut() {
    let file = "segment-0.log".to_owned();
    let cut = Some(Cut { file, offset: 4_096, bytes: 60, last_sequence: 12 });
    let recovered = Recovered {
        text: None,
        records: 1_200,
        messages: 1,
        took: Duration::from_millis(20),
        leases_returned: 2,
        cut,
        lost: 0,
    };
    let lines = told(Path::new("data"), &recovered);
    assert_eq!(
        lines[0],
        "journal data: 1 message waiting, 2 leases of the process before given back; \
         1,200 records read in 20 ms"
    );
    let place = "segment-0.log from byte 4096 on, 60 bytes that a crash left unfinished";
    assert!(lines[1].starts_with("warning: ") && lines[1].contains(place), "{lines:?}");
    assert_eq!(lines.len(), 2);
    assert_eq!(document(&recovered)["cut"]["offset"], 4_096);
}
