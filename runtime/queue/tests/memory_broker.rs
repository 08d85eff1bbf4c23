//! The memory broker: waiting, waking and time around the core, on tokio's paused clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    Batch, BatchBuilder, Failure, FailureKind, MessageId, Settlement, SubscriptionId, TopicId,
    Verdict, Verdicts,
};
use millstream_queue::{
    Backoff, Broker, Clock, EmbeddedBroker, Exhausted, Handler, LeaseRequest, Now, Publication,
    PublishError, SettleError, SubscriptionRules, TopicKind, TopicRules,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const TOPIC: TopicId = TopicId(0);
const SUB: SubscriptionId = SubscriptionId(0);

/// Tokio's own clock, which a test pauses.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let monotonic = self.0.elapsed();
        Now { monotonic, wall_ms: 1_700_000_000_000 + monotonic.as_millis() as u64 }
    }
}

fn broker(max_messages: u64) -> (Arc<EmbeddedBroker>, CancellationToken) {
    let topic = |name: &str, kind| TopicRules { max_messages, ..TopicRules::new(name, kind) };
    let rules = SubscriptionRules {
        max_attempts: 2,
        backoff: Backoff { jitter: 0.0, ..Backoff::default() },
        exhausted: Exhausted::DeadLetter(TopicId(1)),
        batch_messages: 4,
        ..SubscriptionRules::new("reader", TOPIC, "events")
    };
    let topics = vec![topic("events", TopicKind::Event), topic("dead", TopicKind::DeadLetter)];
    let broker = Arc::new(EmbeddedBroker::memory(
        topics,
        vec![rules],
        Arc::new(TokioClock(Instant::now())),
        || 0,
    ));
    let stop = CancellationToken::new();
    let (keeper, stopped) = (Arc::clone(&broker), stop.clone());
    tokio::spawn(async move { keeper.keep_time(stopped).await });
    (broker, stop)
}

fn publication(messages: usize) -> Publication {
    let mut builder = BatchBuilder::with_capacity(messages, 0);
    for i in 0..messages as u128 {
        builder.push(MessageId::published(1, i), 1, None, [], b"payload").unwrap();
    }
    Publication::now(builder.build())
}

fn request() -> LeaseRequest {
    let handler = Arc::new(Handler { name: "test".into(), digest: String::new() });
    LeaseRequest { subscription: SUB, generation: 1, keys: None, messages_max: 256, handler }
}

fn failed() -> Settlement {
    let failure = Failure::new(FailureKind::Retry, "not yet");
    Settlement {
        verdicts: Verdicts::Each(vec![Verdict::Failed { failure, delay_ms: 0 }]),
        outputs: vec![],
    }
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_worker_is_woken_by_a_publish() {
    let (broker, _stop) = broker(100);
    let sleeper = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.lease(request()).await.unwrap().batch.len() }
    });
    tokio::task::yield_now().await;
    broker.publish(TOPIC, publication(2)).await.unwrap();
    assert_eq!(sleeper.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_sleeping_workers_get_their_share() {
    let (broker, _stop) = broker(100);
    let sleepers: Vec<_> = (0..5)
        .map(|_| {
            let broker = Arc::clone(&broker);
            tokio::spawn(async move { broker.lease(request()).await.unwrap().batch.len() })
        })
        .collect();
    tokio::task::yield_now().await;
    broker.publish(TOPIC, publication(20)).await.unwrap();
    for sleeper in sleepers {
        assert_eq!(sleeper.await.unwrap(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_delivered_when_due_and_not_before() {
    let (broker, _stop) = broker(100);
    broker.publish(TOPIC, publication(1)).await.unwrap();
    let delivery = broker.lease(request()).await.unwrap();
    broker.settle(delivery, failed()).await.unwrap();
    let before = Instant::now();
    let again = broker.lease(request()).await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_millis(100));
    assert_eq!(again.histories.of(0).failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_worker_costs_a_failure_and_cannot_settle_later() {
    let (broker, _stop) = broker(100);
    broker.publish(TOPIC, publication(1)).await.unwrap();
    let lost = broker.lease(request()).await.unwrap();
    let again = broker.lease(request()).await.unwrap();
    assert_eq!(again.histories.of(0).failures, 1);
    let late = broker.settle(lost, Settlement::all_handled()).await;
    assert_eq!(late, Err(SettleError::LeaseEnded));
    broker.settle(again, failed()).await.unwrap();
    let page = broker.browse(TopicId(1), 0, 10);
    let error =
        page.parts[0].batch.get(0).header("millstream-dead-letter-error").unwrap().to_owned();
    assert_eq!(error, "retry: not yet");
}

#[tokio::test(start_paused = true)]
async fn a_publisher_waits_for_room_and_no_longer_than_the_timeout() {
    let (broker, _stop) = broker(4);
    broker.publish(TOPIC, publication(4)).await.unwrap();
    let before = Instant::now();
    let full = broker.publish(TOPIC, publication(1)).await;
    assert_eq!(full, Err(PublishError::Full { waited: Duration::from_secs(5) }));
    assert_eq!(before.elapsed(), Duration::from_secs(5));

    let waiting = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.publish(TOPIC, publication(4)).await }
    });
    tokio::task::yield_now().await;
    let delivery = broker.lease(request()).await.unwrap();
    broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_waiting_takes_nothing_with_it() {
    let (broker, _stop) = broker(100);
    let given_up = tokio::time::timeout(Duration::from_millis(1), broker.lease(request())).await;
    assert!(given_up.is_err());
    broker.publish(TOPIC, publication(1)).await.unwrap();
    assert_eq!(broker.lease(request()).await.unwrap().batch.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn quiet_waits_for_retries_and_delayed_messages() {
    let (broker, _stop) = broker(100);
    let batch: Batch = publication(1).visible.remove(0).batch;
    let delayed = Publication::with_delays(batch, &[500], broker.now().wall_ms);
    broker.publish(TOPIC, delayed).await.unwrap();
    let before = Instant::now();
    let worker = async {
        let delivery = broker.lease(request()).await.unwrap();
        broker.settle(delivery, failed()).await.unwrap();
        let again = broker.lease(request()).await.unwrap();
        broker.settle(again, Settlement::all_handled()).await.unwrap();
        std::future::pending::<()>().await
    };
    tokio::select! {
        () = broker.quiet() => {}
        () = worker => {}
    }
    assert_eq!(before.elapsed(), Duration::from_millis(600));
}

#[tokio::test(start_paused = true)]
async fn a_tap_sees_what_becomes_visible_and_consumes_nothing() {
    let (broker, _stop) = broker(100);
    drop(broker.tap(TOPIC).unwrap());
    broker.publish(TOPIC, publication(1)).await.unwrap();
    let mut tap = broker.tap(TOPIC).unwrap();
    broker.publish(TOPIC, publication(2)).await.unwrap();
    let seen = tap.recv().await.unwrap();
    assert_eq!((seen.first, seen.batch.len()), (1, 2));
    assert_eq!(broker.lease(request()).await.unwrap().batch.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_many_messages_goes_step_by_step_to_the_end() {
    let (broker, _stop) = broker(100_000);
    for _ in 0..50 {
        broker.publish(TOPIC, publication(100)).await.unwrap();
    }
    assert_eq!(broker.purge(TOPIC).await, Ok(Some(5_000)));
    broker.quiet().await;
    assert_eq!(broker.figures().topics[0].bytes, 0);
    assert_eq!(broker.purge(TopicId(9)).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_paused_worker_is_woken_by_the_resume() {
    let (broker, _stop) = broker(100);
    broker.pause(SUB, true).await.unwrap();
    broker.publish(TOPIC, publication(1)).await.unwrap();
    let sleeper = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.lease(request()).await.unwrap().batch.len() }
    });
    tokio::task::yield_now().await;
    broker.pause(SUB, false).await.unwrap();
    assert_eq!(sleeper.await.unwrap(), 1);
}

/// Workers on several threads, each wake-up used up by one of them: none may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_threads() {
    const MESSAGES: usize = 20_000;
    let (broker, _stop) = broker(1_000_000);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let broker = Arc::clone(&broker);
            tokio::spawn(async move {
                while let Ok(delivery) = broker.lease(request()).await {
                    broker.settle(delivery, Settlement::all_handled()).await.unwrap();
                }
            })
        })
        .collect();
    for _ in 0..MESSAGES {
        broker.publish(TOPIC, publication(1)).await.unwrap();
    }
    let quiet = tokio::time::timeout(Duration::from_secs(60), broker.quiet()).await;
    assert!(quiet.is_ok(), "{:?}", broker.figures().subscriptions[0]);
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(broker.figures().subscriptions[0].handled, MESSAGES as u64);
}
