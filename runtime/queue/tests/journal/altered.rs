//! Bytes that are whole and yet not what happened: every checksum is right, and what the record
//! tells does not come out again.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, SubscriptionId};
use millstream_queue::journal;
use millstream_queue::{Broker, Now, OpenError, Publication};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World};

/// Where the first record stands, and the bytes before each body.
const FIRST: usize = 576;
const HEADER: usize = 56;

#[test]
fn a_record_that_comes_out_differently_is_refused_with_its_place() {
    check(false);
}

#[test]
fn a_record_behind_a_checkpoint_is_held_to_its_outcome_as_well() {
    check(true);
}

fn check(with_checkpoint: bool) {
    let world = World::plain(16 << 10);
    let disk = SimulatedDisk::new();
    runtime().block_on(async {
        let broker = open(&world, &disk).unwrap();
        if with_checkpoint {
            broker.compact().await.unwrap();
            broker.pause(SubscriptionId(0), true).await.unwrap();
        }
        broker.publish(EVENTS, one_message()).await.unwrap();
        broker.close().await.unwrap();
    });
    let checkpoints = disk.contents().into_iter().filter(|(name, _)| name.ends_with(".idx"));
    assert_eq!(checkpoints.count(), usize::from(with_checkpoint));
    let mut segments = disk.contents().into_iter().filter(|(name, _)| name.ends_with(".log"));
    let (name, sound) = &segments.next_back().unwrap();
    let places = places(sound);
    assert!(places.len() >= 3, "a start and a publish are {} records", places.len());
    for at in places {
        let changed = disk.copy();
        let mut bytes = sound.clone();
        bytes[at + OUTCOME] ^= 1;
        seal(&mut bytes, at);
        changed.overwrite(name, bytes);
        let report = journal::verify(&changed).unwrap();
        assert!(!report.opens, "at {at}: {report:?}");
        match open(&world, &changed).map(drop) {
            Err(OpenError::Damaged(damage)) => {
                assert_eq!((&damage.file, damage.offset), (name, at as u64), "{damage}");
                assert!(damage.what.contains("comes out differently"), "{damage}");
            }
            other => panic!("the record at {at} is another, and opening says {other:?}"),
        }
    }
}

/// Where a header tells its record's number, its position, and what came of its event.
const SEQUENCE: usize = 8;
const POSITION: usize = 24;
const OUTCOME: usize = 36;

#[test]
fn a_record_of_another_number_or_place_is_refused_with_its_place() {
    let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
    runtime().block_on(async {
        let broker = open(&world, &disk).unwrap();
        for subscription in [0, 1, 2, 0, 1, 2] {
            broker.pause(SubscriptionId(subscription), true).await.unwrap();
        }
        broker.close().await.unwrap();
    });
    let (name, sound) = disk.contents().remove(0);
    // The third: those behind it tell that it was synced.
    let at = places(&sound)[2];
    for field in [SEQUENCE, POSITION] {
        let changed = disk.copy();
        let mut bytes = sound.clone();
        bytes[at + field] ^= 8;
        seal(&mut bytes, at);
        changed.overwrite(&name, bytes);
        match open(&world, &changed).map(drop) {
            Err(OpenError::Damaged(damage)) => {
                assert_eq!((&damage.file, damage.offset), (&name, at as u64), "{damage}");
            }
            other => panic!("byte {field} of a header is another, and opening says {other:?}"),
        }
    }
}

/// Where the records of a segment begin.
fn places(segment: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = FIRST;
    while let length @ 1.. = u32_at(segment, at) {
        places.push(at);
        at += (HEADER + length as usize).next_multiple_of(8);
    }
    places
}

/// Makes the checksum of the header at `at` right again.
fn seal(bytes: &mut [u8], at: usize) {
    // The log's identity stands in the header of its segment.
    let mut crc = crc32fast::Hasher::new_with_initial(crc32fast::hash(&bytes[32..48]));
    crc.update(&bytes[at..at + 4]);
    crc.update(&bytes[at + 8..at + HEADER]);
    bytes[at + 4..at + 8].copy_from_slice(&crc.finalize().to_le_bytes());
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn open(
    world: &World,
    disk: &SimulatedDisk,
) -> Result<millstream_queue::EmbeddedBroker, OpenError> {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open(disk, &clock).map(|(broker, _)| broker)
}

fn one_message() -> Publication {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(1, 1), 1, None, [], b"one").unwrap();
    Publication::now(builder.build())
}
