//! An echo in the sandboxes of others beside ours: Fluvio's engine of SmartModules, and Extism with one
//! message a call and with as many as a batch of ours.
//!
//! `make bench-sandboxes` builds all of it and runs it. The messages are those of `tests/bench`: 200
//! bytes, of which the others get no more than their form has room for. Everything is held to one core,
//! and in each round all take a turn, so that a slow spell of the machine meets them all. Each engine
//! runs as its makers set it up. Nothing here asserts: a number is read by people, with the machine it
//! was taken on.

mod contender;
mod extism_plugin;
mod millstream;
mod payload;
mod report;
mod smart_engine;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;

use crate::contender::Contender;
use crate::extism_plugin::Extism;
use crate::millstream::Millstream;
use crate::smart_engine::SmartEngine;

/// As long as a round of `tests/bench`.
const ROUND: Duration = Duration::from_millis(200);

/// Measures sandboxes side by side.
#[derive(Parser)]
struct Arguments {
    /// Our own bench.
    #[arg(long, default_value = "target/release/millstream-bench")]
    millstream_bench: PathBuf,
    /// The folder where the rivals' guests were built.
    #[arg(long)]
    guests: PathBuf,
    /// Rounds that count; one goes before, to warm up.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-sandboxes: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let machine = report::machine();
    // Before there is any other thread: those that the engines start are held to the same core, and so
    // is our bench.
    pin_to_one_core()?;
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(Millstream::new(&arguments.millstream_bench)),
        Box::new(SmartEngine::start(&arguments.guests.join("echo_smartmodule.wasm"))?),
        Box::new(Extism::start(&arguments.guests.join("echo_extism.wasm"))?),
    ];
    let mut rounds = Vec::new();
    for round in 0..=arguments.rounds {
        let mut figures = Vec::new();
        for contender in &mut contenders {
            figures.extend(contender.round(ROUND)?);
        }
        if round > 0 {
            rounds.push(figures);
        }
    }
    println!("{machine}\n{}", report::table(&rounds));
    Ok(())
}

/// To the last of the cores: the first serves most interrupts.
fn pin_to_one_core() -> anyhow::Result<()> {
    let cores = core_affinity::get_core_ids().context("the cores of this machine are not known")?;
    let last = cores.last().copied().context("this process may use no core")?;
    anyhow::ensure!(core_affinity::set_for_current(last), "cannot pin this process to one core");
    Ok(())
}
