//! Versions of plugins over a process that ends: exactly one serves, and the journal says which.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{
    BatchBuilder, Failure, FailureKind, MessageId, Settlement, SubscriptionId, Verdict, Verdicts,
};
use millstream_queue::{
    Broker, Declaration, DeployError, EmbeddedBroker, LeaseError, Now, PluginFigures, Publication,
    Share, Source, StartFrom, SubscriptionRules,
};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World, request};

pub(crate) const PLUGIN: &str = "enrich";
const ALPHA: SubscriptionId = SubscriptionId(0);

/// The first subscription's plugin has the source `digest`.
pub(crate) fn declared(world: &World, digest: &str) -> Declaration {
    let mut declaration = world.declaration();
    declaration.subscriptions[0].plugin = Some(PLUGIN.to_owned());
    declaration.plugins = vec![Source { plugin: PLUGIN.to_owned(), digest: digest.to_owned() }];
    declaration
}

fn open(world: &World, disk: &SimulatedDisk, digest: &str) -> EmbeddedBroker {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open_as(declared(world, digest), disk, &clock).unwrap().0
}

fn plugin(broker: &EmbeddedBroker) -> PluginFigures {
    broker.plugins().into_iter().find(|one| one.name == PLUGIN).unwrap()
}

async fn publish(broker: &EmbeddedBroker, number: u64) {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(number, 1), number, Some("key"), [], b"x").unwrap();
    broker.publish(EVENTS, Publication::now(builder.build())).await.unwrap();
}

fn rejected() -> Settlement {
    let failure = Failure::new(FailureKind::Reject, "not mine");
    let verdicts = Verdicts::Each(vec![Verdict::Rejected(failure)]);
    Settlement { verdicts, outputs: Vec::new() }
}

/// Bytes of more than one part.
fn module() -> Bytes {
    (0..2_500_000_u32).map(|i| (i % 251) as u8).collect::<Vec<u8>>().into()
}

#[test]
fn a_promoted_version_serves_after_a_start_and_its_bytes_are_there() {
    runtime().block_on(async {
        let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        let broker = open(&world, &disk, "v1");
        assert_eq!(plugin(&broker).serving.digest, "v1");
        let generation = broker.begin_trial(PLUGIN, "v2", Share::ALL).await.unwrap();
        assert_eq!(broker.promote(PLUGIN).await, Err(DeployError::NotKept));
        broker.keep_module(PLUGIN, "v2", module()).await.unwrap();
        assert_eq!(broker.promote(PLUGIN).await, Ok(generation));
        // Moved by a checkpoint, or not: it is the same.
        broker.compact().await.unwrap();
        broker.close().await.unwrap();
        drop(broker);
        let broker = open(&world, &disk, "v1");
        let told = plugin(&broker);
        assert_eq!(told.serving.digest, "v2", "the source has not changed");
        assert_eq!(told.previous.map(|one| one.digest).as_deref(), Some("v1"));
        assert_eq!(broker.generation(ALPHA), Some(generation));
        assert_eq!(broker.module(PLUGIN, "v2").await.unwrap(), Some(module()));
        assert_eq!(broker.module(PLUGIN, "v1").await.unwrap(), None, "nobody kept it");
        broker.close().await.unwrap();
        drop(broker);
        let broker = open(&world, &disk, "v3");
        assert_eq!(plugin(&broker).serving.digest, "v3", "the source has changed");
        assert_eq!(plugin(&broker).previous.map(|one| one.digest).as_deref(), Some("v2"));
    });
}

#[test]
fn a_trial_that_a_crash_ends_is_rolled_back_and_counts_nothing() {
    for with_checkpoint in [false, true] {
        runtime().block_on(async {
            let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
            let broker = open(&world, &disk, "v1");
            publish(&broker, 1).await;
            let generation = broker.begin_trial(PLUGIN, "v2", Share::ALL).await.unwrap();
            let delivery = broker.lease(request(0, generation, 1)).await.unwrap();
            assert!(delivery.on_trial);
            broker.settle(delivery, rejected()).await.unwrap();
            let told = plugin(&broker);
            assert_eq!((told.withheld, told.trial.unwrap().tally.rejected), (1, 1));
            if with_checkpoint {
                broker.compact().await.unwrap();
                publish(&broker, 2).await;
            }
            // Killed: nobody closes it.
            let image = disk.copy();
            drop(broker);
            let broker = open(&world, &image, "v1");
            let told = plugin(&broker);
            assert_eq!((told.serving.digest.as_str(), &told.trial), ("v1", &None));
            let ended = told.ended.unwrap();
            assert_eq!((ended.version.digest.as_str(), ended.promoted), ("v2", false));
            assert!(ended.why.contains("the host ended"), "{}", ended.why);
            let figures = broker.figures().subscriptions[0];
            assert_eq!((figures.failed, figures.dead_lettered()), (0, 0));
            let serving = broker.generation(ALPHA).unwrap();
            let again = broker.lease(request(0, serving, 1)).await.unwrap();
            assert_eq!(again.histories.of(0).failures, 0, "as if v2 had never had it");
            assert_eq!(again.batch.get(0).id(), MessageId::published(1, 1));
        });
    }
}

#[test]
fn dead_letters_of_a_trial_are_written_when_it_is_promoted() {
    for killed in [false, true] {
        runtime().block_on(async {
            let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
            let broker = open(&world, &disk, "v1");
            publish(&broker, 1).await;
            let generation = broker.begin_trial(PLUGIN, "v2", Share::ALL).await.unwrap();
            let delivery = broker.lease(request(0, generation, 1)).await.unwrap();
            broker.settle(delivery, rejected()).await.unwrap();
            broker.compact().await.unwrap();
            broker.keep_module(PLUGIN, "v2", Bytes::from_static(b"v2")).await.unwrap();
            broker.promote(PLUGIN).await.unwrap();
            assert_eq!(broker.figures().subscriptions[0].rejected, 1);
            let broker = match killed {
                true => open(&world, &disk.copy(), "v1"),
                false => broker,
            };
            let page = broker.browse(crate::world::DEAD, 0, 10);
            let letter = page.parts[0].batch.get(0);
            let header = |name: &str| letter.header(&format!("millstream-dead-letter-{name}"));
            assert_eq!(header("reason"), Some("rejected"));
            assert!(header("error").unwrap().contains("not mine"));
        });
    }
}

#[test]
fn workers_of_before_settle_what_they_have_until_they_are_fenced() {
    runtime().block_on(async {
        let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        let broker = Arc::new(open(&world, &disk, "v1"));
        publish(&broker, 1).await;
        publish(&broker, 2).await;
        let old = broker.generation(ALPHA).unwrap();
        let first = broker.lease(request(0, old, 1)).await.unwrap();
        let second = broker.lease(request(0, old, 1)).await.unwrap();
        let sleeper = {
            let broker = Arc::clone(&broker);
            tokio::spawn(async move { broker.lease(request(0, old, 1)).await.map(drop) })
        };
        tokio::task::yield_now().await;
        broker.keep_module(PLUGIN, "v2", Bytes::from_static(b"v2")).await.unwrap();
        let generation = broker.begin_trial(PLUGIN, "v2", Share::ALL).await.unwrap();
        broker.promote(PLUGIN).await.unwrap();
        assert_eq!(sleeper.await.unwrap(), Err(LeaseError::Fenced), "nobody sleeps for ever");
        broker.settle(first, Settlement::all_handled()).await.unwrap();
        broker.fence(ALPHA, generation).await.unwrap();
        assert!(broker.settle(second, Settlement::all_handled()).await.is_err(), "refused whole");
        let again = broker.lease(request(0, generation, 1)).await.unwrap();
        assert_eq!(again.batch.get(0).id(), MessageId::published(2, 1));
    });
}

#[test]
fn a_declaration_that_was_taken_over_at_work_is_there_after_a_start() {
    runtime().block_on(async {
        let (world, disk) = (World::plain(64 << 10), SimulatedDisk::new());
        let broker = open(&world, &disk, "v1");
        publish(&broker, 1).await;
        let held = broker.lease(request(0, 1, 1)).await.unwrap();
        let mut altered = declared(&world, "v1");
        // What stands elsewhere in the file keeps its id.
        altered.subscriptions.swap(0, 1);
        let late = SubscriptionRules::new("late", EVENTS, "events");
        altered.subscriptions.push(SubscriptionRules { from: StartFrom::Earliest, ..late });
        altered.subscriptions[1].max_attempts = 1;
        let plan = broker.plan(&altered).await;
        assert!(!plan.is_refused(), "{plan:?}");
        let ids = broker.alter(altered.clone()).await.unwrap().subscriptions;
        assert_eq!(ids, [1, 0, 2, 3].map(SubscriptionId));
        broker.settle(held, rejected()).await.unwrap();
        let figures = broker.figures();
        assert_eq!((figures.subscriptions[0].rejected, figures.subscriptions[3].offered), (1, 1));
        let image = disk.copy();
        drop(broker);
        let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
        let broker = world.open_as(altered.clone(), &image, &clock).unwrap().0;
        let by_place = [1, 0, 2, 3].map(|id: usize| figures.subscriptions[id].received());
        let now = broker.figures().subscriptions;
        assert_eq!(now.iter().map(|one| one.received()).collect::<Vec<_>>(), by_place);
        // Not empty, and not dropped by name: all of it is refused.
        altered.subscriptions.pop();
        let refused = broker.alter(altered).await.unwrap_err();
        assert!(matches!(refused, millstream_queue::AlterError::Refused(_)), "{refused}");
        assert_eq!(broker.figures().subscriptions.len(), 4);
    });
}
