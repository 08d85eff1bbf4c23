//! What Millstream reaches on this machine, as ratios side by side in one run.
//!
//! `make bench` builds the guests and runs all of it; `cargo run --release -p millstream-bench --
//! queue` runs one part: latency, paced, workers, journal, turns, queue, sandbox, isolation,
//! sandbox-storm, swaps, languages, pipeline; or one of journal-commits, journal-memory and
//! journal-singles, of as many messages as MILLSTREAM_BACKLOG says; or one of sandbox-idle and
//! sandbox-echo, whose figures `tests/bench/sandboxes` reads to hold other engines against them. `figures`
//! writes what languages cost into `sdk/README.md`. Nothing here asserts: a number is read by people,
//! with the machine it was taken on.

mod busy;
mod delivery;
mod host;
mod isolation;
mod journal;
mod languages;
mod latency;
mod load;
mod paced;
mod pipeline;
mod sandbox;
mod storm;
mod swaps;
mod table;
mod turns;

use std::process::ExitCode;

use anyhow::Context;
use millstream_plugin_host::compile_in_child;

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|first| first == host::COMPILE) {
        return compile_in_child();
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is measured, by name: all cores first, then one.
fn run() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if let Some(part) =
        wanted.iter().find_map(|one| journal::part(one).or_else(|| sandbox::part(one)))
    {
        return part();
    }
    if wanted.iter().any(|one| one == languages::FIGURES) {
        return languages::write();
    }
    println!("{}", table::machine());
    if wants("latency") {
        println!("## Latency of batches of one, publish → handled, all cores\n");
        latency::report()?;
    }
    if wants("paced") {
        println!("## Latency at an even pace, publish → output visible, all cores\n");
        paced::report()?;
    }
    if wants("workers") {
        println!("## The queue with workers that do nothing, all cores\n");
        delivery::report_ones()?;
    }
    if wants("journal") {
        println!("## The broker with a journal, all cores\n");
        journal::report()?;
    }
    if wants("sandbox-storm") {
        println!("## Every hostile guest at once, all cores\n");
        storm::report()?;
    }
    if wants("swaps") {
        println!("## Versions swapped while messages flow, all cores\n");
        swaps::report()?;
    }
    if wants("turns") {
        println!("## A healthy plugin beside endless ones, all cores\n");
        turns::report()?;
    }
    if wants("languages") {
        println!("## The same plugin in every language, compiled on all cores, run on one\n");
        languages::report()?;
    }
    pin_to_one_core()?;
    if wants("latency") {
        println!("## Latency of batches of one, publish → handled, one core\n");
        latency::report()?;
    }
    if wants("queue") {
        println!("## The queue alone, one core: publish + lease + settle\n");
        delivery::report()?;
    }
    if wants("sandbox") {
        println!("## The sandbox alone, one core\n");
        sandbox::report()?;
    }
    if wants("isolation") {
        println!("## Finding the poison in a batch, one core\n");
        isolation::report()?;
    }
    if wants("pipeline") {
        println!("## publish → plugin → topic → consumer, one core\n");
        pipeline::report()?;
    }
    Ok(())
}

/// To the last of the cores: the first serves most interrupts.
fn pin_to_one_core() -> anyhow::Result<()> {
    let cores = core_affinity::get_core_ids().context("the cores of this machine are not known")?;
    let last = cores.last().copied().context("this process may use no core")?;
    anyhow::ensure!(core_affinity::set_for_current(last), "cannot pin this process to one core");
    Ok(())
}
