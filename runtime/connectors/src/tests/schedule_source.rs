use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use millstream_formats::{dedup_hash, rfc3339};
use tokio::time::{Instant, advance};

use crate::{Chunk, ChunkLimits, ScheduleRules, ScheduleSource, Source, WallClock};

const LIMITS: ChunkLimits = ChunkLimits { messages_max: 256, bytes_max: 1 << 20 };

/// 2013-01-01T10:00:00.000Z
const TEN: u64 = 1_357_034_400_000;

/// A wall clock that goes with tokio's paused one and can be set.
#[derive(Clone)]
struct Clock {
    begun: Instant,
    begun_unix_ms: Arc<AtomicU64>,
}

impl Clock {
    fn at(unix_ms: u64) -> Self {
        Self { begun: Instant::now(), begun_unix_ms: Arc::new(unix_ms.into()) }
    }

    fn now(&self) -> u64 {
        self.begun_unix_ms.load(Ordering::Relaxed) + self.begun.elapsed().as_millis() as u64
    }

    /// Sets the wall clock `by` forward.
    fn jump(&self, by: Duration) {
        self.begun_unix_ms.fetch_add(by.as_millis() as u64, Ordering::Relaxed);
    }

    fn jump_back(&self, by: Duration) {
        self.begun_unix_ms.fetch_sub(by.as_millis() as u64, Ordering::Relaxed);
    }

    fn handle(&self) -> WallClock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

fn rules(cron: &str) -> ScheduleRules {
    let cron = cron.parse().unwrap();
    ScheduleRules { name: "tick".into(), cron, payload: None, key: None, headers: Vec::new() }
}

fn every_five_minutes(clock: &Clock) -> ScheduleSource {
    ScheduleSource::open(rules("*/5 * * * *"), clock.handle()).unwrap()
}

async fn next(source: &mut ScheduleSource) -> Chunk {
    source.next(LIMITS).await.unwrap().unwrap()
}

/// The due time that a chunk of the default payload names.
fn due(chunk: &Chunk) -> String {
    let payload: serde_json::Value = serde_json::from_slice(chunk.payloads.get(0)).unwrap();
    assert_eq!((chunk.payloads.len(), payload["source"].as_str()), (1, Some("tick")));
    payload["at"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn each_due_time_gives_one_message_and_not_before() {
    let clock = Clock::at(TEN + 1);
    let mut source = every_five_minutes(&clock);
    assert!(source.endless());
    for at in ["10:05", "10:10", "10:15"] {
        let chunk = next(&mut source).await;
        assert_eq!(due(&chunk), format!("2013-01-01T{at}:00.000Z"));
        assert_eq!(rfc3339(clock.now()), due(&chunk));
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_now_when_the_source_opens_is_past() {
    let mut source = every_five_minutes(&Clock::at(TEN));
    assert_eq!(due(&next(&mut source).await), "2013-01-01T10:05:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn of_missed_times_only_the_latest_is_made_up_for() {
    let clock = Clock::at(TEN);
    let mut source = every_five_minutes(&clock);
    advance(Duration::from_secs(22 * 60)).await;
    assert_eq!(due(&next(&mut source).await), "2013-01-01T10:20:00.000Z");
    assert_eq!(due(&next(&mut source).await), "2013-01-01T10:25:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_is_noticed_and_no_time_comes_twice() {
    let clock = Clock::at(TEN);
    let mut source = every_five_minutes(&clock);
    let mut waiting = Box::pin(source.next(LIMITS));
    assert!((&mut waiting).now_or_never().is_none());
    clock.jump(Duration::from_secs(299));
    let started = Instant::now();
    let chunk = waiting.await.unwrap().unwrap();
    assert_eq!(due(&chunk), "2013-01-01T10:05:00.000Z");
    assert!(started.elapsed() <= Duration::from_secs(10), "{:?}", started.elapsed());
    clock.jump_back(Duration::from_secs(3600));
    assert_eq!(due(&next(&mut source).await), "2013-01-01T10:10:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_loses_no_time() {
    let mut source = every_five_minutes(&Clock::at(TEN));
    for _ in 0..40 {
        assert!(source.next(LIMITS).now_or_never().is_none());
        advance(Duration::from_secs(7)).await;
    }
    assert_eq!(due(&next(&mut source).await), "2013-01-01T10:05:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn two_hosts_give_a_time_the_same_dedup_id() {
    let clock = Clock::at(TEN);
    let (mut one, mut other) = (every_five_minutes(&clock), every_five_minutes(&clock));
    let expected = [dedup_hash(&format!("tick/{}", TEN + 300_000))];
    assert_eq!(next(&mut one).await.dedup, expected);
    assert_eq!(next(&mut other).await.dedup, expected);
}

#[tokio::test(start_paused = true)]
async fn payload_key_and_headers_are_the_rules() {
    let rules = ScheduleRules {
        payload: Some("{\"tick\":true}".into()),
        key: Some("k".into()),
        headers: vec![("Kind".into(), "tick".into())],
        ..rules("* * * * * *")
    };
    let mut source = ScheduleSource::open(rules, Clock::at(TEN).handle()).unwrap();
    assert_eq!(source.place(), "schedule `* * * * * *`");
    let chunk = next(&mut source).await;
    assert_eq!((chunk.payloads.get(0), chunk.keys.get(0)), (&b"{\"tick\":true}"[..], &b"k"[..]));
    let headers = chunk.headers.unwrap();
    assert_eq!(headers.slice(0..1).of(0).collect::<Vec<_>>(), [("kind", "tick")]);
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_given_is_found_when_it_is_opened() {
    let error = |rules| match ScheduleSource::open(rules, Clock::at(TEN).handle()) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    };
    assert_eq!(error(rules("0 0 30 2 *")), "cannot read schedule `0 0 30 2 *`: it is never due");
    let headers = vec![("a b".into(), String::new())];
    assert!(error(ScheduleRules { headers, ..rules("* * * * *") }).contains("`a b`"));
    let payload = Some("x".repeat(2 << 20));
    assert!(error(ScheduleRules { payload, ..rules("* * * * *") }).contains("max_message"));
}
