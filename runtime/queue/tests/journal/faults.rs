//! Every call to the disk fails once, in every way it can: nothing that was answered is missing
//! afterwards, nothing is tried again, and the broker says that it has ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement};
use millstream_queue::{Broker, EmbeddedBroker, OpenError, Publication, PublishError};

use crate::asked::{number, on_all_cores, runtime};
use crate::power_loss::{Check, History, Player, Survey, Verdict, clock_after};
use crate::random::Random;
use crate::simulated_disk::{EIO, ENOSPC, Fault, SimulatedDisk, Trigger};
use crate::world::{World, request};

/// Histories of an ordinary test run: each is played again for every call that it makes.
const HISTORIES: u64 = 4;

/// Steps of a history: enough for segments to be sealed, checkpoints made and messages moved.
const STEPS: u64 = 25;

/// Longer than a broker takes to say that it has ended.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn whatever_call_fails_nothing_is_lost_and_nothing_is_tried_again() {
    let wanted = number("MILLSTREAM_HISTORIES").unwrap_or(HISTORIES);
    let (histories, cases) = (AtomicU64::new(0), AtomicU64::new(0));
    on_all_cores(|seed| {
        if histories.fetch_add(1, Ordering::Relaxed) >= wanted {
            return false;
        }
        cases.fetch_add(fail_each_call(seed), Ordering::Relaxed);
        true
    });
    println!("{} failed calls", cases.into_inner());
}

/// Answers how many calls failed.
fn fail_each_call(seed: u64) -> u64 {
    let mut failed = 0;
    for call in 1.. {
        for fault in [Fault::Error(EIO), Fault::Error(ENOSPC), Fault::Short] {
            match runtime().block_on(fail(seed, call, fault)) {
                Ok(true) => failed += 1,
                // The history makes fewer calls.
                Ok(false) => return failed,
                Err(wrong) => panic!("seed {seed}, call {call}, {fault:?}: {wrong}"),
            }
        }
    }
    failed
}

/// Plays the history on a disk whose n-th call fails; false where it makes no such call.
async fn fail(seed: u64, call: u64, fault: Fault) -> Check<bool> {
    let mut random = Random::new(seed);
    let world = World::random(&mut random);
    let disk = SimulatedDisk::new();
    disk.plan(Trigger::NthChange(call), fault);
    let mut player = match Player::new(world.clone(), random, disk.clone()) {
        Ok(player) => player,
        Err(error) => return opens_later(&world, &disk, &error).map(|()| true),
    };
    for _ in 0..STEPS {
        player.step().await;
    }
    player.close().await;
    if !disk.has_failed() {
        return Ok(false);
    }
    let broker = player.broker.clone();
    let history = player.end();
    if fault != Fault::Short {
        has_ended(&history, &disk, &broker).await?;
    }
    drop(broker);
    nothing_is_missing(&history, &disk, seed ^ call).await?;
    Ok(true)
}

/// Whoever could not begin can begin when the disk is well again.
fn opens_later(world: &World, disk: &SimulatedDisk, error: &OpenError) -> Check {
    if !matches!(error, OpenError::Io(_)) {
        return Err(format!("an error of the disk is told as {error:?}"));
    }
    let mut random = Random::new(1);
    for image in [disk.copy(), disk.crash().image(&mut random)] {
        let clock = clock_after(millstream_queue::Now { monotonic: Duration::ZERO, wall_ms: 1 });
        let opened = world.open(&image, &clock);
        opened.map_err(|later| format!("failed with {error}, and later with {later}"))?;
    }
    Ok(())
}

/// It says so to everybody, and forces nothing to the disk any more.
async fn has_ended(history: &History, disk: &SimulatedDisk, broker: &EmbeddedBroker) -> Check {
    if tokio::time::timeout(PATIENCE, broker.failed()).await.is_err() {
        return Err("the broker does not say that it has ended".to_owned());
    }
    let late = broker.publish(crate::world::EVENTS, one_message(1)).await;
    if !matches!(late, Err(PublishError::Ended(_))) {
        return Err(format!("a publish after the end is answered with {late:?}"));
    }
    if disk.synced_again() {
        return Err("a sync that failed was tried again".to_owned());
    }
    match history.failed_at {
        Some(syncs) if syncs != disk.syncs() => {
            Err(format!("{syncs} syncs until the end was told, then {}", disk.syncs()))
        }
        _ => Ok(()),
    }
}

/// Neither when the process starts again, nor when the power was cut, too.
async fn nothing_is_missing(history: &History, disk: &SimulatedDisk, seed: u64) -> Check {
    let mut random = Random::new(seed);
    let images: Vec<SimulatedDisk> = (0..3).map(|_| disk.crash().image(&mut random)).collect();
    for image in [disk.copy()].iter().chain(&images) {
        let clock = clock_after(history.now);
        let opened = history.world.open(image, &clock);
        let (broker, _) = opened.map_err(|error| format!("does not open again: {error}"))?;
        let found = Survey::of(history, &broker, &clock).all().await?;
        Verdict::new(history, history.ledger.len()).on(&found)?;
    }
    Ok(())
}

fn one_message(number: u64) -> Publication {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(2, u128::from(number)), 2, None, [], &[7; 1_000]).unwrap();
    Publication::now(builder.build())
}

/// Bytes of the disk that runs full, and those kept back.
const CAPACITY: u64 = 512 << 10;
const RESERVE: u64 = 128 << 10;

/// Rounds until room is found again: more than it takes.
const ROUNDS_MAX: u64 = 1_000;

/// Publishers are refused in time, consumers never; what they settle makes room.
#[test]
fn a_full_disk_refuses_publishers_and_serves_consumers() {
    runtime().block_on(async {
        let mut world = World::plain(16 << 10);
        world.options.reserve = RESERVE;
        let disk = SimulatedDisk::new();
        disk.set_capacity(CAPACITY);
        let clock = clock_after(millstream_queue::Now { monotonic: Duration::ZERO, wall_ms: 1 });
        let broker = world.open(&disk, &clock).unwrap().0;
        let mut published = 0;
        let full = loop {
            match broker.publish(crate::world::EVENTS, one_message(published)).await {
                Ok(_) => published += 1,
                Err(full) => break full,
            }
        };
        let PublishError::DiskFull { free, reserve: RESERVE } = full else {
            panic!("after {published} messages: {full}")
        };
        assert!(free < RESERVE && free > RESERVE / 2, "refused when {free} bytes were free");
        for reader in [0, 1] {
            drain(&broker, reader).await;
        }
        let mut rounds = 0;
        while let Err(error) = broker.publish(crate::world::EVENTS, one_message(published)).await {
            assert!(matches!(error, PublishError::DiskFull { .. }), "{error}");
            broker.compact().await.unwrap();
            rounds += 1;
            assert!(rounds < ROUNDS_MAX, "all is settled, and {} bytes are taken", disk.used());
        }
        assert!(disk.used() < CAPACITY / 2, "{} bytes for one message", disk.used());
    });
}

async fn drain(broker: &EmbeddedBroker, reader: u32) {
    while broker.figures().subscriptions[reader as usize].live() > 0 {
        let delivery = broker.lease(request(reader, 1, 16)).await.unwrap();
        broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }
}
