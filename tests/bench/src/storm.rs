//! Every hostile guest: how late each is stopped, and what a plugin beside all of them waits,
//! compared with the same plugin beside as many that are busy and do as they should.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use millstream_message::{BatchBuilder, FailureKind, MessageId, TopicId};
use millstream_pipeline::parse;
use millstream_plugin_host::{Host, Input, Limits, Plugin, PluginSettings};
use millstream_queue::{Broker, Publication, SubscriptionFigures};
use millstream_runner::{Changes, Launch, Running, open};
use millstream_tests::{Project, hostile, hostile_guests};
use tokio::runtime::Builder;

use crate::table::percentile;
use crate::{busy, host, load};

/// What each guest may take.
const TIMEOUT: Duration = Duration::from_millis(50);
const MEMORY: u64 = 16 << 20;
/// What compiling one may take: what takes longer is no guest that starts.
const COMPILE_TIMEOUT: Duration = Duration::from_secs(5);
/// Calls of each guest alone.
const CALLS: usize = 20;
/// What the busy guest works on a message: about what a hostile one takes in the mean.
const WORK: Duration = Duration::from_millis(5);
/// How often the two sides take turns, so that what else the machine does meets both.
const PASSES: usize = 4;
/// Rounds of each side in each pass: in each, every plugin beside the healthy one gets a message.
const ROUNDS: u64 = 25;
const HEALTHY: TopicId = TopicId(0);
const HEALTHY_OUT: TopicId = TopicId(1);
const OTHERS: TopicId = TopicId(2);

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    // Compiled once, not in every pass.
    let cache = Project::new();
    let guests = runtime.block_on(alone(cache.folder()))?;
    let mut hostile_ones = Vec::new();
    for name in &guests {
        hostile_ones.push((name.replace('/', "-"), read(&hostile(name))?, 0));
    }
    let turns = runtime.block_on(busy::turns(WORK))?;
    let busy = load::guest("busy")?;
    let busy: Vec<_> =
        (0..guests.len()).map(|i| (format!("busy-{i}"), busy.clone(), turns)).collect();
    let mut sides = [
        Side { beside: "as many busy ones", others: busy, ..Side::default() },
        Side { beside: "all hostile ones", others: hostile_ones, ..Side::default() },
    ];
    for _ in 0..PASSES {
        for side in &mut sides {
            runtime.block_on(side.pass(cache.folder()))?;
        }
    }
    println!("\n| a plugin beside | p50 ms | p99 ms | messages |\n|---|---|---|---|");
    let [busy, hostile] = sides.map(Side::report);
    let (late, latest) = hostile.1;
    println!("\np99 beside hostile ones / beside busy ones: {:.2}", hostile.0 / busy.0);
    println!("the hostile one that was stopped latest: {latest}, {:.1} ms\n", millis(late));
    Ok(())
}

/// The plugins beside the healthy one, each with its name, its bytes and its turns, and what was seen.
#[derive(Default)]
struct Side {
    beside: &'static str,
    others: Vec<(String, Bytes, u64)>,
    /// Of the healthy plugin's messages.
    times: Vec<Duration>,
    /// How late the one that was stopped latest was.
    latest: (Duration, String),
}

impl Side {
    /// Gives its p99 in milliseconds, and who was stopped latest.
    fn report(mut self) -> (f64, (Duration, String)) {
        self.times.sort_unstable();
        let [p50, p99] = [0.5, 0.99].map(|share| percentile(&self.times, share) / 1_000.0);
        println!("| {} | {p50:.2} | {p99:.2} | {} |", self.beside, self.times.len());
        (p99, self.latest)
    }

    /// Measures the healthy plugin while the others are given message after message.
    async fn pass(&mut self, cache: &Path) -> anyhow::Result<()> {
        let running = start(&self.others, cache).await?;
        let broker = running.broker();
        let rounds = tokio::spawn(rounds(Arc::clone(&broker)));
        let mut tap = broker.tap(HEALTHY_OUT).context("no topic to watch")?;
        while !rounds.is_finished() {
            let published = Instant::now();
            publish(&*broker, HEALTHY, self.times.len() as u128).await?;
            tap.recv().await?;
            self.times.push(published.elapsed());
        }
        rounds.await??;
        for (name, ..) in &self.others {
            let metrics = running.monitor().plugin(name).context("a plugin has its metrics")?;
            let latest = (metrics.total.late_max, name.clone());
            self.latest = std::mem::take(&mut self.latest).max(latest);
        }
        running.shutdown(Duration::from_secs(5)).await;
        Ok(())
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// How late each guest is stopped when nothing runs beside it; gives those that start.
async fn alone(cache: &Path) -> anyhow::Result<Vec<String>> {
    let host = host::start(Some(cache))?;
    let (mut started, mut stopped) = (Vec::new(), Vec::new());
    for name in hostile_guests() {
        let Ok(plugin) = loaded(&host, &name).await else { continue };
        // One that does not start needs no stopping.
        if plugin.instantiate("bench", "events").await.is_err() {
            continue;
        }
        let late = lateness(&plugin).await?;
        stopped.extend(late.map(|late| (late, name.clone())));
        started.push(name);
    }
    stopped.sort();
    println!(
        "{} guests start, {} of them run into their {TIMEOUT:?}; how late they are stopped:\n",
        started.len(),
        stopped.len()
    );
    println!("| guest | worst of {CALLS}, ms |\n|---|---|");
    for (late, name) in stopped.iter().rev() {
        println!("| {name} | {:.1} |", millis(*late));
    }
    Ok(started)
}

async fn loaded(host: &Host, name: &str) -> anyhow::Result<Plugin> {
    let mut limits =
        Limits { timeout: TIMEOUT, batch_timeout: TIMEOUT, memory: MEMORY, ..Limits::default() };
    limits.compile.timeout = COMPILE_TIMEOUT;
    let settings = PluginSettings { limits, ..PluginSettings::default() };
    Ok(host.load(name, read(&hostile(name))?, settings).await?)
}

/// How long after its deadline the slowest call ended; none when no call reached it.
async fn lateness(plugin: &Plugin) -> anyhow::Result<Option<Duration>> {
    let batch = load::batch(1, 0)?;
    let mut worst = None;
    for _ in 0..CALLS {
        let mut instance = plugin.instantiate("bench", "events").await?;
        let start = Instant::now();
        let answer = instance.call(Input { batch: &batch, attempts: &[1] }).await;
        let took = start.elapsed();
        if answer.is_err_and(|failure| failure.kind == FailureKind::Timeout) {
            worst = worst.max(Some(took.saturating_sub(TIMEOUT)));
        }
    }
    Ok(worst)
}

/// Gives every plugin but the healthy one a message, and again once all have come to an end.
async fn rounds(broker: Arc<dyn Broker>) -> anyhow::Result<()> {
    for round in 1..=ROUNDS {
        publish(&*broker, OTHERS, u128::from(round) << 64).await?;
        loop {
            let figures = broker.figures();
            let others = figures.subscriptions.iter().skip(1);
            let ended = |one: &SubscriptionFigures| {
                one.offered >= round && one.lag + one.in_flight + one.parked == 0
            };
            if others.into_iter().all(ended) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

async fn publish(broker: &dyn Broker, topic: TopicId, serial: u128) -> anyhow::Result<()> {
    let now = broker.now().wall_ms;
    let mut batch = BatchBuilder::with_capacity(1, load::PAYLOAD);
    batch.push(MessageId::published(now, serial), now, None, [], b"hello")?;
    broker.publish(topic, Publication::now(batch.build())).await?;
    Ok(())
}

async fn start(others: &[(String, Bytes, u64)], cache: &Path) -> anyhow::Result<Running> {
    let (mut plugins, mut subscriptions) = (String::new(), String::new());
    let mut components: BTreeMap<String, Bytes> =
        [("healthy".to_owned(), load::guest("echo")?)].into();
    for (name, bytes, turns) in others {
        let config =
            if *turns > 0 { format!("config: {{ turns: {turns} }}, ") } else { String::new() };
        plugins += &format!(
            "  {name}: {{ source: {name}.wasm, {config}limits: {{ timeout: {TIMEOUT:?}, batch_timeout: {TIMEOUT:?}, memory: {MEMORY} }} }}\n"
        );
        subscriptions += &format!(
            "  {name}: {{ topic: others, plugin: {name}, output: end, retry: {{ max_attempts: 1 }}, on_exhausted: drop }}\n"
        );
        components.insert(name.clone(), bytes.clone());
    }
    let text = format!(
        "pipeline: storm\n\
         topics:\n  healthy: {{ kind: event }}\n  out: {{ kind: event }}\n  others: {{ kind: event }}\n  \
         end: {{ kind: event }}\n\
         plugins:\n  healthy: {{ source: echo.wasm }}\n{plugins}\
         subscriptions:\n  healthy: {{ topic: healthy, plugin: healthy, output: out, on_exhausted: drop }}\n{subscriptions}"
    );
    let checked = parse(&text, "storm.yaml", Path::new("."), &|_| None).check(&BTreeMap::new());
    let plan = checked
        .plan
        .with_context(|| format!("the bench pipeline is wrong: {:?}", checked.findings))?;
    let host = host::start(Some(cache))?;
    let launch = Launch {
        plan: Arc::new(plan),
        components,
        host,
        text: String::new(),
        changes: Changes::default(),
    };
    Ok(open(launch).await?.start())
}

fn read(path: &Path) -> anyhow::Result<Bytes> {
    Ok(std::fs::read(path)?.into())
}
