//! Memory while ten million messages wait, and how fast they are worked off.

use std::sync::Arc;
use std::time::Instant;

use millstream_message::Settlement;
use millstream_queue::{Broker, JournalOptions};
use tokio::runtime::Builder;

use crate::load::BATCH;

use super::place::Place;
use super::process;
use super::subject::{Subject, batches, stored_bytes};

/// Messages that wait.
const BACKLOG: usize = 10_000_000;
/// The part of them that is worked off, twice: the oldest, which are in memory, and those behind.
const DRAINED: usize = 10;
/// Workers that work them off.
const WORKERS: usize = 4;
/// What there may be beside the budget.
const ASIDE_BYTES: u64 = 200_000_000;

/// Of publishes of so many messages.
pub(crate) fn report(together: usize) -> anyhow::Result<()> {
    let messages = super::backlog(BACKLOG)?;
    let (publishes, leases) = (messages / together, messages / DRAINED / BATCH);
    let batches = batches(together)?;
    let place = Place::new(stored_bytes(&batches[0]) * publishes as u64)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let (before, _) = process::memory()?;
    let subject = Arc::new(Subject::open(&place)?.0);
    subject.care()?;
    let start = Instant::now();
    // Each with memory of its own, as batches have that come from outside.
    let batch = move |i: usize| batches[i % batches.len()].copy_out();
    runtime.block_on(subject.publish_all(batch, publishes, 64))?;
    let published = start.elapsed().as_secs_f64();
    let (now, peak) = process::memory()?;
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let aim = mb(JournalOptions::default().memory_budget + ASIDE_BYTES);
    println!(
        "### {messages} messages wait, published {together} at once, checkpoints made beside\n"
    );
    println!("| what | |\n|---|---|");
    println!("| memory, now (≤ {aim:.0} MB) | {:.0} MB |", mb(now.saturating_sub(before)));
    println!("| memory, at most (≤ {aim:.0} MB) | {:.0} MB |", mb(peak.saturating_sub(before)));
    println!("| disk | {:.0} MB |", mb(place.bytes()?));
    println!("| published, messages/s | {:.0} |", messages as f64 / published);
    for what in ["the oldest", "those behind"] {
        let start = Instant::now();
        runtime.block_on(drain(&subject, leases))?;
        let rate = (leases * BATCH) as f64 / start.elapsed().as_secs_f64();
        println!("| {} of {what} leased and settled, messages/s | {rate:.0} |", leases * BATCH);
    }
    let (now, peak) = process::memory()?;
    println!("| memory, then | {:.0} MB |", mb(now.saturating_sub(before)));
    println!("| memory, at most | {:.0} MB |\n", mb(peak.saturating_sub(before)));
    runtime.block_on(subject.close())
}

async fn drain(subject: &Arc<Subject>, leases: usize) -> anyhow::Result<()> {
    let worker = |worker: usize| {
        let subject = Arc::clone(subject);
        tokio::spawn(async move {
            for _ in (worker..leases).step_by(WORKERS) {
                let delivery = subject.lease().await?;
                subject.broker.settle(delivery, Settlement::all_handled()).await?;
            }
            anyhow::Ok(())
        })
    };
    let workers: Vec<_> = (0..WORKERS).map(worker).collect();
    for worker in workers {
        worker.await??;
    }
    Ok(())
}
