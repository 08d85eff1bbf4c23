//! What the sandbox costs: a message in it, the start of a plugin, an instance that waits. Each row
//! says what is aimed at.

mod echo;
mod idle;
mod judge;
mod starts;

use std::hint::black_box;
use std::time::{Duration, Instant};

use millstream_message::Batch;
use millstream_plugin_host::{Host, HostSettings, Input, Instance, Plugin, PluginSettings};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::load;

/// Interleaved rounds; the median is reported.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(200);

/// A part that runs in a process of its own.
pub(crate) fn part(name: &str) -> Option<fn() -> anyhow::Result<()>> {
    match name {
        idle::PART => Some(idle::measure),
        echo::PART => Some(echo::figures),
        _ => None,
    }
}

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        echo::report().await?;
        judge::report().await?;
        starts::report().await
    })?;
    idle::report()
}

/// The guest `name`, loaded with the settings that a pipeline gives a plugin unless it says otherwise.
async fn plugin(host: &Host, name: &str) -> anyhow::Result<Plugin> {
    let settings = PluginSettings { config: config(name), ..PluginSettings::default() };
    Ok(host.load(name, load::guest(name)?, settings).await?)
}

fn config(name: &str) -> Value {
    match name {
        judge::GUEST => json!({ "review_from_cents": judge::REVIEW_FROM_CENTS }),
        _ => json!({}),
    }
}

async fn instance(name: &str) -> anyhow::Result<Instance> {
    started(&plugin(&Host::new(HostSettings::default())?, name).await?).await
}

async fn started(plugin: &Plugin) -> anyhow::Result<Instance> {
    Ok(plugin.instantiate("bench", "events").await?)
}

/// Nanoseconds per message of calls with `batch`, each of which gives `outputs` messages.
async fn calls(instance: &mut Instance, batch: &Batch, outputs: usize) -> anyhow::Result<f64> {
    let attempts = vec![1; batch.len()];
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        let answers = instance.call(Input { batch, attempts: &attempts }).await?;
        anyhow::ensure!(answers.outgoing.len() == outputs, "the plugin does other work than meant");
        black_box(answers);
        calls += 1;
    }
    Ok(start.elapsed().as_nanos() as f64 / (calls * batch.len()) as f64)
}

/// The same of work that is done without a sandbox.
fn natively<T>(batch: &Batch, work: impl Fn(&Batch) -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        black_box(work(batch)?);
        calls += 1;
    }
    Ok(start.elapsed().as_nanos() as f64 / (calls * batch.len()) as f64)
}
