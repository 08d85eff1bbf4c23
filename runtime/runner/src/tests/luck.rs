//! A plugin whose later instances do not always start.

use std::collections::BTreeMap;
use std::time::Duration;

use millstream_message::{BatchBuilder, MessageId, SubscriptionId, TopicId};
use millstream_plugin_host::{Host, HostSettings};
use millstream_queue::{Broker, Publication};

use super::guests::lucky;
use super::plan;
use crate::{Changes, HealthState, Launch, OpenError, Opened, open};

const PIPELINE: &str = "pipeline: p\n\
    topics:\n  in: { kind: event }\n  dead: { kind: dead_letter }\n\
    plugins:\n  lucky: { source: lucky.wasm }\n\
    subscriptions:\n  \
    work: { topic: in, plugin: lucky, batch: { max_messages: 1 }, retry: { max_attempts: 1 }, dead_letter: dead }\n";

/// Failed starts to wait for: enough that some follow each other.
const FAILED_STARTS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_charges_nobody_and_is_tried_until_it_works() {
    let running = opened().await.start();
    let (broker, monitor) = (running.broker(), running.monitor());
    let metrics = || monitor.plugin("lucky").unwrap().total;
    let (mut traps, mut serial) = (0, 0);
    while metrics().starts_failed < FAILED_STARTS {
        for payload in [&b"poison"[..], b"calm"] {
            publish(&*broker, serial, payload).await;
            serial += 1;
        }
        traps += 1;
        running.drained().await;
    }
    let health = monitor.health(SubscriptionId(0)).unwrap();
    assert_eq!(health.state, HealthState::Works, "{health:?}");
    let work = running.shutdown(Duration::from_secs(10)).await.subscriptions.remove(0);
    assert_eq!((work.handled, work.dead_lettered, work.retried), (traps, traps, 0));
}

/// The pipeline with its first instance started, however often that takes.
async fn opened() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::new(HostSettings::default()).unwrap();
    loop {
        let launch = Launch {
            plan: plan(PIPELINE, folder.path()),
            components: BTreeMap::from([("lucky".to_owned(), lucky().into())]),
            host: host.clone(),
            text: PIPELINE.to_owned(),
            changes: Changes::default(),
        };
        match open(launch).await {
            Ok(opened) => return opened,
            Err(OpenError::Start { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn publish(broker: &dyn Broker, serial: u128, payload: &[u8]) {
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(1, serial), 1, None, [], payload).unwrap();
    broker.publish(TopicId(0), Publication::now(builder.build())).await.unwrap();
}
