//! What does not change does not notice; what changes loses and repeats nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use millstream_tests::{Api, figure, guest};

use crate::bed::{Bed, numbered, publish};

fn pipeline(work: &str, more: &str) -> String {
    format!(
        "pipeline: load
topics:
  in: {{ kind: event, max_messages: 2000 }}
  out: {{ kind: command }}
  side: {{ kind: command }}
  dead: {{ kind: dead_letter }}
plugins:
  echo: {{ source: {} }}
subscriptions:
  stay: {{ topic: in, plugin: echo, output: out, dead_letter: dead, ordering: key, concurrency: 2 }}
  stay-write: {{ topic: out, sink: {{ file: {{ path: stay.txt }} }}, dead_letter: dead, ordering: strict }}
  work: {{ topic: in, plugin: echo, output: side, dead_letter: dead, {work} }}
  work-write: {{ topic: side, sink: {{ file: {{ path: work.txt }} }}, dead_letter: dead }}
{more}",
        guest("echo").display()
    )
}

/// Publishes until it is told to stop, which it is when this is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    publisher: Option<JoinHandle<usize>>,
}

impl Load {
    fn begin(api: Api) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let publisher = std::thread::spawn(move || {
            let mut sent = 0;
            while !told.load(Ordering::Relaxed) {
                publish(&api, "in", (sent..sent + 50).map(|number| format!("m {number}")));
                sent += 50;
            }
            sent
        });
        Self { stop, publisher: Some(publisher) }
    }

    /// Ends it; gives how many messages were published.
    fn end(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.publisher.take().expect("it runs").join().expect("it ends well")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn under_load_changes_lose_and_repeat_nothing_and_what_stays_is_not_disturbed() {
    let bed = Bed::open(&pipeline("concurrency: 1", ""));
    let load = Load::begin(bed.host.api());
    let changes = [
        "concurrency: 4",
        "concurrency: 4, ordering: key",
        "ordering: strict",
        "batch: { max_messages: 7 }, ack_deadline: 20s",
        "filter: 'true', rate_limit: 100000/s",
        "retry: { max_attempts: 3 }, max_parked: 100",
    ];
    let watch = "  watch: { topic: in, sink: { file: { path: watch.txt } }, dead_letter: dead }\n";
    let mut seen = 0;
    for (round, change) in changes.into_iter().chain(changes).enumerate() {
        let text = pipeline(change, if round % 2 == 0 { watch } else { "" });
        let drop = if round % 2 == 0 { &[][..] } else { &["--drop", "subscription:watch"][..] };
        bed.applied(&text, drop);
        let more = bed.api.subscription_until("work", |one| figure(one, "handled") > seen);
        seen = figure(&more, "handled");
    }
    let sent = load.end();
    bed.idle();
    assert_eq!(bed.written_once("stay.txt").len(), sent);
    assert_eq!(bed.written_once("work.txt").len(), sent);
    bed.api.adds_up();
    let stay = bed.api.subscription_until("stay", |_| true);
    assert_eq!((figure(&stay, "failed"), figure(&stay, "handled")), (0, sent as u64));
    assert!(starts(&bed.api, "stay") <= 2, "its workers were started anew");
    assert!(starts(&bed.api, "work") > 2, "others took the place of those that changed");
    let _ = bed.host.terminate();
}

/// Instances that were started for a subscription, without those whose memory had grown.
fn starts(api: &Api, subscription: &str) -> u64 {
    let (_, plugin) = api.get("/v1/plugins/echo");
    let own = &plugin["metrics"]["by_subscription"][subscription];
    figure(own, "starts") - figure(own, "recycled")
}

#[test]
fn another_order_delivers_again_what_is_in_hand_and_charges_nobody() {
    let text = |ordering: &str| {
        format!(
            "pipeline: p\ntopics:\n  in: {{ kind: event }}\nsubscriptions:\n  \
             write: {{ topic: in, ordering: {ordering}, sink: {{ file: {{ path: out.txt }} }}, on_exhausted: drop }}\n"
        )
    };
    let bed = Bed::open(&text("none"));
    bed.api.pause("write");
    bed.publish("in", numbered("m", 100));
    let told = bed.apply(&text("strict"), &[]).success().stdout;
    let line = "~ subscription \"write\": ordering none → strict, 100 messages wait on, those in hand \
                are delivered again, uncounted";
    assert!(told.contains(line), "{told}");
    bed.api.resume("write");
    bed.idle();
    let lines = bed.project.lines("out.txt");
    let expected: Vec<Vec<u8>> = numbered("m", 100).map(String::into_bytes).collect();
    assert_eq!(lines, expected);
}
