//! What is written but not synced yet survives the process; a power cut takes a suffix of it,
//! never something from the middle.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement};
use millstream_queue::{Broker, JournalSync, Publication};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::random::Random;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World, request};

/// Messages of a history, and images of each moment of it.
const MESSAGES: u64 = 60;
const IMAGES: u64 = 4;

#[test]
fn without_a_sync_a_power_cut_takes_a_suffix_and_a_kill_takes_nothing() {
    for sync in [JournalSync::Never, JournalSync::Interval(Duration::from_millis(1))] {
        for seed in 0..10 {
            runtime().block_on(play(sync, seed));
        }
    }
}

async fn play(sync: JournalSync, seed: u64) {
    let mut random = Random::new(seed);
    let mut world = World::plain(random.pick(&[4 << 10, 64 << 10]));
    world.options.sync = sync;
    let disk = SimulatedDisk::new();
    let clock = clock_after(millstream_queue::Now { monotonic: Duration::ZERO, wall_ms: 1 });
    let broker = world.open(&disk, &clock).unwrap().0;
    let (mut lost, mut kept) = (0, 0);
    for number in 1..=MESSAGES {
        broker.publish(EVENTS, message(number, random.below(2_000))).await.unwrap();
        assert_eq!(numbers(&world, &disk.copy()).await, number, "{sync:?}, seed {seed}: killed");
        for _ in 0..IMAGES {
            let left = numbers(&world, &disk.crash().image(&mut random)).await;
            lost += number - left;
            kept += left;
        }
    }
    assert!(kept > 0 && (lost > 0 || sync != JournalSync::Never), "{kept} kept, {lost} lost");
}

fn message(number: u64, bytes: u64) -> Publication {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    let payload = vec![7; bytes as usize];
    builder.push(MessageId::published(number, 1), number, None, [], &payload).unwrap();
    Publication::now(builder.build())
}

/// How many of the first messages are there; panics where one is missing among them.
async fn numbers(world: &World, disk: &SimulatedDisk) -> u64 {
    let clock = clock_after(millstream_queue::Now { monotonic: Duration::ZERO, wall_ms: 2 });
    let broker = world.open(disk, &clock).unwrap().0;
    let mut numbers = Vec::new();
    while broker.figures().subscriptions[0].live() > 0 {
        let delivery = broker.lease(request(0, 1, 256)).await.unwrap();
        numbers.extend_from_slice(delivery.batch.published_at());
        broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }
    let count = numbers.len() as u64;
    assert!(numbers.iter().copied().eq(1..=count), "not the first ones: {numbers:?}");
    count
}
