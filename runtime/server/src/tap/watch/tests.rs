use std::sync::Arc;

use millstream_message::{Batch, BatchBuilder, MessageId, SubscriptionId, TopicId};
use millstream_queue::{
    Broker, Browsed, EmbeddedBroker, Handler, LeaseRequest, Publication, SubscriptionRules,
    SystemClock, TopicKind, TopicRules,
};

use super::{Sight, Watch};

const TOPIC: TopicId = TopicId(0);
const SUBSCRIPTION: SubscriptionId = SubscriptionId(0);

fn broker() -> Arc<EmbeddedBroker> {
    let topics = vec![TopicRules::new("orders", TopicKind::Event)];
    let subscriptions = vec![SubscriptionRules::new("bill", TOPIC, "orders")];
    let clock = Arc::new(SystemClock::start());
    Arc::new(EmbeddedBroker::memory(topics, subscriptions, clock, || 7))
}

fn watch(broker: &Arc<EmbeddedBroker>, earliest: bool) -> Watch {
    Watch::begin(Arc::clone(broker) as Arc<dyn Broker>, TOPIC, earliest).unwrap()
}

/// One message for each number.
fn batch(numbers: impl IntoIterator<Item = u64>) -> Batch {
    let mut builder = BatchBuilder::with_capacity(1, 8);
    for number in numbers {
        let id = MessageId::published(number, 0);
        builder.push(id, number, None, [], number.to_string().as_bytes()).unwrap();
    }
    builder.build()
}

async fn publish(broker: &EmbeddedBroker, number: u64) {
    broker.publish(TOPIC, Publication::now(batch([number]))).await.unwrap();
}

async fn handle_all(broker: &EmbeddedBroker) {
    let handler = Arc::new(Handler { name: "bill".into(), digest: String::new() });
    let (subscription, messages_max) = (SUBSCRIPTION, 1_000);
    let request = LeaseRequest { subscription, generation: 0, keys: None, messages_max, handler };
    let delivery = broker.lease(request).await.unwrap();
    broker.settle(delivery, millstream_message::Settlement::all_handled()).await.unwrap();
}

/// What is seen next, `count` messages or gaps of it: numbers, and what was missed as `-n`.
async fn sights(watch: &mut Watch, count: usize) -> Vec<i64> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match watch.next().await.unwrap() {
            Sight::Missed(messages) => seen.push(-(messages as i64)),
            Sight::Messages(batch) => {
                seen.extend(batch.published_at().iter().map(|&number| number as i64));
            }
        }
    }
    seen
}

/// Whatever it looks at, it finds nothing to show.
async fn nothing_more(watch: &mut Watch) {
    let mut next = std::pin::pin!(watch.next());
    // It gives way to others now and then, hence more than one poll.
    for _ in 0..16 {
        assert!(futures::poll!(next.as_mut()).is_pending());
    }
}

fn run(first: u64, numbers: impl IntoIterator<Item = u64>) -> Browsed {
    Browsed { first, batch: batch(numbers) }
}

#[tokio::test]
async fn what_is_published_before_the_look_back_is_seen_once() {
    let broker = broker();
    publish(&broker, 0).await;
    let mut watch = watch(&broker, true);
    publish(&broker, 1).await;
    publish(&broker, 2).await;
    assert_eq!(sights(&mut watch, 3).await, [0, 1, 2]);
    nothing_more(&mut watch).await;
    publish(&broker, 3).await;
    assert_eq!(sights(&mut watch, 1).await, [3]);
    nothing_more(&mut watch).await;
}

/// Nothing keeps it any more when the topic is looked at, but it passed since the watch began.
#[tokio::test]
async fn what_is_consumed_before_the_look_back_is_seen_all_the_same() {
    let broker = broker();
    let mut watch = watch(&broker, true);
    publish(&broker, 0).await;
    handle_all(&broker).await;
    publish(&broker, 1).await;
    let mut seen = sights(&mut watch, 2).await;
    seen.sort_unstable();
    assert_eq!(seen, [0, 1]);
}

#[tokio::test]
async fn a_run_that_comes_late_is_seen_in_its_place_where_the_topic_keeps_it() {
    let broker = broker();
    let mut watch = watch(&broker, false);
    publish(&broker, 0).await;
    assert_eq!(sights(&mut watch, 1).await, [0]);
    broker.publish(TOPIC, Publication::now(batch([1, 2]))).await.unwrap();
    publish(&broker, 3).await;
    // Its own runs are taken away, and shown the other way round.
    watch.live = watch.live.resubscribe();
    watch.take(run(3, [3]));
    assert_eq!(sights(&mut watch, 3).await, [1, 2, 3]);
    watch.take(run(1, [1, 2]));
    watch.take(run(4, [4]));
    assert_eq!(sights(&mut watch, 1).await, [4]);
}

#[tokio::test]
async fn a_run_that_comes_late_is_seen_late_where_nothing_keeps_it() {
    let broker = broker();
    let mut watch = watch(&broker, false);
    watch.take(run(0, [0]));
    watch.take(run(2, [2]));
    assert_eq!(sights(&mut watch, 2).await, [0, 2]);
    watch.take(run(1, [1]));
    assert_eq!(sights(&mut watch, 1).await, [1]);
}

#[tokio::test]
async fn what_was_lost_is_counted_without_what_the_topic_still_keeps() {
    let broker = broker();
    let mut watch = watch(&broker, false);
    publish(&broker, 0).await;
    assert_eq!(sights(&mut watch, 1).await, [0]);
    for number in 1..=4 {
        publish(&broker, number).await;
    }
    handle_all(&broker).await;
    for number in 5..=6 {
        publish(&broker, number).await;
    }
    watch.live = watch.live.resubscribe();
    watch.lost = 5;
    watch.take(run(6, [6]));
    assert_eq!(sights(&mut watch, 3).await, [5, -4, 6]);
    watch.take(run(7, [7]));
    assert_eq!(sights(&mut watch, 1).await, [7]);
}
