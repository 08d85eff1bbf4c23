//! Keys that a drained pipeline leaves waiting.

use anyhow::anyhow;
use millstream_runner::{DeadLetters, Running};

use crate::failure::Failure;
use crate::print::counted;

/// Keys of one subscription that are named; the others are counted.
const NAMED_MAX: usize = 20;

/// Keys that wait until their dead letters are redriven or purged.
pub(super) struct Stopped {
    keys: u64,
    named: Vec<String>,
}

impl Stopped {
    /// Those of the pipeline as it is now.
    pub(super) fn find(running: &Running, dead_letters: &DeadLetters) -> Self {
        let (wiring, figures) = (running.wiring(), running.broker().figures().subscriptions);
        let named = wiring.subscriptions().flat_map(|(id, one)| {
            let stopped = dead_letters.stopped_keys(id, NAMED_MAX);
            stopped.into_iter().map(|key| {
                let shown = key.key.map_or("all messages".to_owned(), |key| format!("key `{key}`"));
                format!("{shown} of `{}` by the dead letter of {}", one.name, key.dead_letter)
            })
        });
        Self {
            named: named.collect(),
            keys: figures.iter().map(|figures| figures.stopped_keys).sum(),
        }
    }

    /// A drain that leaves messages waiting has not drained.
    pub(super) fn verdict(self) -> Result<(), Failure> {
        if self.keys == 0 {
            return Ok(());
        }
        let more = self.keys.saturating_sub(self.named.len() as u64);
        let more = (more > 0).then(|| format!("and {} more", counted(more, "key")));
        let lines: Vec<String> = self.named.into_iter().chain(more).collect();
        Err(anyhow!(
            "messages wait behind dead letters that stop their keys:\n  {}\n\
             `dlq redrive` or `dlq purge` lets a key go on while the pipeline runs",
            lines.join("\n  ")
        )
        .into())
    }
}
