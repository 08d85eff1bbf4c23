//! What a verification counts.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::operator::Acts;

/// Faults that are told in words.
const TOLD_MAX: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    /// What the operator did.
    pub(crate) acts: Acts,
    /// Messages that were answered 202, or read from the file.
    pub(crate) accepted: u64,
    /// Messages of requests that got no answer and were not sent again.
    pub(crate) unknown: u64,
    /// What sinks took.
    pub(crate) delivered: u64,
    /// What they had taken before, in an earlier life.
    pub(crate) redelivered: u64,
    /// Dead letters of messages that were under lease in one crash after another.
    pub(crate) crashed: u64,
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) disordered: u64,
    /// By how much figures differ from what was counted outside.
    pub(crate) miscounted: u64,
    /// How long the slowest host took until it served.
    pub(crate) starting_max: Duration,
    pub(crate) took: Duration,
    told: Vec<String>,
}

impl Tally {
    pub(crate) fn faults(&self) -> u64 {
        self.lost + self.repeated + self.disordered + self.miscounted
    }

    pub(crate) fn lose(&mut self, count: u64, what: impl FnOnce() -> String) {
        self.lost += count;
        self.tell(count, "lost", what);
    }

    pub(crate) fn repeat(&mut self, count: u64, what: impl FnOnce() -> String) {
        self.repeated += count;
        self.tell(count, "repeated", what);
    }

    pub(crate) fn disorder(&mut self, count: u64, what: impl FnOnce() -> String) {
        self.disordered += count;
        self.tell(count, "out of order", what);
    }

    pub(crate) fn miscount(&mut self, count: u64, what: impl FnOnce() -> String) {
        self.miscounted += count;
        self.tell(count, "miscounted", what);
    }

    fn tell(&mut self, count: u64, fault: &str, what: impl FnOnce() -> String) {
        if count > 0 && self.told.len() < TOLD_MAX {
            self.told.push(format!("{fault}: {}", what()));
        }
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "kills                    {:>9}", self.kills)?;
        writeln!(f, "redrives                 {:>9}", self.acts.redrives)?;
        writeln!(f, "seeks                    {:>9}", self.acts.seeks)?;
        writeln!(f, "accepted                 {:>9}", self.accepted)?;
        writeln!(f, "without an answer        {:>9}", self.unknown)?;
        writeln!(f, "delivered to sinks       {:>9}", self.delivered)?;
        writeln!(f, "of them again            {:>9}", self.redelivered)?;
        writeln!(f, "given up as `crashed`    {:>9}", self.crashed)?;
        writeln!(f, "lost                     {:>9}", self.lost)?;
        writeln!(f, "repeated effects         {:>9}", self.repeated)?;
        writeln!(f, "order breaks             {:>9}", self.disordered)?;
        writeln!(f, "figures off by           {:>9}", self.miscounted)?;
        let starting = self.starting_max.as_secs_f64() * 1e3;
        writeln!(f, "slowest start, ms        {starting:>9.0}")?;
        writeln!(f, "seconds                  {:>9.1}", self.took.as_secs_f64())?;
        self.told.iter().try_for_each(|fault| writeln!(f, "{fault}"))
    }
}
