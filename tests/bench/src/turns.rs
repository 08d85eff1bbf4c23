//! How long a healthy plugin waits, for a thread and for its turn, beside plugins that never end: with
//! turns and without.

use std::time::{Duration, Instant};

use millstream_plugin_host::{Host, HostSettings, Input, Instance, PluginSettings};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::load;

const CALLS: usize = 200;
/// Long enough that no loop ends while it is measured.
const TIMEOUT: Duration = Duration::from_secs(600);
/// As many guests at once as would never wait: the executor's queue decides who runs.
const NO_TURNS: usize = 1_000;

pub(crate) fn report() -> anyhow::Result<()> {
    println!("| beside | turns | p50 of a call | p99 | longest |");
    println!("|---|---|---|---|---|");
    let cores = HostSettings::default().running_max;
    for (plugins, workers) in [(0, 0), (1, 64), (8, 8), (32, 1)] {
        for (name, running_max) in [("by plugin", cores), ("none", NO_TURNS)] {
            let mut waits = measure(plugins, workers, running_max, cores)?;
            waits.sort();
            let beside = match plugins {
                0 => "nobody".to_owned(),
                plugins => format!("{plugins} plugins with {workers} endless calls each"),
            };
            let at = |share: usize| waits[waits.len() * share / 100];
            let longest = waits[waits.len() - 1];
            println!("| {beside} | {name} | {:.0?} | {:.0?} | {longest:.0?} |", at(50), at(99));
        }
    }
    println!();
    Ok(())
}

fn measure(
    plugins: usize,
    workers: usize,
    running_max: usize,
    cores: usize,
) -> anyhow::Result<Vec<Duration>> {
    // As the runner has them: one thread more than guests at once.
    let runtime = Builder::new_multi_thread().worker_threads(cores + 1).enable_all().build()?;
    let waits = runtime.block_on(async {
        let host = Host::new(HostSettings { running_max, ..HostSettings::default() })?;
        let mut healthy = start(&host, "echo", 1).await?.remove(0);
        let mut loops = JoinSet::new();
        let mut endless = Vec::new();
        for _ in 0..plugins {
            endless.extend(start(&host, "loop-on-poison", workers).await?);
        }
        for mut instance in endless {
            loops.spawn(async move { drop(call(&mut instance, b"poison").await) });
        }
        let measured = tokio::spawn(async move {
            let mut waits = Vec::with_capacity(CALLS);
            for _ in 0..CALLS {
                // As a worker that leases: it comes anew for each call, and what it waits for a
                // thread before counts as well.
                let due = Instant::now() + Duration::from_millis(1);
                tokio::time::sleep_until(due.into()).await;
                call(&mut healthy, b"calm").await?;
                waits.push(due.elapsed());
            }
            anyhow::Ok(waits)
        });
        let waits = measured.await??;
        loops.shutdown().await;
        anyhow::Ok(waits)
    })?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    Ok(waits)
}

async fn start(host: &Host, guest: &str, instances: usize) -> anyhow::Result<Vec<Instance>> {
    let mut settings = PluginSettings::default();
    settings.limits.timeout = TIMEOUT;
    let plugin = host.load(guest, load::guest(guest)?, settings).await?;
    let mut started = Vec::with_capacity(instances);
    for _ in 0..instances {
        started.push(plugin.instantiate("bench", "events").await?);
    }
    Ok(started)
}

async fn call(instance: &mut Instance, payload: &[u8]) -> anyhow::Result<()> {
    let batch = load::one(payload)?;
    instance.call(Input { batch: &batch, attempts: &[1] }).await?;
    Ok(())
}
