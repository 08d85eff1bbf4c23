//! Redrives at a rate: how fast they go, how they end, and where they go on.

use std::time::Duration;

use bytes::Bytes;
use millstream_message::Settlement;
use millstream_queue::Broker;
use tokio::time::{Instant, advance, sleep};

use super::shop::{PAY, Shop, at, done, id, where_};
use crate::dead_letters::{DeadLetterError, JobState, JobStatus, Outcome, Redrive, Selection};

#[tokio::test(start_paused = true)]
async fn a_job_keeps_to_its_rate() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c", "d"], &[PAY]).await;
    let began = Instant::now();
    let started = shop.redrive(Selection::All, at("2/s")).await;
    let running = JobStatus { matched: 4, moved: 0, state: JobState::Running };
    assert_eq!(started, Ok(Outcome::Started(running)));
    while shop.letters.job(PAY).unwrap().state == JobState::Running {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        shop.letters.job(PAY),
        Some(JobStatus { moved: 4, state: JobState::Done, ..running })
    );
    // The first goes at once, the others half a second apart.
    let taken = began.elapsed().as_millis();
    assert!((1_500..1_600).contains(&taken), "{taken} ms");
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_room_where_no_more_may_be_parked() {
    let shop = Shop::with("max_parked: 1");
    shop.give_up(&["a", "b"], &[PAY]).await;
    shop.redrive(Selection::All, at("1000/s")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let waiting = JobStatus { matched: 2, moved: 1, state: JobState::Running };
    assert_eq!(shop.letters.job(PAY), Some(waiting));
    let delivery = shop.lease(PAY).await;
    shop.broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.letters.job(PAY).unwrap().state, JobState::Done);
    assert!(shop.left(PAY).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_job_leaves_the_rest_where_it_is() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c"], &[PAY]).await;
    shop.redrive(Selection::All, at("1/m")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let again = [shop.redrive(Selection::All, at("1/m")), shop.redrive(Selection::All, at("1/s"))];
    for refused in again {
        assert_eq!(refused.await, Err(DeadLetterError::JobRunning));
    }
    let at_once = shop.redrive(Selection::All, Redrive::default()).await;
    assert_eq!(at_once, Err(DeadLetterError::JobRunning));
    let stopped = JobStatus { matched: 3, moved: 1, state: JobState::Stopped };
    assert_eq!(shop.letters.stop(PAY).await, Some(stopped));
    advance(Duration::from_secs(600)).await;
    assert_eq!(
        (shop.letters.job(PAY), shop.left(PAY)),
        (Some(stopped), vec!["b".into(), "c".into()])
    );
    assert_eq!(shop.redrive(Selection::All, Redrive::default()).await, done(2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_again_is_not_put_back_for_ever() {
    let shop = Shop::open();
    shop.give_up(&["a", "b"], &[PAY]).await;
    shop.redrive(Selection::All, at("1/s")).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    // While the job still has the other one to move.
    shop.reject_one(PAY).await;
    sleep(Duration::from_secs(5)).await;
    let ended = JobStatus { matched: 2, moved: 2, state: JobState::Done };
    assert_eq!((shop.letters.job(PAY), shop.left(PAY)), (Some(ended), vec!["a".into()]));
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_every_job_and_none_starts_any_more() {
    let shop = Shop::open();
    shop.give_up(&["a", "b"], &[PAY]).await;
    shop.redrive(Selection::All, at("1/h")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    shop.letters.clone().close().await;
    let stopped = JobStatus { matched: 2, moved: 1, state: JobState::Stopped };
    assert_eq!(shop.letters.job(PAY), Some(stopped));
    assert_eq!(shop.redrive(Selection::All, at("1/s")).await, Err(DeadLetterError::Closed));
}

/// What a broker remembers outlives whoever works with it: as after a start.
#[tokio::test(start_paused = true)]
async fn a_closed_job_goes_on_where_it_was_and_a_stopped_one_does_not() {
    let shop = Shop::open();
    let payloads = ["a", "x", "b", "x", "c"];
    shop.give_up(&payloads, &[PAY]).await;
    shop.redrive(where_("text != \"x\""), at("1/s")).await.unwrap();
    sleep(Duration::from_millis(1_500)).await;
    shop.letters.close().await;
    // The first fails again: its new letter came too late to be meant.
    shop.reject_one(PAY).await;
    assert_eq!(shop.left(PAY), ["x", "x", "c", "a"]);

    let next = shop.started_again();
    assert_eq!(next.letters.resume(), ["pay"]);
    sleep(Duration::from_millis(100)).await;
    let done = JobStatus { matched: 3, moved: 3, state: JobState::Done };
    assert_eq!((next.letters.job(PAY), next.left(PAY)), (Some(done), strings(&["x", "x", "a"])));
    assert_eq!(next.started_again().letters.resume(), [""; 0], "it is over");

    next.redrive(Selection::All, at("1/h")).await.unwrap();
    assert_eq!(next.letters.stop(PAY).await.unwrap().state, JobState::Stopped);
    assert_eq!(next.started_again().letters.resume(), [""; 0], "it was stopped");
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_on_with_its_ids_and_its_payload() {
    let shop = Shop::with("max_parked: 1");
    shop.give_up(&["a", "b"], &[PAY]).await;
    assert_eq!(shop.redrive(Selection::Ids(vec![id(0)]), Redrive::default()).await, done(1, 1));
    let mended = Redrive { payload: Some(Bytes::from_static(b"be\ntter")), ..at("9/s") };
    shop.redrive(Selection::Ids(vec![id(1)]), mended).await.unwrap();
    shop.letters.close().await;
    let next = shop.started_again();
    assert_eq!(next.letters.resume(), ["pay"]);
    for payload in [&b"a"[..], b"be\ntter"] {
        let delivery = next.lease(PAY).await;
        assert_eq!(delivery.batch.get(0).payload(), payload);
        next.broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
