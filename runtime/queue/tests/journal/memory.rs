//! What memory gives up is in the files: nobody who asks for it finds that it is not written yet.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement, SubscriptionId};
use millstream_queue::{Broker, EmbeddedBroker, Now, Publication, Share};

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

#[test]
fn a_trial_looks_for_its_share_of_a_backlog_beyond_memory_and_a_start_comes_to_the_same() {
    const MESSAGES: u64 = 6_000;
    let mut world = forgetful();
    world.options.segment_bytes = 1 << 20;
    world.topics[0].max_messages = 10_000;
    let disk = SimulatedDisk::new();
    let declaration = crate::deploys::declared(&world, "v1");
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    runtime().block_on(async {
        let broker = world.open_as(declaration.clone(), &disk, &clock).unwrap().0;
        let share = Share::percent(10).unwrap();
        let mut of_trial = 0;
        for first in (0..MESSAGES).step_by(100) {
            let mut builder = BatchBuilder::with_capacity(100, 0);
            for number in first..first + 100 {
                let (id, key) = (MessageId::published(number + 1, 1), format!("key-{number}"));
                builder.push(id, 1, Some(&key), [], &[7; 30]).unwrap();
            }
            let batch = builder.build();
            of_trial += batch.iter().filter(|one| share.keys().contains(one.key_hash())).count();
            broker.publish(EVENTS, Publication::now(batch)).await.unwrap();
        }
        let old = broker.generation(SubscriptionId(0)).unwrap();
        let trial = broker.begin_trial(crate::deploys::PLUGIN, "v2", share).await.unwrap();
        for (generation, share) in [(trial, of_trial), (old, MESSAGES as usize - of_trial)] {
            let mut handled = 0;
            while handled < share {
                let lease = broker.lease(request(0, generation, 256));
                let delivery = tokio::time::timeout(PATIENCE, lease).await;
                let delivery = delivery.expect("it is there").expect("it can be read");
                handled += delivery.batch.len();
                broker.settle(delivery, Settlement::all_handled()).await.unwrap();
            }
            assert_eq!(handled, share);
            broker.compact().await.unwrap();
        }
        assert_eq!(broker.figures().subscriptions[0].live(), 0);
        let image = disk.copy();
        drop(broker);
        let broker = world.open_as(declaration, &image, &clock).unwrap().0;
        assert_eq!(broker.figures().subscriptions[0].live(), 0);
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
