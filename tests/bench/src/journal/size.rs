//! What the journal takes on the disk for each byte that is still needed.

use std::sync::Arc;

use millstream_message::{Settlement, Verdict, Verdicts};
use millstream_queue::{Broker, Delivery};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tokio::runtime::{Builder, Runtime};

use crate::load::BATCH;

use super::place::Place;
use super::subject::{Subject, batches, in_turn};

/// Batches that are published.
const BATCHES: usize = 2_000_000 / BATCH;
/// Of them, those that stay.
const LEFT: usize = BATCHES / 10;
/// More than all of it takes.
const BYTES: u64 = 2 << 30;
/// Times that the journal is tidied up at most: each should leave less to the next.
const ROUNDS_MAX: usize = 16;

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    println!(
        "### Disk per byte of what is left, {} messages of {}\n",
        LEFT * BATCH,
        BATCHES * BATCH
    );
    println!("Counted: all blocks of the files, the preallocated segment too.\n");
    println!(
        "| settled | MB left | MB on disk before | after | per byte left (≤ 3) | rounds |\n\
         |---|---|---|---|---|---|"
    );
    of(&runtime, "the oldest nine tenths", false)?;
    of(&runtime, "nine tenths of the batches at random", true)?;
    println!();
    Ok(())
}

fn of(runtime: &Runtime, name: &str, shuffled: bool) -> anyhow::Result<()> {
    let place = Place::new(BYTES)?;
    let subject = Arc::new(Subject::open(&place)?.0);
    let batches = batches(BATCH)?;
    let left = (batches[0].bytes() * LEFT) as f64;
    runtime.block_on(subject.publish_all(in_turn(&batches), BATCHES, 64))?;
    match shuffled {
        true => runtime.block_on(settle_at_random(&subject))?,
        false => runtime.block_on(settle_oldest(&subject))?,
    }
    let before = place.bytes()?;
    let rounds = runtime.block_on(tidy(&subject, &place))?;
    let after = place.bytes()?;
    runtime.block_on(subject.close())?;
    println!(
        "| {name} | {:.0} | {:.0} | {:.0} | {:.2} | {rounds} |",
        left / 1e6,
        before as f64 / 1e6,
        after as f64 / 1e6,
        after as f64 / left
    );
    Ok(())
}

async fn settle_oldest(subject: &Subject) -> anyhow::Result<()> {
    for _ in 0..BATCHES - LEFT {
        let delivery = subject.lease().await?;
        subject.broker.settle(delivery, Settlement::all_handled()).await?;
    }
    Ok(())
}

/// Leases everything, settles most of it in any order and gives the rest back.
async fn settle_at_random(subject: &Subject) -> anyhow::Result<()> {
    let mut deliveries: Vec<Delivery> = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        deliveries.push(subject.lease().await?);
    }
    deliveries.shuffle(&mut StdRng::seed_from_u64(1));
    for (i, delivery) in deliveries.into_iter().enumerate() {
        let returned = vec![Verdict::Returned; delivery.batch.len()];
        let settlement = match i < LEFT {
            true => Settlement { verdicts: Verdicts::Each(returned), outputs: Vec::new() },
            false => Settlement::all_handled(),
        };
        subject.broker.settle(delivery, settlement).await?;
    }
    Ok(())
}

/// Until twice nothing changes: what moves in one round is given up in the next.
async fn tidy(subject: &Subject, place: &Place) -> anyhow::Result<usize> {
    let (mut sizes, mut rounds) = ((0, place.bytes()?), 0);
    while rounds < ROUNDS_MAX && sizes.0 != sizes.1 || rounds < 2 {
        subject.broker.compact().await?;
        sizes = (sizes.1, place.bytes()?);
        rounds += 1;
    }
    Ok(rounds)
}
