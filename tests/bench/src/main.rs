//! What Millstream reaches on this machine, as ratios side by side in one run.
//!
//! `make bench` builds the guests and runs all of it. Nothing here asserts: a number is read by
//! people, with the machine it was taken on.

mod latency;
mod load;
mod pipeline;
mod sandbox;
mod table;

use std::process::ExitCode;

use anyhow::Context;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    println!("{}", table::machine());
    println!("## Latency of batches of one, publish → handled, all cores\n");
    latency::report()?;
    pin_to_one_core()?;
    println!("## Latency of batches of one, publish → handled, one core\n");
    latency::report()?;
    println!("## The sandbox alone, one core\n");
    sandbox::report()?;
    println!("## publish → plugin → topic → consumer, one core\n");
    pipeline::report()
}

/// To the last of the cores: the first serves most interrupts.
fn pin_to_one_core() -> anyhow::Result<()> {
    let cores = core_affinity::get_core_ids().context("the cores of this machine are not known")?;
    let last = cores.last().copied().context("this process may use no core")?;
    anyhow::ensure!(core_affinity::set_for_current(last), "cannot pin this process to one core");
    Ok(())
}
