//! How long a start takes on a journal with a million messages.

use std::sync::Arc;
use std::time::Instant;

use millstream_message::Settlement;
use millstream_queue::Broker;
use tokio::runtime::{Builder, Runtime};

use crate::load::BATCH;
use crate::table::median;

use super::place::Place;
use super::subject::{Subject, batches, in_turn};

/// Starts of one journal; the median is reported.
const STARTS: usize = 5;
/// Messages published.
const MESSAGES: usize = 1 << 20;
/// More than they take.
const BYTES: u64 = 2 << 30;

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    println!("### A start on {MESSAGES} messages (≤ 2 s), files in the page cache\n");
    println!("| published | records read | messages waiting | seconds |\n|---|---|---|---|");
    of(&runtime, "in batches of 256", BATCH, false)?;
    of(&runtime, "one by one", 1, false)?;
    of(&runtime, "in batches of 256, leased and settled", BATCH, true)?;
    println!();
    Ok(())
}

/// Starts before and after a checkpoint.
fn of(runtime: &Runtime, name: &str, batch: usize, settled: bool) -> anyhow::Result<()> {
    let place = Place::new(BYTES)?;
    let subject = Arc::new(Subject::open(&place)?.0);
    let batches = batches(batch)?;
    runtime.block_on(subject.publish_all(in_turn(&batches), MESSAGES / batch, 256))?;
    if settled {
        runtime.block_on(settle_all(&subject))?;
    }
    runtime.block_on(subject.close())?;
    drop(subject);
    let left = if settled { 0 } else { MESSAGES as u64 };
    starts(runtime, &place, name, left)?;
    let (subject, _) = Subject::open(&place)?;
    runtime.block_on(async {
        subject.broker.compact().await?;
        subject.close().await
    })?;
    drop(subject);
    starts(runtime, &place, &format!("{name}; with a checkpoint"), left)
}

fn starts(runtime: &Runtime, place: &Place, name: &str, left: u64) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let mut records = 0;
    for _ in 0..STARTS {
        let start = Instant::now();
        let (subject, recovered) = Subject::open(place)?;
        times.push(start.elapsed().as_secs_f64());
        anyhow::ensure!(recovered.messages == left, "{} messages are back", recovered.messages);
        records = recovered.records;
        runtime.block_on(subject.close())?;
    }
    println!("| {name} | {records} | {left} | {:.3} |", median(times));
    Ok(())
}

async fn settle_all(subject: &Subject) -> anyhow::Result<()> {
    while subject.depth() > 0 {
        let delivery = subject.lease().await?;
        subject.broker.settle(delivery, Settlement::all_handled()).await?;
    }
    Ok(())
}
