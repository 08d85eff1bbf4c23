//! What it costs to find the poison in a batch that failed: running its messages one by one beside
//! halving it over and over. The runner does the first; this is why.

use std::ops::Range;
use std::time::{Duration, Instant};

use millstream_message::{Batch, BatchBuilder, MessageId};
use millstream_plugin_host::{Host, HostSettings, Input, Instance, Plugin, PluginSettings};
use tokio::runtime::Builder;

use crate::load::{self, BATCH};
use crate::table::median;

/// Interleaved rounds; the median is reported.
const ROUNDS: usize = 7;
/// As much shorter than the defaults (1 s and 5 s) as the bench is to be: times of loops are told in
/// multiples of them.
const TIMEOUT: Duration = Duration::from_millis(20);
const BATCH_TIMEOUT: Duration = Duration::from_millis(100);

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        println!(
            "A batch of {BATCH}; limits.timeout {TIMEOUT:?}, limits.batch_timeout {BATCH_TIMEOUT:?}.\n"
        );
        println!("| poison | one by one: calls, failures, ms | by halves: calls, failures, ms |");
        println!("|---|---|---|");
        for poison in [1, 2, 16, 256] {
            row("trap-on-poison", "traps", poison).await?;
        }
        for poison in [1, 2, 16] {
            row("loop-on-poison", "loops", poison).await?;
        }
        println!();
        Ok(())
    })
}

async fn row(guest: &str, does: &str, poison: usize) -> anyhow::Result<()> {
    let batch = batch(poison)?;
    // Halving 16 loops takes seconds each time, and tells the same each time.
    let rounds = if does == "loops" { 1 } else { ROUNDS };
    let mut singly = Vec::new();
    let mut halved = Vec::new();
    for _ in 0..rounds {
        singly.push(find(guest, &batch, Way::Singly).await?);
        halved.push(find(guest, &batch, Way::ByHalves).await?);
    }
    let [singly, halved] = [singly, halved].map(|costs| {
        let Cost { calls, failures, .. } = costs[0];
        let ms = median(costs.iter().map(|cost| cost.time.as_secs_f64() * 1_000.0).collect());
        format!("{calls}, {failures}, {ms:.1}")
    });
    println!("| {poison} that {does} | {singly} | {halved} |");
    Ok(())
}

/// What finding took beyond the first call, which failed.
#[derive(Clone, Copy, Default)]
struct Cost {
    calls: usize,
    failures: usize,
    time: Duration,
}

#[derive(Clone, Copy)]
enum Way {
    Singly,
    ByHalves,
}

async fn find(guest: &str, batch: &Batch, way: Way) -> anyhow::Result<Cost> {
    let host = Host::new(HostSettings::default())?;
    let mut settings = PluginSettings::default();
    (settings.limits.timeout, settings.limits.batch_timeout) = (TIMEOUT, BATCH_TIMEOUT);
    let plugin = host.load(guest, load::guest(guest)?, settings).await?;
    let mut search = Search { plugin, instance: None, cost: Cost::default() };
    anyhow::ensure!(!search.call(batch, 0..batch.len()).await?, "the batch holds no poison");
    search.cost = Cost::default();
    let begun = Instant::now();
    // What is still to be run, the next at the end.
    let mut open = match way {
        Way::Singly => (0..batch.len()).rev().map(|i| i..i + 1).collect(),
        Way::ByHalves => halves(0..batch.len()),
    };
    while let Some(part) = open.pop() {
        let failed = !search.call(batch, part.clone()).await?;
        if failed && part.len() > 1 {
            open.extend(halves(part));
        }
    }
    Ok(Cost { time: begun.elapsed(), ..search.cost })
}

fn halves(part: Range<usize>) -> Vec<Range<usize>> {
    let middle = part.start + part.len() / 2;
    vec![middle..part.end, part.start..middle]
}

struct Search {
    plugin: Plugin,
    instance: Option<Instance>,
    cost: Cost,
}

impl Search {
    /// Whether a call of these messages gives answers.
    async fn call(&mut self, batch: &Batch, part: Range<usize>) -> anyhow::Result<bool> {
        let live = self.instance.take().filter(|instance| !instance.spent());
        let mut instance = match live {
            Some(instance) => instance,
            None => self.plugin.instantiate("bench", "events").await?,
        };
        let (part, attempts) = (batch.slice(part.clone()), vec![1; part.len()]);
        let answered = instance.call(Input { batch: &part, attempts: &attempts }).await.is_ok();
        self.instance = Some(instance);
        self.cost.calls += 1;
        self.cost.failures += usize::from(!answered);
        Ok(answered)
    }
}

/// A batch with `poison` poisoned messages, evenly spread.
fn batch(poison: usize) -> anyhow::Result<Batch> {
    let mut builder = BatchBuilder::with_capacity(BATCH, BATCH * load::PAYLOAD);
    for i in 0..BATCH {
        let id = MessageId::published(1_700_000_000_000, i as u128);
        let poisoned = (i + 1) * poison / BATCH > i * poison / BATCH;
        let payload = if poisoned { "poison" } else { "x" }.repeat(30);
        builder.push(id, 1_700_000_000_000, None, [], payload.as_bytes())?;
    }
    Ok(builder.build())
}
