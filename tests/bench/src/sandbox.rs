//! One echo guest, called in a loop: what a message costs for being handled in a sandbox.

use std::hint::black_box;
use std::time::{Duration, Instant};

use millstream_message::{Answers, Batch, Column, Outcome, Outgoing};
use millstream_plugin_host::{Host, HostSettings, Input, Instance, PluginSettings};
use serde_json::json;
use tokio::runtime::Builder;

use crate::load::{self, BATCH};
use crate::table::median;

/// Interleaved rounds; the median is reported.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(200);

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut batched = instance("echo").await?;
        let mut by_field = instance("echo-by-field").await?;
        let mut single = instance("message-echo").await?;
        println!("| what | ns/message | ratio |\n|---|---|---|");
        let mut times = [(); 6].map(|()| Vec::new());
        for _ in 0..ROUNDS {
            times[0].push(native(&load::batch(BATCH, 0)?));
            times[1].push(calls(&mut batched, BATCH).await?);
            times[2].push(calls(&mut by_field, BATCH).await?);
            times[3].push(calls(&mut batched, 64).await?);
            times[4].push(calls(&mut batched, 1).await?);
            times[5].push(calls(&mut single, BATCH).await?);
        }
        let names = [
            "the same work without a sandbox: columns copied, batch 256",
            "echo plugin (`forward`), batch 256",
            "echo plugin that sets payload, key and each header, batch 256",
            "echo plugin, batch 64",
            "echo plugin, batch 1",
            "per-message world, 256 calls",
        ];
        let medians = times.map(median);
        for (name, time) in names.iter().zip(medians) {
            println!("| {name} | {time:.0} | {:.2} |", time / medians[0]);
        }
        println!();
        Ok(())
    })
}

async fn instance(guest: &str) -> anyhow::Result<Instance> {
    let host = Host::new(HostSettings::default())?;
    let settings = PluginSettings { config: json!({}), ..PluginSettings::default() };
    let plugin = host.load(guest, load::guest(guest)?, settings).await?;
    Ok(plugin.instantiate("bench", "events").await?)
}

/// Nanoseconds per message of calls with `messages` messages each.
async fn calls(instance: &mut Instance, messages: usize) -> anyhow::Result<f64> {
    let batch = load::batch(messages, 0)?;
    let attempts = vec![1; messages];
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        let answers = instance.call(Input { batch: &batch, attempts: &attempts }).await?;
        anyhow::ensure!(answers.outgoing.len() == messages, "the echo is not whole");
        black_box(answers);
        calls += 1;
    }
    Ok(start.elapsed().as_nanos() as f64 / (calls * messages) as f64)
}

/// The floor: the columns are copied once, nothing else.
fn native(batch: &Batch) -> f64 {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        let copy = black_box(batch.copy_out());
        black_box(Answers {
            outcomes: vec![Outcome::Ok; copy.len()],
            reasons: Column::empty(copy.len()),
            retry_delays_ms: Vec::new(),
            outgoing: Outgoing::none(),
        });
        calls += 1;
    }
    start.elapsed().as_nanos() as f64 / (calls * batch.len()) as f64
}
