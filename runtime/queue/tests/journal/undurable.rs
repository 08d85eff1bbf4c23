//! What a sync that failed leaves in memory was never durable: nobody is given it, shown it or told
//! of it.

use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, Settlement};
use millstream_queue::{
    Broker, EmbeddedBroker, LeaseError, Now, Publication, PublishError, SettleError,
};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::simulated_disk::{Call, EIO, Fault, SimulatedDisk, Trigger};
use crate::world::{EVENTS, World, request};

fn open(world: &World, disk: &SimulatedDisk) -> EmbeddedBroker {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open(disk, &clock).unwrap().0
}

fn fail_the_next_sync(disk: &SimulatedDisk) {
    let next = disk.calls(Call::SyncFile) + 1;
    disk.plan(Trigger::Nth(Call::SyncFile, next), Fault::Error(EIO));
}

fn message(number: u128) -> Publication {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(1, number), 1, None, [], b"message").unwrap();
    Publication::now(builder.build())
}

#[test]
fn nobody_is_given_or_shown_what_never_became_durable() {
    runtime().block_on(async {
        let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        let broker = open(&world, &disk);
        let mut tap = broker.tap(EVENTS).unwrap();
        broker.publish(EVENTS, message(1)).await.unwrap();
        assert_eq!(tap.recv().await.unwrap().batch.len(), 1);
        fail_the_next_sync(&disk);
        let lost = broker.publish(EVENTS, message(2)).await;
        assert!(matches!(lost, Err(PublishError::Ended(_))), "{lost:?}");
        assert!(tap.try_recv().is_err(), "a watcher saw it");
        let page = broker.browse(EVENTS, 0, 10);
        assert_eq!(page.parts.iter().map(|part| part.batch.len()).sum::<usize>(), 1, "{page:?}");
        let granted = broker.lease(request(0, 1, 2)).await;
        assert!(matches!(granted, Err(LeaseError::Ended(_))), "{granted:?}");
    });
}

#[test]
fn a_publisher_in_line_is_told_nothing_that_never_became_durable() {
    runtime().block_on(async {
        let (mut world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        (world.topics[0].max_messages, world.topics[0].retain) = (1, Duration::ZERO);
        let broker = open(&world, &disk);
        broker.publish(EVENTS, message(1)).await.unwrap();
        let mut waiting = Box::pin(broker.publish(EVENTS, message(2)));
        tokio::select! {
            biased;
            answer = &mut waiting => panic!("there is no room, and it is answered {answer:?}"),
            () = std::future::ready(()) => {}
        }
        let (alpha, beta) = (broker.lease(request(0, 1, 1)), broker.lease(request(1, 1, 1)));
        let (alpha, beta) = (alpha.await.unwrap(), beta.await.unwrap());
        broker.settle(alpha, Settlement::all_handled()).await.unwrap();
        fail_the_next_sync(&disk);
        let settled = broker.settle(beta, Settlement::all_handled()).await;
        assert!(matches!(settled, Err(SettleError::Ended(_))), "{settled:?}");
        let told = waiting.await;
        assert!(matches!(told, Err(PublishError::Ended(_))), "{told:?}");
    });
}

#[test]
fn a_journal_that_somebody_has_is_opened_by_nobody_else() {
    let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
    let broker = open(&world, &disk);
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    let refused = world.open(&disk, &clock).map(drop);
    assert!(matches!(refused, Err(millstream_queue::OpenError::Locked)), "{refused:?}");
    drop(broker);
    assert!(world.open(&disk, &clock).is_ok());
}
