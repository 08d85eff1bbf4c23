//! All of them at once, over and over, beside a plugin that does as it should.
//!
//! Asserted is what holds on a machine that does something else as well: the host lives, nothing is
//! lost, memory stays within what was allowed. How late guests were stopped is printed, and asserted
//! where `MILLSTREAM_ROUNDS` asks for it, beyond how long the machine itself stood still; what the
//! healthy plugin waits is measured by `tests/bench`, section `sandbox-storm`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millstream_tests::{Api, Host, Input, Project, figure};
use serde_json::Value;

use crate::Guest;
use crate::case::{Case, Seen};
use crate::outside::Outside;
use crate::pipeline::{HEALTHY, Settings, topic, write};
use crate::table;

/// Messages that every guest gets, one after the other, unless `MILLSTREAM_ROUNDS` says otherwise.
const ROUNDS: u64 = 10;
/// `memory` below.
const MEMORY: u64 = 16 << 20;
const SETTINGS: Settings = Settings {
    limits: "memory: 16MiB",
    timeout: "20ms",
    patience: "20ms",
    attempts: 1,
    one_topic: true,
};
/// How long after its time a guest may still run, in milliseconds, on a machine that never stands still.
const LATE_MS_MAX: f64 = 20.0;
/// How often the clock is looked at to see whether the machine does.
const LOOK: Duration = Duration::from_millis(1);
/// How far the clients of this test stand back behind the host.
const CLIENTS_NICER: i32 = 19;
/// How many of those that were stopped latest are told.
const TOLD: usize = 8;
/// What the host itself may take beside its guests.
const HOST_BYTES_MAX: u64 = 64 << 20;

#[test]
fn all_of_them_at_once_hurt_nobody_else() {
    let asked = std::env::var("MILLSTREAM_ROUNDS").ok();
    let asked = asked.map(|text| text.parse().expect("MILLSTREAM_ROUNDS is a number"));
    let rounds = asked.unwrap_or(ROUNDS);
    let outside = Outside::start();
    let guests: Vec<(Guest, Case)> = Guest::ALL
        .into_iter()
        .map(|guest| (guest, table::case(guest, &outside)))
        .filter(|(_, case)| !matches!(case.seen, Seen::Finding(..)))
        .collect();
    let project = Project::new();
    let host = Host::start(&write(&project, &guests, &SETTINGS), Input::None, &[]);
    let over = &AtomicBool::new(false);
    let (healthy, stood_still) = std::thread::scope(|scope| {
        let machine = scope.spawn(|| longest_stop(over));
        stand_back();
        let (api, own) = (host.api(), host.api());
        let healthy = scope.spawn(move || publish_until(over, &own));
        let end = End(over);
        (1..=rounds).for_each(|round| storm(&api, &guests, round));
        drop(end);
        let healthy = healthy.join().expect("the healthy plugin's publisher ends");
        (healthy, machine.join().expect("the clock is looked at to the end"))
    });
    let api = host.api();
    api.subscription_until(HEALTHY, |figures| figure(figures, "handled") == healthy);
    api.topic_until("echoed", |figures| figure(figures, "published") == healthy);
    api.adds_up();
    let (peak, allowed) = (host.peak_memory(), guests.len() as u64 * MEMORY + HOST_BYTES_MAX);
    println!(
        "{rounds} rounds of {} guests: peak memory {} MiB of {} MiB; {healthy} healthy messages",
        guests.len(),
        peak >> 20,
        allowed >> 20
    );
    assert!(peak <= allowed, "{peak} bytes, {allowed} are allowed");
    let late = latest(&api);
    println!("stopped latest, ms after their time: {:.1?}", &late[..late.len().min(TOLD)]);
    println!("the machine stood still for up to {stood_still:.1} ms");
    let late_max = LATE_MS_MAX + stood_still;
    let in_time = late.iter().all(|(late, _)| *late <= late_max);
    assert!(asked.is_none() || in_time, "a guest ran more than {late_max:.1} ms after its time");
    host.signal("TERM");
    let _ = host.finish().success();
}

/// Ends those who go on until then, also when a round fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The clients are no part of what is measured, and the host has no more cores than they leave it.
fn stand_back() {
    // Who may not be nicer measures the host beside its clients.
    let _ = rustix::process::nice(CLIENTS_NICER);
}

/// How long at most nothing ran at all, in milliseconds, until it is `over`: a virtual machine may stop for
/// longer than a guest may be late, and nobody is to blame. Who looks at the clock needs no core for long, so
/// those who compute keep it waiting for little; what they do is in the answer too.
fn longest_stop(over: &AtomicBool) -> f64 {
    let (mut longest, mut seen) = (Duration::ZERO, Instant::now());
    while !over.load(Ordering::SeqCst) {
        std::thread::park_timeout(LOOK);
        longest = longest.max(seen.elapsed().saturating_sub(LOOK));
        seen = Instant::now();
    }
    longest.as_secs_f64() * 1e3
}

/// How long each plugin ran after its time was over, in milliseconds, the longest first.
fn latest(api: &Api) -> Vec<(f64, String)> {
    let (_, plugins) = api.get("/v1/plugins");
    let late = |plugin: &Value| {
        let late = plugin["metrics"]["late_max_ms"].as_f64().expect("a plugin has its metrics");
        (late, plugin["name"].as_str().unwrap_or_default().to_owned())
    };
    let mut late: Vec<_> =
        plugins["items"].as_array().expect("plugins are listed").iter().map(late).collect();
    late.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    late
}

/// One message to every guest; returns when each has come to an end, whatever that is.
fn storm(api: &Api, guests: &[(Guest, Case)], round: u64) {
    let mut topics: Vec<(String, &str)> = guests
        .iter()
        .map(|(guest, case)| (topic(*guest, case, &SETTINGS), &*case.payload))
        .collect();
    topics.sort();
    topics.dedup();
    for (topic, payload) in topics {
        let (status, answer) = api.publish(&topic, "text/plain", payload);
        assert_eq!(status, 202, "round {round}: {answer:#}");
    }
    let ended = |figures: &Value| {
        let ends = ["handled", "dead_lettered", "parked"].map(|name| figure(figures, name));
        figures["name"] == HEALTHY || ends.into_iter().sum::<u64>() == round
    };
    api.until("/v1/subscriptions", |all| {
        all["items"].as_array().is_some_and(|items| items.iter().all(ended))
    });
    // What they leave behind is not what is measured.
    let (status, answer) = api.tell("/v1/topics/dead/purge", &Value::Null);
    assert_eq!(status, 200, "{answer:#}");
}

/// Gives the healthy plugin one message after the other, each once the one before was handled; how
/// many that were.
fn publish_until(over: &AtomicBool, api: &Api) -> u64 {
    let mut published = 0;
    while !over.load(Ordering::SeqCst) {
        let (status, answer) = api.publish(&format!("to-{HEALTHY}"), "text/plain", "hello");
        assert_eq!(status, 202, "{answer:#}");
        published += 1;
        api.subscription_until(HEALTHY, |figures| figure(figures, "handled") == published);
    }
    published
}
