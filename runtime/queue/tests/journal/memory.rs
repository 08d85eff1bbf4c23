//! What memory gives up is in the files: nobody who asks for it finds that it is not written yet.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement, SubscriptionId, Verdict, Verdicts};
use millstream_queue::{Broker, Delivery, EmbeddedBroker, LeaseRequest, Now, Publication, Share};

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
    let (world, disk) = (with_room_for_a_backlog(), SimulatedDisk::new());
    let declaration = crate::deploys::declared(&world, "v1");
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    runtime().block_on(async {
        let broker = world.open_as(declaration.clone(), &disk, &clock).unwrap().0;
        let of_trial = publish_backlog(&broker).await;
        let old = broker.generation(SubscriptionId(0)).unwrap();
        let trial = broker.begin_trial(crate::deploys::PLUGIN, "v2", share()).await.unwrap();
        for (generation, share) in [(trial, of_trial), (old, BACKLOG as usize - of_trial)] {
            assert_eq!(handle(&broker, &request(0, generation, 256), share).await, share);
            broker.compact().await.unwrap();
        }
        assert_eq!(broker.figures().subscriptions[0].live(), 0);
        let image = disk.copy();
        drop(broker);
        let broker = world.open_as(declaration, &image, &clock).unwrap().0;
        assert_eq!(broker.figures().subscriptions[0].live(), 0);
    });
}

#[test]
fn what_a_trial_gives_back_is_found_behind_a_backlog_of_others_beyond_memory() {
    let (world, disk) = (with_room_for_a_backlog(), SimulatedDisk::new());
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    runtime().block_on(async {
        let declaration = crate::deploys::declared(&world, "v1");
        let broker = world.open_as(declaration, &disk, &clock).unwrap().0;
        let of_trial = publish_backlog(&broker).await;
        let trial = broker.begin_trial(crate::deploys::PLUGIN, "v2", share()).await.unwrap();
        handle(&broker, &request(0, trial, 1), of_trial - 1).await;
        let last = lease(&broker, &request(0, trial, 1)).await;
        let given_back = Verdicts::Each(vec![Verdict::Returned]);
        let given_back = Settlement { verdicts: given_back, outputs: Vec::new() };
        broker.settle(last, given_back).await.unwrap();
        // Whatever was fetched for it leaves memory again.
        broker.compact().await.unwrap();
        publish(&broker, BACKLOG + 1, 900).await;
        assert_eq!(handle(&broker, &request(0, trial, 1), 1).await, 1);
    });
}

#[test]
fn who_leases_a_range_of_keys_finds_what_is_new_behind_a_backlog_of_others_beyond_memory() {
    let world = with_room_for_a_backlog();
    runtime().block_on(async {
        let broker = open(&world);
        let of_range = publish_backlog(&broker).await;
        let request = LeaseRequest { keys: Some(share().keys()), ..request(0, 1, 256) };
        assert_eq!(handle(&broker, &request, of_range).await, of_range);
    });
}

/// Messages of a backlog that no step looks at as a whole.
const BACKLOG: u64 = 6_000;

/// The part of them that is asked for.
fn share() -> Share {
    Share::percent(10).unwrap()
}

fn with_room_for_a_backlog() -> World {
    let mut world = forgetful();
    world.options.segment_bytes = 1 << 20;
    world.topics[0].max_messages = 10_000;
    world
}

/// Messages of a key each; how many of them are in the share.
async fn publish_backlog(broker: &EmbeddedBroker) -> usize {
    let mut of_share = 0;
    for first in (0..BACKLOG).step_by(100) {
        let mut builder = BatchBuilder::with_capacity(100, 0);
        for number in first..first + 100 {
            let (id, key) = (MessageId::published(number + 1, 1), format!("key-{number}"));
            builder.push(id, 1, Some(&key), [], &[7; 30]).unwrap();
        }
        let batch = builder.build();
        of_share += batch.iter().filter(|one| share().keys().contains(one.key_hash())).count();
        broker.publish(EVENTS, Publication::now(batch)).await.unwrap();
    }
    of_share
}

/// Handles `messages`, or a few more; how many those were.
async fn handle(broker: &EmbeddedBroker, request: &LeaseRequest, messages: usize) -> usize {
    let mut handled = 0;
    while handled < messages {
        let delivery = lease(broker, request).await;
        handled += delivery.batch.len();
        broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }
    handled
}

async fn lease(broker: &EmbeddedBroker, request: &LeaseRequest) -> Delivery {
    let delivery = tokio::time::timeout(PATIENCE, broker.lease(request.clone())).await;
    delivery.unwrap().unwrap()
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
