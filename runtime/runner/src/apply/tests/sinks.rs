//! A file that a worker still writes to while it is wanted again.

use std::time::Duration;

use millstream_connectors::{FileSink, FileSinkRules, LineForm, Sink};
use millstream_message::{BatchBuilder, MessageId};

use super::bed::Bed;

/// How long workers with nothing to do may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

fn text(subscription: &str) -> String {
    format!(
        "pipeline: p\ntopics:\n  in: {{ kind: event }}\nsubscriptions:\n  \
         stay: {{ topic: in, sink: {{ file: {{ path: stay.txt }} }}, on_exhausted: drop }}\n{subscription}"
    )
}

const WRITE: &str =
    "  write: { topic: in, sink: { file: { path: out.txt } }, on_exhausted: drop }\n";

/// What a worker of the subscription at this place has in hand.
fn share(bed: &Bed, place: usize) -> Box<dyn Sink> {
    let site = bed.applier().site;
    let plant = site.plant.try_lock().expect("no apply is under way");
    plant.stations[place].sink().expect("it has a sink").share()
}

/// The lock was in the way: "it is in use by another sink or another process".
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_wanted_again_while_a_worker_that_is_to_go_still_writes_to_it() {
    let bed = Bed::open(&text(WRITE)).await;
    let mut in_hand = share(&bed, 1);
    for other in ["path: out.txt", "path: out.txt, form: message"] {
        bed.apply(&text("")).await.unwrap();
        bed.apply(&text(&WRITE.replace("path: out.txt", other))).await.unwrap();
    }
    bed.apply(&text(&WRITE.replace("out.txt", "else.txt"))).await.unwrap();
    bed.apply(&text(WRITE)).await.unwrap();
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(MessageId::published(1, 0), 1, None, [], b"late").unwrap();
    in_hand.deliver(&builder.build()).await.unwrap();
    bed.publish(0, 1).await;
    bed.running.drained().await;
    bed.close().await;
}

/// Waits until the workers of the subscription that went are gone as well.
async fn closed(bed: &Bed) {
    let site = bed.applier().site;
    let closed = async {
        while site.plant.lock().await.left[0].held().await.is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("its workers end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_free_and_forgotten_once_nobody_writes_to_it_any_more() {
    let bed = Bed::open(&text(WRITE)).await;
    let left = || bed.applier().site.plant.try_lock().unwrap().left.len();
    let open =
        || FileSink::open(FileSinkRules { path: bed.path("out.txt"), form: LineForm::Payload });
    let in_hand = share(&bed, 1);
    bed.apply(&text("")).await.unwrap();
    assert!(open().is_err() && left() == 1, "somebody has it in hand");
    drop(in_hand);
    closed(&bed).await;
    assert!(open().is_ok());
    bed.apply(&text("")).await.unwrap();
    assert_eq!(left(), 0);
    bed.close().await;
}
