//! A pipeline that changes over a journal that holds messages: what it has no place for is told, each
//! thing once, and what it says of things that are not there is refused.

use std::time::Duration;

use bytes::Bytes;
use millstream_message::{BatchBuilder, MessageId, SubscriptionId};
use millstream_queue::{
    Broker, Declaration, EmbeddedBroker, Kind, Named, Now, OpenError, Publication, Rename,
};

use crate::asked::runtime;
use crate::power_loss::clock_after;
use crate::simulated_disk::SimulatedDisk;
use crate::world::{EVENTS, World};

/// A journal with a message that two subscriptions wait for.
fn journal() -> (World, SimulatedDisk) {
    let (world, disk) = (World::plain(16 << 10), SimulatedDisk::new());
    runtime().block_on(async {
        let broker = open(&world, world.declaration(), &disk).unwrap();
        let mut builder = BatchBuilder::with_capacity(1, 0);
        builder.push(MessageId::published(1, 1), 1, None, [], b"one").unwrap();
        broker.publish(EVENTS, Publication::now(builder.build())).await.unwrap();
        broker.close().await.unwrap();
    });
    (world, disk)
}

fn open(
    world: &World,
    declaration: Declaration,
    disk: &SimulatedDisk,
) -> Result<EmbeddedBroker, OpenError> {
    let clock = clock_after(Now { monotonic: Duration::ZERO, wall_ms: 1 });
    world.open_as(declaration, disk, &clock).map(|(broker, _)| broker)
}

fn named(kind: Kind, name: &str) -> Named {
    Named { kind, name: name.to_owned() }
}

fn renamed(kind: Kind, from: &str, to: &str) -> Rename {
    Rename { kind, from: from.to_owned(), to: to.to_owned() }
}

/// The topic `events` is called `news`, for its subscriptions too.
fn with_news(world: &World) -> Declaration {
    let mut declaration = world.declaration();
    declaration.topics[0].name = "news".to_owned();
    let readers = declaration.subscriptions.iter_mut().filter(|one| one.topic == EVENTS);
    readers.for_each(|one| one.topic_name = "news".to_owned());
    declaration
}

/// The errands of two subscriptions, after a start with this declaration.
fn errands(world: &World, declaration: Declaration, disk: &SimulatedDisk) -> [Option<Bytes>; 2] {
    let broker = open(world, declaration, &disk.copy()).unwrap();
    [0, 1].map(|subscription| broker.errand(SubscriptionId(subscription)))
}

#[test]
fn work_outlives_the_process_and_ends_with_the_dead_letters_that_it_is_about() {
    let (world, disk) = journal();
    let [first, second] = ["first", "second"].map(|text| Some(Bytes::from_static(text.as_bytes())));
    runtime().block_on(async {
        let broker = open(&world, world.declaration(), &disk).unwrap();
        broker.set_errand(SubscriptionId(0), first.clone()).await.unwrap();
        broker.compact().await.unwrap();
        broker.set_errand(SubscriptionId(1), second.clone()).await.unwrap();
        broker.set_errand(SubscriptionId(2), second.clone()).await.unwrap();
        broker.set_errand(SubscriptionId(2), None).await.unwrap();
        assert_eq!(broker.errand(SubscriptionId(2)), None);
        broker.close().await.unwrap();
    });
    let both = [first, second];
    assert_eq!(errands(&world, world.declaration(), &disk), both);
    let mut renames = world.declaration();
    renames.topics[2].name = "letters".to_owned();
    renames.renames = vec![renamed(Kind::Topic, "dead", "letters")];
    assert_eq!(errands(&world, renames, &disk), both);
    let drops = vec![named(Kind::Topic, "dead")];
    let dropped = Declaration { drops, ..world.declaration() };
    assert_eq!(errands(&world, dropped, &disk), [None, None]);
}

#[test]
fn what_is_dropped_or_renamed_must_be_there() {
    let (world, disk) = journal();
    let names = ["events", "work", "dead"].map(|name| named(Kind::Topic, name)).into_iter();
    let readers = ["alpha", "beta", "gamma"].map(|name| named(Kind::Subscription, name));
    let all: Vec<Named> = names.chain(readers).collect();
    let before = disk.contents();
    let refused = |declaration: Declaration, asked: Named| {
        match open(&world, declaration, &disk).map(drop) {
            Err(OpenError::Unheld { unheld, held }) => {
                assert_eq!((unheld, &held), (vec![asked], &all));
            }
            other => panic!("{asked}: {other:?}"),
        }
        assert_eq!(disk.contents(), before, "a refusal changes nothing");
    };
    // A subscription is no topic.
    for asked in [named(Kind::Topic, "alpha"), named(Kind::Subscription, "delta")] {
        let drops = vec![asked.clone()];
        refused(Declaration { drops, ..world.declaration() }, asked.clone());
        let renames = vec![renamed(asked.kind, &asked.name, "beta")];
        refused(Declaration { renames, ..world.declaration() }, asked);
    }
    let renames = vec![renamed(Kind::Topic, "events", "news")];
    open(&world, Declaration { renames, ..with_news(&world) }, &disk).unwrap();
}

#[test]
fn an_empty_journal_has_nothing_to_drop() {
    let world = World::plain(16 << 10);
    let drops = vec![named(Kind::Topic, "events")];
    let declaration = Declaration { drops, ..world.declaration() };
    let refused = open(&world, declaration, &SimulatedDisk::new()).map(drop).unwrap_err();
    assert!(refused.to_string().ends_with("it holds nothing yet"), "{refused}");
}

#[test]
fn a_topic_with_another_name_is_told_once_and_not_again_for_its_readers() {
    let (world, disk) = journal();
    match open(&world, with_news(&world), &disk).map(drop) {
        Err(OpenError::Leftover(left)) => {
            let told: Vec<Named> = left.into_iter().map(|one| one.what).collect();
            assert_eq!(told, [named(Kind::Topic, "events")]);
        }
        other => panic!("{other:?}"),
    }
    // What is said of the topic is said of its readers.
    for given_up in [true, false] {
        let drops = if given_up { vec![named(Kind::Topic, "events")] } else { Vec::new() };
        let renames = vec![renamed(Kind::Topic, "events", "news")];
        let renames = if given_up { Vec::new() } else { renames };
        let declaration = Declaration { drops, renames, ..with_news(&world) };
        let broker = open(&world, declaration, &disk.copy()).unwrap();
        let figures = broker.figures();
        let waiting = figures.subscriptions.iter().map(|one| one.live());
        let kept = u64::from(!given_up);
        assert_eq!(waiting.collect::<Vec<_>>(), [kept, kept, 0]);
        assert!(
            figures.subscriptions.iter().all(|one| one.received() == one.settled() + one.live())
        );
    }
}
