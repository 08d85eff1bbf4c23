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

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

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
    let all_cores = sched_getaffinity(None)?;
    println!("## Latency of batches of one, publish → handled, all cores\n");
    latency::report()?;
    sched_setaffinity(None, &one_core(&all_cores))?;
    println!("## Latency of batches of one, publish → handled, one core\n");
    latency::report()?;
    println!("## The sandbox alone, one core\n");
    sandbox::report()?;
    println!("## publish → plugin → topic → consumer, one core\n");
    pipeline::report()
}

/// The last of the cores this process may use: the first serves most interrupts.
fn one_core(all: &CpuSet) -> CpuSet {
    let mut one = CpuSet::new();
    let last = (0..CpuSet::MAX_CPU).rev().find(|&core| all.is_set(core));
    one.set(last.unwrap_or(0));
    one
}
