//! Shows that the simulation of the delivery core finds bugs: breaks the core in one small way at
//! a time, in a copy, and lets the simulation run on it. `make mutants` runs this.
//!
//! Not here: the simulation itself (`runtime/queue/tests/simulation`), and any change of the source
//! it copies.

mod catalogue;
mod scratch;
mod trial;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::catalogue::{Mutation, mutations};
use crate::scratch::Scratch;
use crate::trial::{Outcome, try_out};

/// Mutations that may go unnoticed before the run fails.
const SURVIVORS_MAX: usize = 1;

fn main() -> Result<ExitCode> {
    // Names as arguments: only these mutations.
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let scratch = Scratch::create()?;
    let all = mutations()?;
    all.iter().try_for_each(|mutation| scratch.check(mutation))?;
    let chosen: Vec<Mutation> =
        all.into_iter().filter(|one| wanted.is_empty() || wanted.contains(&one.name)).collect();
    ensure!(!chosen.is_empty(), "no mutation is called {wanted:?}: see mutations.toml");
    let sound = try_out(&scratch).context("the simulation of the core as it is")?;
    ensure!(sound == Outcome::Survived, "the core as it is fails already: {sound}");
    let survivors = run(&scratch, &chosen)?;
    println!("{} of {} mutations caught", chosen.len() - survivors.len(), chosen.len());
    survivors.iter().for_each(|name| println!("not caught: {name}"));
    Ok(if survivors.len() <= SURVIVORS_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tries one mutation after the other; answers those that nobody noticed.
fn run(scratch: &Scratch, mutations: &[Mutation]) -> Result<Vec<String>> {
    let mut survivors = Vec::new();
    for mutation in mutations {
        let broken = scratch.apply(mutation)?;
        let outcome = try_out(scratch).with_context(|| format!("mutation `{}`", mutation.name))?;
        broken.mend()?;
        println!("{:<44} {outcome}", mutation.name);
        if outcome == Outcome::Survived {
            survivors.push(mutation.name.clone());
        }
    }
    Ok(survivors)
}
