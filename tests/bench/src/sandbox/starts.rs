//! How long it takes until a plugin can take messages: out of the cache of compiled code, and after it
//! trapped.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use millstream_plugin_host::{Host, HostSettings, Input};
use millstream_tests::Project;

use super::{judge, plugin, started};
use crate::load::{self, BATCH};
use crate::table::percentile;

/// Starts of each kind.
const STARTS: usize = 101;

pub(super) async fn report() -> anyhow::Result<()> {
    println!("| {STARTS} starts of each | median ms | worst ms | aim |\n|---|---|---|---|");
    row("a cached plugin: load, instantiate, configure", cached().await?, "≤ 10 ms");
    let [fresh, whole] = replaced().await?;
    row("a trapped instance is dropped, another one starts", fresh, "≤ 0.25 ms");
    row("the same with the call that traps", whole, "–");
    println!();
    Ok(())
}

fn row(what: &str, mut times: Vec<Duration>, aim: &str) {
    times.sort_unstable();
    let [middle, worst] = [0.5, 1.0].map(|share| percentile(&times, share) / 1e3);
    println!("| {what} | {middle:.3} | {worst:.3} | {aim} |");
}

async fn cached() -> anyhow::Result<Vec<Duration>> {
    let cache = Project::new();
    // Compiles it, and is not counted.
    start(cache.folder()).await?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let (time, compiles) = start(cache.folder()).await?;
        anyhow::ensure!(compiles == 0, "the cache did not hold the plugin");
        times.push(time);
    }
    Ok(times)
}

/// A start in a host of its own, which knows no more than `cache`: how long it took, and how often it
/// compiled.
async fn start(cache: &Path) -> anyhow::Result<(Duration, u64)> {
    let host = Host::new(HostSettings { cache: Some(cache.into()), ..HostSettings::default() })?;
    let begun = Instant::now();
    black_box(started(&plugin(&host, judge::GUEST).await?).await?);
    Ok((begun.elapsed(), host.compiles()))
}

/// Of instances that had a batch in hand before: from the trap on, and from the call on.
async fn replaced() -> anyhow::Result<[Vec<Duration>; 2]> {
    let plugin = plugin(&Host::new(HostSettings::default())?, "trap-on-poison").await?;
    let (batch, poison) = (load::batch(BATCH, 0)?, load::one(b"poison")?);
    let [mut fresh, mut whole] = [Vec::new(), Vec::new()];
    let mut instance = started(&plugin).await?;
    for _ in 0..STARTS {
        instance.call(Input { batch: &batch, attempts: &[1; BATCH] }).await?;
        let begun = Instant::now();
        let answer = instance.call(Input { batch: &poison, attempts: &[1] }).await;
        let trapped = Instant::now();
        anyhow::ensure!(answer.is_err(), "the plugin did not trap");
        drop(instance);
        instance = started(&plugin).await?;
        fresh.push(trapped.elapsed());
        whole.push(begun.elapsed());
    }
    Ok([fresh, whole])
}
