//! How many mutations of each set were noticed, as a table.

use std::fmt;
use std::time::Instant;

use crate::catalogue::Set;
use crate::trial::Outcome;

/// What became of the mutations of a set.
pub(crate) struct Tally {
    set: String,
    caught: usize,
    survivors: Vec<String>,
    begun: Instant,
    seconds: u64,
}

/// One tally a set.
pub(crate) struct Report(pub(crate) Vec<Tally>);

impl Tally {
    /// Nothing was tried yet.
    pub(crate) fn of(set: &Set) -> Self {
        let (caught, survivors) = (0, Vec::new());
        Self { set: set.name.clone(), caught, survivors, begun: Instant::now(), seconds: 0 }
    }

    /// One more was tried.
    pub(crate) fn add(&mut self, name: &str, outcome: &Outcome) {
        match outcome {
            Outcome::Caught(_) => self.caught += 1,
            Outcome::Survived => self.survivors.push(name.to_owned()),
        }
        self.seconds = self.begun.elapsed().as_secs();
    }
}

impl Report {
    /// Mutations that nobody noticed.
    pub(crate) fn survivors(&self) -> usize {
        self.0.iter().map(|tally| tally.survivors.len()).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<10} {:>9} {:>7} {:>9} {:>8}",
            "set", "mutations", "caught", "survived", "minutes"
        )?;
        for Tally { set, caught, survivors, seconds, .. } in &self.0 {
            let (all, missed, minutes) =
                (caught + survivors.len(), survivors.len(), *seconds as f64 / 60.0);
            writeln!(f, "{set:<10} {all:>9} {caught:>7} {missed:>9} {minutes:>8.1}")?;
        }
        let mut survivors = self.0.iter().flat_map(|tally| &tally.survivors);
        survivors.try_for_each(|name| writeln!(f, "not caught: {name}"))
    }
}
