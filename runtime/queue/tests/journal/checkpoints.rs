//! Power fails while a checkpoint is made and what it replaces goes: some journal is there at every
//! moment, and it opens with everything that was answered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement};
use millstream_queue::{Broker, EmbeddedBroker, Now, Ordering, Publication};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::random::Random;
use crate::simulated_disk::{Crash, SimulatedDisk};
use crate::world::{EVENTS, World, request};

/// Histories, checkpoints of each, and images of every moment at which something is synced.
const HISTORIES: u64 = 4;
const ROUNDS: u64 = 5;
const IMAGES: usize = 8;

/// Messages between two checkpoints: some segments of them.
const MESSAGES: u64 = 8;

/// Longer than a grant takes that is there to be had.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longer than any deadline.
const HOUR_MS: u64 = 3_600_000;

/// Messages that were published, and how many of those are settled.
#[derive(Clone, Copy, Default)]
struct Told {
    published: u64,
    settled: u64,
}

#[test]
fn no_loss_of_power_around_a_checkpoint_takes_the_journal_along() {
    let mut images = 0;
    for seed in 1..=HISTORIES {
        images += runtime().block_on(play(seed));
    }
    assert!(images > 500, "{images} images are no test");
}

#[test]
fn a_lease_that_stands_in_a_checkpoint_ends_at_its_deadline() {
    runtime().block_on(async {
        let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
        let broker = world.open(&disk, &clock).unwrap().0;
        broker.publish(EVENTS, message(1, 10)).await.unwrap();
        let _held = broker.lease(request(0, 1, 1)).await.unwrap();
        broker.compact().await.unwrap();
        clock.advance(HOUR_MS);
        broker.tick();
        assert_eq!(broker.figures().subscriptions[0].in_flight, 0);
        broker.close().await.unwrap();
        drop(broker);
        // A start steps the same tick on the checkpoint, and it comes out the same.
        assert_eq!(open(&world, &disk).unwrap().figures().subscriptions[0].live(), 1);
    });
}

#[test]
fn what_waits_behind_a_key_that_is_free_again_is_handed_out_by_a_checkpoint() {
    runtime().block_on(async {
        let (mut world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        world.subscriptions[0].ordering = Ordering::Key;
        let broker = open(&world, &disk).unwrap();
        for (number, key) in [(1, "ann"), (2, "ann"), (3, "bob")] {
            let mut builder = BatchBuilder::with_capacity(1, 0);
            builder.push(MessageId::published(number, 1), 1, Some(key), [], b"work").unwrap();
            broker.publish(EVENTS, Publication::now(builder.build())).await.unwrap();
        }
        let first = broker.lease(request(0, 1, 1)).await.unwrap();
        // On its way to the third message it passes the second, which is of a key that is held.
        let other = broker.lease(request(0, 1, 1)).await.unwrap();
        for delivery in [first, other] {
            broker.settle(delivery, Settlement::all_handled()).await.unwrap();
        }
        broker.compact().await.unwrap();
        let image = disk.copy();
        drop(broker);
        let broker = open(&world, &image).unwrap();
        let second = tokio::time::timeout(PATIENCE, broker.lease(request(0, 2, 1))).await;
        let second = second.expect("it is there").unwrap();
        assert_eq!(second.batch.ids(), [MessageId::published(2, 1)]);
    });
}

/// Answers how many images were looked at.
async fn play(seed: u64) -> u64 {
    let (world, disk) = (World::plain(4 << 10), SimulatedDisk::new());
    let mut random = Random::new(seed);
    let broker = open(&world, &disk).unwrap();
    let (mut told, mut number, mut images) = (Told::default(), 0, 0);
    for _ in 0..ROUNDS {
        for _ in 0..MESSAGES {
            number += 1;
            broker.publish(EVENTS, message(number, random.below(1_500))).await.unwrap();
        }
        told.published = number;
        // One may stay, so that not every segment is needless.
        let left = random.below(2);
        for reader in [0, 1] {
            while broker.figures().subscriptions[reader as usize].live() > left {
                let delivery = broker.lease(request(reader, 1, 1)).await.unwrap();
                broker.settle(delivery, Settlement::all_handled()).await.unwrap();
            }
        }
        told.settled = number - left;
        for crash in compact(&broker, &disk).await {
            for _ in 0..IMAGES {
                check(&world, &crash.image(&mut random), told, seed);
                images += 1;
            }
        }
    }
    images
}

/// The moments of a compaction.
async fn compact(broker: &EmbeddedBroker, disk: &SimulatedDisk) -> Vec<Crash> {
    let crashes: Arc<Mutex<Vec<Crash>>> = Arc::default();
    let list = Arc::clone(&crashes);
    disk.on_sync(Some(Box::new(move |crash| list.lock().unwrap().push(crash))));
    broker.compact().await.unwrap();
    disk.on_sync(None);
    let mut crashes = std::mem::take(&mut *crashes.lock().unwrap());
    crashes.push(disk.crash());
    crashes
}

fn check(world: &World, image: &SimulatedDisk, told: Told, seed: u64) {
    let broker = open(world, image);
    let broker = broker.unwrap_or_else(|error| panic!("seed {seed}, {}: {error}", told.published));
    for reader in [0, 1] {
        let live = broker.figures().subscriptions[reader].live();
        assert_eq!(live, told.published - told.settled, "seed {seed}: of {}", told.published);
    }
}

fn open(
    world: &World,
    disk: &SimulatedDisk,
) -> Result<EmbeddedBroker, millstream_queue::OpenError> {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open(disk, &clock).map(|(broker, _)| broker)
}

fn message(number: u64, bytes: u64) -> Publication {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    let payload = vec![7; bytes as usize];
    builder.push(MessageId::published(number, 1), number, None, [], &payload).unwrap();
    Publication::now(builder.build())
}
