//! One echo guest, called in a loop: what a message costs for being handled in a sandbox.

use std::hint::black_box;

use millstream_message::{Answers, Batch, Column, Outcome, Outgoing};
use tokio::runtime::Builder;

use super::{ROUNDS, calls, instance, natively};
use crate::load::{self, BATCH};
use crate::table::median;

/// By this name the program prints what other engines are compared with, one figure a line:
/// `tests/bench/sandboxes` reads them.
pub(super) const PART: &str = "sandbox-echo";

/// What is measured, and what is aimed at.
const ROWS: [(&str, &str); 6] = [
    ("the same work without a sandbox: columns copied, batch 256", "–"),
    ("echo plugin (`forward`), batch 256", "≤ 150 ns"),
    ("echo plugin that sets payload, key and each header, batch 256", "≤ 150 ns"),
    ("echo plugin, batch 64", "–"),
    ("echo plugin, batch 1", "≤ 3,000 ns"),
    ("per-message world, 256 calls", "–"),
];

pub(super) async fn report() -> anyhow::Result<()> {
    let mut batched = instance("echo").await?;
    let mut by_field = instance("echo-by-field").await?;
    let mut single = instance("message-echo").await?;
    let [whole, some, one] = [load::batch(BATCH, 0)?, load::batch(64, 0)?, load::batch(1, 0)?];
    let mut times = [(); 6].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        times[0].push(natively(&whole, copied)?);
        times[1].push(calls(&mut batched, &whole, BATCH).await?);
        times[2].push(calls(&mut by_field, &whole, BATCH).await?);
        times[3].push(calls(&mut batched, &some, 64).await?);
        times[4].push(calls(&mut batched, &one, 1).await?);
        times[5].push(calls(&mut single, &whole, BATCH).await?);
    }
    println!("| what | ns/message | ratio | aim |\n|---|---|---|---|");
    let medians = times.map(median);
    for ((name, aim), time) in ROWS.iter().zip(medians) {
        println!("| {name} | {time:.0} | {:.2} | {aim} |", time / medians[0]);
    }
    println!();
    Ok(())
}

/// One round of each, after one that warms up.
pub(super) fn figures() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (whole, one) = (load::batch(BATCH, 0)?, load::batch(1, 0)?);
        for (name, guest, batch) in [
            ("forward", "echo", &whole),
            ("by-field", "echo-by-field", &whole),
            ("single", "echo", &one),
        ] {
            let mut instance = instance(guest).await?;
            calls(&mut instance, batch, batch.len()).await?;
            println!("{name} {:.1}", calls(&mut instance, batch, batch.len()).await?);
        }
        Ok(())
    })
}

/// The floor: the columns are copied once, nothing else.
fn copied(batch: &Batch) -> anyhow::Result<Answers> {
    let copy = black_box(batch.copy_out());
    Ok(Answers {
        outcomes: vec![Outcome::Ok; copy.len()],
        reasons: Column::empty(copy.len()),
        retry_delays_ms: Vec::new(),
        outgoing: Outgoing::none(),
    })
}
