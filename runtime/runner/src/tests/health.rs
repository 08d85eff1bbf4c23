//! When workers rest, on a clock that the test drives.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::health::{Health, HealthState};

const NOW_MS: u64 = 1_700_000_000_000;

/// How long a worker has to wait for its try.
async fn wait(health: &Health, starting: bool) -> Duration {
    let begun = Instant::now();
    health.rested(starting).await;
    begun.elapsed()
}

fn fail_calls(health: &Health, times: u64) {
    (0..times).for_each(|_| health.calls_failed(1, "trap: oops\nbacktrace", NOW_MS, true));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_start_is_tried_again_later_each_time() {
    let health = Health::default();
    let mut waits = Vec::new();
    for _ in 0..12 {
        health.start_failed("trap while starting", NOW_MS);
        waits.push(wait(&health, true).await);
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[0] >= Duration::from_millis(100) && waits[0] < Duration::from_millis(110));
    assert!(waits[11] >= Duration::from_secs(30) && waits[11] < Duration::from_secs(31));
    let report = health.report();
    assert_eq!((report.state, report.failures), (HealthState::Resting, 12));
    assert_eq!(report.why.as_deref(), Some("trap while starting"));
    assert_eq!(report.since_ms, Some(NOW_MS));
}

#[tokio::test(start_paused = true)]
async fn a_worker_with_a_live_instance_goes_on_while_others_cannot_start() {
    let health = Health::default();
    health.start_failed("trap while starting", NOW_MS);
    assert_eq!(wait(&health, false).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn of_many_workers_one_tries_a_start_and_its_success_lets_all_go_on() {
    let health = Arc::new(Health::default());
    health.start_failed("trap while starting", NOW_MS);
    health.start_failed("trap while starting", NOW_MS);
    let first = wait(&health, true).await;
    let others: Vec<_> = (0..8)
        .map(|_| {
            let health = Arc::clone(&health);
            tokio::spawn(async move { wait(&health, true).await })
        })
        .collect();
    tokio::time::advance(Duration::from_millis(10)).await;
    assert!(others.iter().all(|other| !other.is_finished()), "after {first:?} one tries, no more");
    health.started();
    for other in others {
        assert!(other.await.unwrap() < Duration::from_millis(20));
    }
    assert_eq!(health.report().state, HealthState::Works);
}

#[tokio::test(start_paused = true)]
async fn call_after_call_that_fails_slows_the_workers_down_and_one_success_ends_it() {
    let health = Health::default();
    fail_calls(&health, 2);
    assert_eq!(health.report().state, HealthState::Works, "two poisoned messages are no trouble");
    fail_calls(&health, 61);
    assert_eq!(wait(&health, false).await, Duration::ZERO);
    assert_eq!(health.report().state, HealthState::Failing);
    fail_calls(&health, 1);
    assert_eq!(health.report().state, HealthState::Resting);
    let first = wait(&health, false).await;
    assert!(first >= Duration::from_millis(100) && first < Duration::from_millis(110));
    fail_calls(&health, 64);
    assert!(wait(&health, false).await > first, "the next rest is longer");
    health.answered();
    assert_eq!(health.report().state, HealthState::Works);
    fail_calls(&health, 63);
    assert_eq!(wait(&health, false).await, Duration::ZERO, "it is counted anew");
}

/// A thousand poisoned messages in a row, each tried five times, must not hold up for hours what
/// follows them.
#[tokio::test(start_paused = true)]
async fn poison_in_a_row_slows_a_topic_down_and_does_not_stall_it() {
    let health = Health::default();
    let begun = Instant::now();
    for _ in 0..5_000 {
        fail_calls(&health, 1);
        health.rested(false).await;
    }
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(60) && took < Duration::from_secs(400), "{took:?}");
}
