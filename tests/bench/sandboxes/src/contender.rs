//! One engine, and what it showed.

use std::time::{Duration, Instant};

/// An engine that is measured.
pub(crate) trait Contender {
    /// Works for so long on each of its rows.
    ///
    /// # Errors
    /// When it does not do what it is measured for.
    fn round(&mut self, span: Duration) -> anyhow::Result<Vec<Figure>>;
}

/// A row of the table in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) row: Row,
    /// Nanoseconds per message.
    pub(crate) time: f64,
}

/// The rows, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Ours, as a plugin hands messages on.
    HandedOn,
    /// Ours, as a plugin makes messages of its own.
    WrittenAnew,
    /// Ours with a batch of one.
    Single,
    SmartModule,
    ExtismSingle,
    ExtismBatch,
}

/// The time of a message when each of the calls made in `span` handles so many.
pub(crate) fn timed(
    row: Row,
    span: Duration,
    messages: usize,
    mut call: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Figure> {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < span {
        call()?;
        calls += 1;
    }
    Ok(Figure { row, time: start.elapsed().as_nanos() as f64 / (calls * messages) as f64 })
}
