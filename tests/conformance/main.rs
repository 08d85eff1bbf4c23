//! One set of scenarios in every language: a guest that does what a message's header `do` says, the
//! same in each SDK and without one, and what the host makes of it.
//!
//! What cases can say lies in `scenarios`, a case each. The rest is seen of a running host. The table
//! of both is `sdk/CONFORMANCE.md`; `MILLSTREAM_BLESS=1` writes it, where all languages are there.

mod cases;
mod exceptions;
mod guest;
mod host;
mod seen;
mod table;

use std::collections::BTreeMap;
use std::time::Instant;

use exceptions::exception;
use guest::{GUESTS, Guest};

/// By the scenario's name, what is wrong with it; empty when it went as it should.
type Results = BTreeMap<String, String>;

#[test]
fn the_same_scenarios_go_the_same_in_every_language() {
    let ready: Vec<&Guest> = GUESTS.iter().filter(|guest| guest.is_ready()).collect();
    let mut results: BTreeMap<&str, Results> = BTreeMap::new();
    cases::write_payload();
    for guest in &ready {
        let begun = Instant::now();
        guest.build();
        let built = begun.elapsed();
        results.insert(guest.name, cases::run(guest));
        eprintln!("{}: built in {built:.1?}, all in {:.1?}", guest.name, begun.elapsed());
    }
    let begun = Instant::now();
    for (name, found) in host::run(&ready) {
        results.get_mut(name).expect("its cases ran").extend(found);
    }
    eprintln!("all of them in one host: {:.1?}", begun.elapsed());
    let wrong: Vec<String> =
        results.iter().flat_map(|(name, results)| unexpected(name, results)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    table::keep(ready.len() == GUESTS.len());
}

/// Where a guest fails and no exception says so, or an exception says so and it does not.
fn unexpected(guest: &str, results: &Results) -> Vec<String> {
    let verdict = |(scenario, wrong): (&String, &String)| match exception(guest, scenario) {
        None if wrong.is_empty() => None,
        None => Some(format!("{guest}: {scenario}: {wrong}")),
        Some(why) if wrong.is_empty() => {
            Some(format!("{guest}: {scenario} passes, against the exception `{why}`"))
        }
        Some(_) => None,
    };
    results.iter().filter_map(verdict).collect()
}
