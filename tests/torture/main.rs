//! kill -9 at any moment: what was accepted is not lost, what was done is not done again.
//!
//! A host runs a pipeline with everything that must survive (`setup`). Several connections publish
//! to it and note which requests were answered; it is killed at random moments, while it starts,
//! serves and works off what is left, and started again on the same files. An operator redrives what
//! was given up and seeks back meanwhile (`operator`). In the end everything
//! comes to rest, and a verifier compares what was published with what is seen from outside: the
//! files of sinks, the calls of a web hook, listings of topics, dead letters, and figures.
//!
//! `make torture KILLS=n SEED=s` runs as many kills as wanted. A seed repeats what is published and
//! when hosts are to die, not what they are doing at that moment.

mod book;
mod lives;
mod operator;
mod order;
mod passage;
mod publisher;
mod random;
mod receiver;
mod round;
mod setup;
mod sightings;
mod stage;
mod tally;
mod verification;

use millstream_tests::Project;
use round::Torture;
use setup::Where;

#[test]
fn a_host_that_is_killed_over_and_over_loses_repeats_and_reorders_nothing() {
    let (kills, seed) = (number("MILLSTREAM_KILLS", 100), number("MILLSTREAM_SEED", 1));
    let project = Project::kept_on_failure();
    let tally = Torture { broker: Where::Journal("always"), kills, seed }.run(&project);
    eprintln!("seed {seed}\n{tally}");
    assert_eq!(tally.faults(), 0, "seed {seed}\n{tally}");
    assert_eq!(tally.kills, kills);
    assert!(kills < 100 || (tally.acts.redrives > 0 && tally.acts.seeks > 0), "{tally}");
}

/// Without a sync an answer does not survive the machine, but it survives the process.
#[test]
fn a_journal_that_is_never_synced_survives_the_process() {
    without_waiting_for_syncs("never", 2);
}

/// What was written before a sync of its own survives the process as well.
#[test]
fn a_journal_that_is_synced_at_intervals_survives_the_process() {
    without_waiting_for_syncs("interval(20ms)", 5);
}

fn without_waiting_for_syncs(sync: &'static str, seed: u64) {
    let project = Project::kept_on_failure();
    let tally = Torture { broker: Where::Journal(sync), kills: 10, seed }.run(&project);
    assert_eq!(tally.faults(), 0, "{sync}: {tally}");
}

#[test]
fn a_host_in_memory_that_nobody_kills_is_without_a_fault() {
    let tally = Torture { broker: Where::Memory, kills: 0, seed: 3 }.run(&Project::new());
    assert_eq!(tally.faults(), 0, "{tally}");
    assert!(tally.accepted > 200 && tally.delivered > tally.accepted, "{tally}");
}

/// Else the verifier would see nothing.
#[test]
fn a_host_in_memory_that_is_killed_is_found_to_lose_and_repeat() {
    let tally = Torture { broker: Where::Memory, kills: 10, seed: 4 }.run(&Project::new());
    assert!(tally.lost > 0 && tally.repeated > 0 && tally.miscounted > 0, "{tally}");
}

fn number(variable: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(variable) else { return default };
    text.parse().unwrap_or_else(|error| panic!("{variable} is `{text}`: {error}"))
}
