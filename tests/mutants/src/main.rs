//! Shows that the tests of the queue find bugs: breaks it in one small way at a time, in a copy, and
//! lets them run on it. `make mutants` runs this: the delivery core is judged by its simulation, the
//! journal by its unit tests and by what its disk does to it.
//!
//! Not here: the tests (`runtime/queue`), and any change of the source that is copied.

mod catalogue;
mod printed;
mod report;
mod scratch;
mod trial;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::catalogue::{Judge, Set, sets};
use crate::report::{Report, Tally};
use crate::scratch::Scratch;
use crate::trial::{Outcome, try_out};

/// Mutations that may go unnoticed before the run fails.
const SURVIVORS_MAX: usize = 1;

/// The longest that a judge may take with what is not broken.
const SOUND_MAX: Duration = Duration::from_secs(1_800);

fn main() -> Result<ExitCode> {
    // Names as arguments: only these sets and mutations.
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let scratch = Scratch::create()?;
    let all = sets()?;
    all.iter().flat_map(|set| &set.mutations).try_for_each(|one| scratch.check(one))?;
    let chosen = all.into_iter().map(|set| set.only(&wanted));
    let chosen: Vec<Set> = chosen.filter(|set| !set.mutations.is_empty()).collect();
    ensure!(!chosen.is_empty(), "no mutation is called {wanted:?}: see tests/mutants/mutations");
    let report = Report(chosen.iter().map(|set| run(&scratch, set)).collect::<Result<_>>()?);
    print!("{report}");
    let enough = report.survivors() <= SURVIVORS_MAX;
    Ok(if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tries one mutation of a set after the other.
fn run(scratch: &Scratch, set: &Set) -> Result<Tally> {
    let mut tally = Tally::of(set);
    let begun = Instant::now();
    let patient: Vec<Judge> = set.judges.iter().map(|one| one.given(SOUND_MAX)).collect();
    let sound = try_out(scratch, &patient).with_context(|| format!("{} as it is", set.name))?;
    ensure!(sound == Outcome::Survived, "the {} as it is fails already: {sound}", set.name);
    println!("{}: as it is, nothing is found", set.name);
    // On a machine that does other things as well, slow is not stuck.
    let time = begun.elapsed() * 2;
    let judges: Vec<Judge> = set.judges.iter().map(|one| one.given(time)).collect();
    for mutation in &set.mutations {
        let broken = scratch.apply(mutation)?;
        let outcome = try_out(scratch, &judges);
        broken.mend()?;
        let outcome = outcome.with_context(|| format!("mutation `{}`", mutation.name))?;
        println!("{:<56} {outcome}", mutation.name);
        tally.add(&mutation.name, &outcome);
    }
    Ok(tally)
}
