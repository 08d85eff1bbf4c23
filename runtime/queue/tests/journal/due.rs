//! Time goes on while no process runs: what became due meanwhile is there at the next start, and
//! what did not is not.

use std::sync::Arc;
use std::time::Duration;

use millstream_message::{
    BatchBuilder, Failure, FailureKind, MessageId, Settlement, Verdict, Verdicts,
};
use millstream_queue::{Broker, Publication};

use crate::asked::runtime;
use crate::clock::ManualClock;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World, request};

const WALL_MS: u64 = 1_700_000_000_000;
const MINUTE_MS: u64 = 60_000;

/// Longer than a grant takes that is there to be had.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn what_became_due_while_no_process_ran_is_there_at_the_next_start() {
    let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
    runtime().block_on(park_for_an_hour(&world, &disk));
    for (minutes, due) in [(30, false), (61, true)] {
        let clock = Arc::new(ManualClock::starting_at(WALL_MS + minutes * MINUTE_MS));
        let broker = world.open(&disk.copy(), &clock).unwrap().0;
        broker.tick();
        runtime().block_on(async {
            if !due {
                let mut lease = Box::pin(broker.lease(request(0, 1, 1)));
                tokio::select! { biased; _ = &mut lease => {}, () = std::future::ready(()) => {} }
                assert_eq!(
                    broker.figures().subscriptions[0].in_flight,
                    0,
                    "half an hour too early"
                );
                return;
            }
            let lease = tokio::time::timeout(PATIENCE, broker.lease(request(0, 1, 1))).await;
            assert_eq!(lease.expect("it is due").unwrap().batch.len(), 1);
        });
    }
}

async fn park_for_an_hour(world: &World, disk: &SimulatedDisk) {
    let clock = Arc::new(ManualClock::starting_at(WALL_MS));
    let broker = world.open(disk, &clock).unwrap().0;
    // The process has run for a while: monotonic times of two processes are not comparable.
    clock.advance(5 * MINUTE_MS);
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(1, 1), WALL_MS, None, [], b"later").unwrap();
    broker.publish(EVENTS, Publication::now(builder.build())).await.unwrap();
    let delivery = broker.lease(request(0, 1, 1)).await.unwrap();
    clock.advance(MINUTE_MS / 60);
    let failure = Failure::new(FailureKind::Retry, "in an hour");
    let verdict = Verdict::Failed { failure, delay_ms: 55 * MINUTE_MS as u32 };
    let settlement = Settlement { verdicts: Verdicts::Each(vec![verdict]), outputs: Vec::new() };
    broker.settle(delivery, settlement).await.unwrap();
    broker.close().await.unwrap();
}
