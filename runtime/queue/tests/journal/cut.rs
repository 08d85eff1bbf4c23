//! A torn tail that was cut off is gone: it may not come back when what is written next happens to
//! end just where a whole record of it begins.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId};
use millstream_queue::{Broker, JournalSync, Now, Publication};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World};

/// Sizes of the torn message, in steps of the log's alignment: one of them is as long as what an
/// opening writes.
const SIZES: std::ops::Range<usize> = 0..500;
const STEP: usize = 8;

/// Longer than the zeros that are written ahead of small records.
static LARGE: [u8; 300_000] = [0xbb; 300_000];

#[test]
fn what_was_cut_off_never_comes_back() {
    runtime().block_on(async {
        let mut world = World::plain(1 << 20);
        world.options.sync = JournalSync::Never;
        for size in SIZES {
            tear_and_go_on(&world, size * STEP).await;
        }
    });
}

async fn tear_and_go_on(world: &World, size: usize) {
    let disk = SimulatedDisk::new();
    let broker = open(world, &disk);
    broker.publish(EVENTS, message(1, b"kept")).await.unwrap();
    // An opening writes two records: the torn one and the next have their places.
    broker.publish(EVENTS, message(2, &[0xaa; 5_000][..size + 8])).await.unwrap();
    broker.publish(EVENTS, message(3, b"")).await.unwrap();
    broker.publish(EVENTS, message(4, &LARGE)).await.unwrap();
    broker.publish(EVENTS, message(5, b"whole, but behind the tear")).await.unwrap();
    let disk = disk.copy();
    let (name, mut bytes) = disk.contents().remove(0);
    let torn = bytes.iter().position(|byte| *byte == 0xaa).unwrap();
    bytes[torn] ^= 1;
    disk.overwrite(&name, bytes);
    let broker = open(world, &disk);
    assert_eq!(waiting(&broker), 1, "it is cut at the tear");
    broker.publish(EVENTS, message(4, &LARGE)).await.unwrap();
    broker.close().await.unwrap();
    drop(broker);
    assert_eq!(waiting(&open(world, &disk)), 2, "size {size}: what was cut off is back");
}

fn open(world: &World, disk: &SimulatedDisk) -> millstream_queue::EmbeddedBroker {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open(disk, &clock).unwrap().0
}

fn waiting(broker: &dyn Broker) -> u64 {
    broker.figures().subscriptions[0].live()
}

fn message(number: u64, payload: &[u8]) -> Publication {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(number, 1), number, None, [], payload).unwrap();
    Publication::now(builder.build())
}
