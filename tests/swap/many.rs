//! Many swaps while messages flow, most of them to versions that are no good: `make swaps`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use millstream_tests::{Api, Project, guest, hostile};
use serde_json::{Value, json};

use crate::bed::{Bed, Came, JOURNAL, MEMORY, Stops, digest, each_key_counts_to};

const KEYS: usize = 100;
/// Messages of each key in one request.
const RUN: usize = 10;
/// Messages that may be unhandled before the publisher waits.
const UNHANDLED_MAX: u64 = 20_000;

#[test]
fn in_memory_swaps_to_good_and_bad_versions_lose_and_repeat_nothing_and_keep_every_order() {
    many_swaps(MEMORY);
}

#[test]
fn with_a_journal_swaps_to_good_and_bad_versions_lose_and_repeat_nothing_and_keep_every_order() {
    many_swaps(JOURNAL);
}

/// Versions in turn, each with the state in which a swap to it ends.
fn versions() -> [(PathBuf, &'static str); 8] {
    let bad = [
        (hostile("trap/on-every-message"), "rolled-back"),
        (guest("slow"), "rolled-back"),
        (guest("refuse-config"), "refused"),
        (hostile("import/keyvalue"), "refused"),
    ];
    let [trap, slow, config, import] = bad;
    let [one, two] = ["falter-too", "falter"].map(|name| (guest(name), "promoted"));
    [one.clone(), trap, two.clone(), slow, one, config, two, import]
}

fn many_swaps(broker: &str) {
    let swaps = std::env::var("MILLSTREAM_SWAPS").map_or(16, |swaps| swaps.parse().unwrap());
    let bed = Bed::open_on(Project::new(), &guest("falter"), broker);
    let versions = versions();
    let stop = AtomicBool::new(false);
    let (api, mut mistaken) = (bed.host.api(), 0);
    let rounds = std::thread::scope(|scope| {
        let (api, stop) = (&api, &stop);
        let publisher = scope.spawn(move || publish_until(stop, api));
        let _stops = Stops(stop);
        for (version, end) in versions.iter().cycle().take(swaps) {
            // What is no good is found out long before its time is over.
            let probation = if *end == "promoted" { "60ms" } else { "1m" };
            let swapped = bed.swapped(version, &format!("probation={probation}"));
            let as_said = swapped["state"] == *end;
            assert!(as_said || *end == "promoted", "{}: {swapped:#}", version.display());
            mistaken += usize::from(!as_said);
            assert!(serves_well(&bed), "a bad version serves: {swapped:#}");
        }
        stop.store(true, Ordering::Relaxed);
        publisher.join().expect("everything is accepted")
    });
    // By chance a good version fails on more than the one before, once in hundreds of swaps.
    assert!(mistaken <= 2 + swaps / 50, "{mistaken} of {swaps} swaps took back a good version");
    bed.until_idle();
    let (summary, came) = bed.close();
    each_key_counts_to(&came, KEYS, rounds);
    assert_eq!(summary.subscription("work", "dead_lettered"), 0);
    // One in fifty is wanted once more, unless the slow version had it first and was content; and what
    // bad versions made of messages is not counted.
    let of_key = |key: usize| (0..rounds).filter(|number| falters(key, *number)).count();
    let most: usize = (0..KEYS).map(of_key).sum();
    let content = came.iter().filter(|one| !one.stamped && may_falter(one)).count();
    let retried = summary.subscription("work", "retried");
    assert!((most - content..=most).contains(&(retried as usize)), "{retried} of {most}");
    println!("{swaps} swaps, {mistaken} mistaken, {} messages, {retried} retried", came.len());
}

fn may_falter(came: &Came) -> bool {
    let key = came.key.strip_prefix("key-").and_then(|key| key.parse().ok());
    key.zip(came.payload.parse().ok()).is_some_and(|(key, number)| falters(key, number))
}

/// Whether the guest `falter` wants a message once more; it says so alike.
fn falters(key: usize, number: usize) -> bool {
    let mixed = ((key as u64) << 32 | number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32 < (1 << 32) / 50
}

/// Publishes runs of each key until told to stop. Gives how many each key has.
fn publish_until(stop: &AtomicBool, api: &Api) -> usize {
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        let numbers = round..round + RUN;
        let line = |(number, key): (usize, usize)| {
            format!("{}\n", json!({ "key": format!("key-{key}"), "payload": number.to_string() }))
        };
        let lines: String =
            numbers.flat_map(|number| (0..KEYS).map(move |key| (number, key))).map(line).collect();
        let form = "application/vnd.millstream.messages+ndjson";
        let (status, answer) = api.publish("in", form, lines);
        assert_eq!(status, 202, "{answer:#}");
        round += RUN;
        let lag = |work: &Value| work["lag"].as_u64().is_some_and(|lag| lag < UNHANDLED_MAX);
        api.subscription_until("work", lag);
    }
    round
}

/// Whether the version that serves is one of the good ones.
fn serves_well(bed: &Bed) -> bool {
    let good = ["falter", "falter-too"].map(|name| digest(&guest(name)));
    let versions = bed.versions();
    let serving: Vec<_> = versions.iter().filter(|(state, _)| state == "serving").collect();
    let [(_, serving)] = serving[..] else { return false };
    good.contains(serving)
}
