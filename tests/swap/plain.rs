//! A swap and a rollback while messages flow.

use std::sync::atomic::{AtomicBool, Ordering};

use millstream_tests::guest;

use crate::bed::{Bed, Stops, each_key_counts_to, publish};

const KEYS: usize = 50;

#[test]
fn swaps_under_load_lose_nothing_repeat_nothing_and_keep_the_order_of_every_key() {
    let bed = Bed::open("");
    let versions = [guest("stamp"), guest("echo-by-field"), guest("echo")];
    let keys: Vec<String> = (0..KEYS).map(|key| format!("key-{key}")).collect();
    let stop = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let api = bed.host.api();
        let publisher = scope.spawn(|| {
            let (api, mut round) = (api, 0);
            while !stop.load(Ordering::Relaxed) {
                let payload = round.to_string();
                publish(&api, keys.iter().map(|key| (key.as_str(), payload.as_str())));
                round += 1;
            }
            round
        });
        let _stops = Stops(&stop);
        for version in versions.iter().cycle().take(9) {
            let swapped = bed.swapped(version, "probation=100ms");
            assert_eq!(swapped["state"], "promoted", "{swapped:#}");
        }
        stop.store(true, Ordering::Relaxed);
        publisher.join().expect("everything is accepted")
    });
    bed.until_written((rounds * KEYS) as u64);
    let (summary, came) = bed.close();
    each_key_counts_to(&came, KEYS, rounds);
    // All versions had their part.
    let stamped = came.iter().filter(|one| one.stamped).count();
    assert!(stamped > 0 && stamped < came.len(), "{stamped} of {}", came.len());
    assert_eq!(summary.subscription("work", "dead_lettered"), 0);
    assert_eq!(summary.subscription("work", "retried"), 0);
}

#[test]
fn a_rollback_brings_back_the_version_before_once() {
    let bed = Bed::open("");
    let before = bed.versions();
    let swapped = bed.swapped(&guest("stamp"), "probation=0");
    assert_eq!((&swapped["state"], &swapped["done"]), (&"promoted".into(), &true.into()));
    let versions = bed.versions();
    assert_eq!(versions[0], ("serving".to_owned(), swapped["to"].as_str().unwrap().to_owned()));
    assert_eq!(versions[1], ("previous".to_owned(), before[0].1.clone()));
    bed.publish([("a", "0")]);
    bed.until_written(1);
    let (status, reverted) = bed.api.tell("/v1/plugins/guest/rollback", &serde_json::Value::Null);
    assert_eq!(status, 200, "{reverted:#}");
    assert_eq!((&reverted["from"], &reverted["to"]), (&swapped["to"], &swapped["from"]));
    bed.publish([("a", "1")]);
    bed.until_written(2);
    assert_eq!(bed.versions(), before);
    let (status, refused) = bed.api.tell("/v1/plugins/guest/rollback", &serde_json::Value::Null);
    assert_eq!(status, 409, "{refused:#}");
    let (_, came) = bed.close();
    each_key_counts_to(&came, 1, 2);
    assert_eq!(came.iter().map(|one| one.stamped).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_second_swap_is_refused_with_the_state_of_the_first_until_that_is_called_off() {
    let bed = Bed::open("");
    let before = bed.versions();
    let (status, first) = bed.swap(&guest("stamp"), "probation=1h");
    assert_eq!(status, 202, "{first:#}");
    bed.status_when(|status| status["state"] == "probation");
    let (status, refused) = bed.swap(&guest("echo-by-field"), "");
    assert_eq!(status, 409, "{refused:#}");
    assert_eq!(refused["swap"]["state"], "probation", "{refused:#}");
    assert_eq!(bed.versions()[1].0, "trial");
    let (status, reverted) = bed.api.tell("/v1/plugins/guest/rollback", &serde_json::Value::Null);
    assert_eq!(status, 200, "{reverted:#}");
    let ended = bed.status_when(|status| status["done"] == true);
    assert_eq!(ended["state"], "rolled-back", "{ended:#}");
    assert_eq!(bed.versions(), before);
    let next = bed.swapped(&guest("echo-by-field"), "probation=0");
    assert_eq!(next["state"], "promoted", "{next:#}");
    bed.close();
}
