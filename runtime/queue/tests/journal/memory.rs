//! What memory gives up is in the files: nobody who asks for it finds that it is not written yet.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement, SubscriptionId};
use millstream_queue::{Broker, EmbeddedBroker, Now, Publication};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World, request};

/// Starts, each with messages that are asked for before the writer can have written them.
const STARTS: u64 = 30;

/// Longer than a grant takes that is there to be had.
const PATIENCE: Duration = Duration::from_secs(5);

/// A world with room for one message in memory.
fn forgetful() -> World {
    let mut world = World::plain(4 << 10);
    world.options.memory_budget = 1 << 10;
    world.topics[0].retain = Duration::ZERO;
    world
}

fn open(world: &World) -> EmbeddedBroker {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open(&SimulatedDisk::new(), &clock).unwrap().0
}

#[test]
fn what_is_not_written_yet_stays_in_memory() {
    let mut world = forgetful();
    world.options.segment_bytes = 1 << 20;
    for _ in 0..STARTS {
        let broker = open(&world);
        runtime().block_on(async {
            let mut left = Vec::new();
            for number in 1..=8 {
                let mut one = publish(&broker, number, 40_000);
                if begin(&mut one).await.is_none() {
                    left.push(one);
                }
            }
            let mut lease = Box::pin(broker.lease(request(0, 1, 256)));
            let granted = begin(&mut lease).await;
            for one in left {
                one.await;
            }
            let granted = if let Some(granted) = granted { granted } else { lease.await };
            assert!(!granted.expect("it goes on").batch.is_empty());
        });
    }
}

#[test]
fn what_moves_forward_in_the_log_is_there_before_its_new_record_is_written() {
    runtime().block_on(async {
        let broker = open(&forgetful());
        let mut held = Vec::new();
        for number in 1..=96 {
            publish(&broker, number, 900).await;
            let delivery = broker.lease(request(0, 1, 1)).await.unwrap();
            broker.settle(delivery, Settlement::all_handled()).await.unwrap();
            held.push(broker.lease(request(1, 1, 1)).await.unwrap());
        }
        // One in six stays: segments are mostly dead.
        for (place, delivery) in held.into_iter().enumerate() {
            if place % 6 != 0 {
                broker.settle(delivery, Settlement::all_handled()).await.unwrap();
            }
        }
        broker.fence(SubscriptionId(1), 2).await.unwrap();
        publish(&broker, 97, 900).await;
        let before = broker.figures().subscriptions[1].live();
        broker.compact().await.unwrap();
        let mut found = 0;
        while found < before {
            let lease = tokio::time::timeout(PATIENCE, broker.lease(request(1, 2, 256))).await;
            let delivery = lease.expect("it is there").expect("it can be read");
            found += delivery.batch.len() as u64;
        }
        assert_eq!((found, before), (17, 17));
    });
}

/// Publishes a message; the answer is that it is durable.
fn publish(
    broker: &EmbeddedBroker,
    number: u64,
    bytes: usize,
) -> std::pin::Pin<Box<impl Future<Output = ()>>> {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(number, 1), number, None, [], &vec![7; bytes]).unwrap();
    let publication = Publication::now(builder.build());
    Box::pin(async move { drop(broker.publish(EVENTS, publication).await.unwrap()) })
}

/// Lets it go as far as it comes without waiting; what came of it, if that was the end.
async fn begin<T>(one: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    tokio::select! {
        biased;
        done = one => Some(done),
        () = std::future::ready(()) => None,
    }
}
