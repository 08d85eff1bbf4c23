//! Canary and probation: who gets which messages, and what becomes of a version that does worse.

use std::collections::BTreeMap;

use millstream_tests::{guest, hostile};

use crate::bed::{Bed, Came, each_key_counts_to};

const KEYS: usize = 2_000;
const PERCENT: usize = 10;

#[test]
fn a_canary_gets_about_its_share_of_the_keys_and_always_the_same_ones() {
    let bed = Bed::open("");
    let keys: Vec<String> = (0..KEYS).map(|key| format!("customer-{key}")).collect();
    let (status, begun) = bed.swap(&guest("stamp"), &format!("canary={PERCENT}&probation=10m"));
    assert_eq!(status, 202, "{begun:#}");
    bed.status_when(|status| status["state"] == "canary");
    for round in 0..3 {
        let payload = round.to_string();
        bed.publish(keys.iter().map(|key| (key.as_str(), payload.as_str())));
        bed.until_written((KEYS * (round + 1)) as u64);
    }
    let came = bed.came();
    let stamped = stamps(&came);
    assert!(stamped.values().all(|rounds| matches!(rounds, 0 | 3)), "a key has changed sides");
    let of_canary = stamped.values().filter(|rounds| **rounds == 3).count();
    let share = (KEYS * (PERCENT - 2) / 100)..=(KEYS * (PERCENT + 2) / 100);
    assert!(share.contains(&of_canary), "{of_canary} of {KEYS} keys");
    let (status, reverted) = bed.api.tell("/v1/plugins/guest/rollback", &serde_json::Value::Null);
    assert_eq!(status, 200, "{reverted:#}");
    bed.publish(keys.iter().map(|key| (key.as_str(), "3")));
    bed.until_written((KEYS * 4) as u64);
    let (_, came) = bed.close();
    each_key_counts_to(&came, KEYS, 4);
    assert!(came[KEYS * 3..].iter().all(|one| !one.stamped), "a canary goes on after its end");
}

#[test]
fn a_canary_that_does_well_gets_everything() {
    let bed = Bed::open("");
    let status = bed.swapped(&guest("stamp"), "canary=50&probation=200ms");
    let stages = status["stages"].as_array().expect("stages are a list");
    let names: Vec<&str> = stages.iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(names[names.len() - 3..], ["canary", "probation", "promoted"], "{status:#}");
    bed.publish([("a", "0"), ("b", "0"), ("c", "0")]);
    bed.until_written(3);
    let (_, came) = bed.close();
    assert!(came.iter().all(|one| one.stamped), "{came:?}");
}

#[test]
fn a_version_that_fails_more_is_rolled_back_and_the_old_one_handles_what_it_failed_on() {
    let bed = Bed::open("");
    let payloads: Vec<String> =
        (0..400).map(|i| if i % 10 == 0 { format!("poison {i}") } else { i.to_string() }).collect();
    let publish =
        || bed.publish(payloads.iter().map(|payload| (payload.as_str(), payload.as_str())));
    publish();
    bed.until_written(400);
    let (status, begun) = bed.swap(&guest("trap-on-poison"), "probation=10m");
    assert_eq!(status, 202, "{begun:#}");
    bed.status_when(|status| status["state"] == "probation");
    publish();
    let ended = bed.status_when(|status| status["done"] == true);
    assert_eq!(ended["state"], "rolled-back", "{ended:#}");
    let reason = ended["reason"].as_str().expect("it says why");
    assert!(reason.starts_with("it failed on "), "{reason}");
    bed.until_written(800);
    let (summary, came) = bed.close();
    assert_eq!(came.len(), 800);
    assert_eq!(summary.subscription("work", "dead_lettered"), 0);
}

#[test]
fn a_version_that_hangs_is_rolled_back_and_costs_no_message() {
    let bed = Bed::open("limits: { timeout: 100ms, batch_timeout: 200ms }");
    bed.publish([("a", "0")]);
    bed.until_written(1);
    let (status, begun) = bed.swap(&hostile("time/loop-for-ever"), "probation=1s");
    assert_eq!(status, 202, "{begun:#}");
    bed.status_when(|status| status["state"] == "probation");
    let payloads: Vec<String> = (1..200).map(|number| number.to_string()).collect();
    bed.publish(payloads.iter().map(|payload| ("a", payload.as_str())));
    let ended = bed.status_when(|status| status["done"] == true);
    assert_eq!(ended["state"], "rolled-back", "{ended:#}");
    bed.until_written(200);
    let (_, came) = bed.close();
    each_key_counts_to(&came, 1, 200);
}

/// How often each key's messages were handled by the version that leaves a stamp.
fn stamps(came: &[Came]) -> BTreeMap<&str, usize> {
    let mut stamps = BTreeMap::new();
    for one in came {
        *stamps.entry(one.key.as_str()).or_default() += usize::from(one.stamped);
    }
    stamps
}
