//! What a swap costs whoever waits for messages: the longest time in which no message was handled, in
//! windows with a swap and in windows without, one after the other.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use millstream_message::{BatchBuilder, MessageId, TopicId};
use millstream_queue::{Broker, Publication, Tap};
use millstream_runner::{Running, Stage, SwapOptions};
use millstream_tests::hostile;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use crate::pipeline::start_with;
use crate::table::percentile;
use crate::{busy, load};

/// Messages a second, in runs that come evenly.
const PER_SECOND: u32 = 50_000;
const RUN: u32 = 100;
const KEYS: u32 = 1_000;
/// Swaps of each kind: `MILLSTREAM_SWAPS` says another number.
const SWAPS: usize = 60;
/// How long handled messages are watched, from the begin of a swap on, and without one before that.
const WINDOW: Duration = Duration::from_millis(250);
/// What a message takes the slow version, on a core of its own.
const SLOW: Duration = Duration::from_millis(4);
/// How long a good version is on trial.
const PROBATION: Duration = Duration::from_millis(50);
/// How long another may be: it is found out before.
const LONG: Duration = Duration::from_secs(60);
const IN: TopicId = TopicId(0);
const OUT: TopicId = TopicId(1);

/// Swaps of one kind.
struct Kind {
    name: &'static str,
    /// The versions in turn.
    versions: Vec<Bytes>,
    options: SwapOptions,
    end: Stage,
}

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    println!(
        "| {PER_SECOND} messages/s, {KEYS} keys in order | swaps | none handled for: p50 ms | p99 ms | without a swap: p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|");
    // The busy guest obeys it, the others do not look at it.
    let config = format!("config: {{ turns: {} }}", runtime.block_on(busy::turns(SLOW))?);
    let mut all = [Vec::new(), Vec::new()];
    for kind in kinds()? {
        let pauses = runtime.block_on(measure(&kind, &config))?;
        all.iter_mut().zip(&pauses).for_each(|(all, some)| all.extend(some));
        row(kind.name, pauses);
    }
    row("all of them", all);
    println!();
    Ok(())
}

fn row(name: &str, pauses: [Vec<Duration>; 2]) {
    let swaps = pauses[0].len();
    let [swapped, calm] = pauses.map(|mut pauses| {
        pauses.sort_unstable();
        [0.5, 0.99].map(|share| percentile(&pauses, share) / 1e3)
    });
    println!(
        "| {name} | {swaps} | {:.2} | {:.2} | {:.2} | {:.2} |",
        swapped[0], swapped[1], calm[0], calm[1]
    );
}

fn swaps() -> usize {
    let said = std::env::var("MILLSTREAM_SWAPS").ok();
    said.and_then(|swaps| swaps.parse().ok()).unwrap_or(SWAPS)
}

fn kinds() -> anyhow::Result<Vec<Kind>> {
    let plain = SwapOptions { probation: Duration::ZERO, ..SwapOptions::default() };
    let watched = SwapOptions { probation: PROBATION, ..SwapOptions::default() };
    let canary = SwapOptions { canary: Some(10), ..watched };
    let long = |options| SwapOptions { probation: LONG, ..options };
    let good = vec![load::guest("stamp")?, load::guest("echo")?];
    let (slow, trap) = (load::guest("busy")?, read(&hostile("trap/on-every-message"))?);
    let refused = vec![load::guest("refuse-config")?, read(&hostile("import/keyvalue"))?];
    let kind = |name, versions, options, end| Kind { name, versions, options, end };
    Ok(vec![
        kind("good, no probation", good.clone(), plain, Stage::Promoted),
        kind("good, probation", good.clone(), watched, Stage::Promoted),
        kind("good, canary of 10 %", good, canary, Stage::Promoted),
        kind("refused: config, imports", refused, watched, Stage::Refused),
        kind("traps, probation", vec![trap.clone()], long(watched), Stage::RolledBack),
        kind("traps, canary of 10 %", vec![trap], long(canary), Stage::RolledBack),
        kind("4 ms a message, probation", vec![slow.clone()], long(watched), Stage::RolledBack),
        kind("4 ms a message, canary of 10 %", vec![slow], long(canary), Stage::RolledBack),
    ])
}

/// The longest pause of each window: with a swap, and without.
async fn measure(kind: &Kind, config: &str) -> anyhow::Result<[Vec<Duration>; 2]> {
    let handler = "plugin: echo, ordering: key, concurrency: 2";
    let running = start_with(handler, config).await?;
    let broker = running.broker();
    let pauses = Pauses::watch(broker.tap(OUT).context("no topic to watch")?);
    let stop = CancellationToken::new();
    let publisher = tokio::spawn(publish(Arc::clone(&broker), stop.clone()));
    let mut longest = [Vec::new(), Vec::new()];
    // Every swap compiles its version. The first are not measured: nothing is warm.
    for number in 0..kind.versions.len() + swaps() {
        pauses.begin();
        tokio::time::sleep(WINDOW).await;
        let calm = pauses.longest();
        pauses.begin();
        swap(&running, kind, number).await?;
        let swapped = pauses.longest();
        if number >= kind.versions.len() {
            longest[0].push(swapped);
            longest[1].push(calm);
        }
    }
    stop.cancel();
    publisher.await??;
    broker.quiet().await;
    running.shutdown(Duration::from_secs(5)).await;
    Ok(longest)
}

/// One swap, to its end or that of the window.
async fn swap(running: &Running, kind: &Kind, number: usize) -> anyhow::Result<()> {
    let window = tokio::time::sleep(WINDOW);
    let version = kind.versions[number % kind.versions.len()].clone();
    let swaps = running.swaps();
    let mut status = swaps.begin("echo", version, kind.options)?;
    while !status.done {
        let told = swaps.status_after("echo", status.revision).await;
        status = told.context("the plugin is gone")?;
    }
    anyhow::ensure!(status.state == kind.end, "{}: {status:?}", kind.name);
    window.await;
    Ok(())
}

/// Publishes evenly until told to stop.
async fn publish(broker: Arc<dyn Broker>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) * RUN / PER_SECOND);
    let mut serial = 0_u32;
    while !stop.is_cancelled() {
        ticks.tick().await;
        let now = broker.now().wall_ms;
        let mut batch = BatchBuilder::with_capacity(RUN as usize, load::PAYLOAD * RUN as usize);
        for _ in 0..RUN {
            serial = serial.wrapping_add(1);
            let id = MessageId::published(now, u128::from(serial));
            let key = format!("key-{}", serial % KEYS);
            batch.push(id, now, Some(&key), [], &[b'x'; load::PAYLOAD])?;
        }
        broker.publish(IN, Publication::now(batch.build())).await?;
    }
    Ok(())
}

/// How long no message came.
struct Pauses(Arc<Mutex<Seen>>);

struct Seen {
    last: Instant,
    longest: Duration,
}

impl Pauses {
    fn watch(mut tap: Tap) -> Self {
        let seen = Arc::new(Mutex::new(Seen { last: Instant::now(), longest: Duration::ZERO }));
        let pauses = Self(Arc::clone(&seen));
        tokio::spawn(async move {
            // Runs that were missed came in the meantime, too.
            while !matches!(tap.recv().await, Err(tokio::sync::broadcast::error::RecvError::Closed))
            {
                pauses.look(false);
            }
        });
        Self(seen)
    }

    /// A window begins; what the one before left unfinished is not of it.
    fn begin(&self) {
        self.look(true);
    }

    fn longest(&self) -> Duration {
        self.look(false);
        self.0.lock().map_or(Duration::MAX, |seen| seen.longest)
    }

    fn look(&self, begins: bool) {
        let Ok(mut seen) = self.0.lock() else { return };
        let pause = seen.last.elapsed();
        seen.last = Instant::now();
        seen.longest = if begins { Duration::ZERO } else { seen.longest.max(pause) };
    }
}

fn read(path: &Path) -> anyhow::Result<Bytes> {
    Ok(std::fs::read(path)?.into())
}
