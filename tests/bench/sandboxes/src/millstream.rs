//! Ours: `millstream-bench` in a process of its own, so that its engine stays out of this one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::contender::{Contender, Figure, Row};

/// The part that prints a figure a line, and what each is called there.
const PART: &str = "sandbox-echo";
const NAMES: [(&str, Row); 3] =
    [("forward", Row::HandedOn), ("by-field", Row::WrittenAnew), ("single", Row::Single)];

pub(crate) struct Millstream {
    bench: PathBuf,
}

impl Millstream {
    pub(crate) fn new(bench: &Path) -> Self {
        Self { bench: bench.to_owned() }
    }
}

impl Contender for Millstream {
    /// The bench knows itself how long a round is.
    fn round(&mut self, _: Duration) -> anyhow::Result<Vec<Figure>> {
        let bench = self.bench.display();
        let output = Command::new(&self.bench).arg(PART).output();
        let output = output.with_context(|| format!("cannot run {bench}"))?;
        let words = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{bench} failed: {}", words.trim());
        let text = String::from_utf8(output.stdout).context("its figures are no text")?;
        NAMES.iter().map(|(name, row)| figure(&text, name, *row)).collect()
    }
}

fn figure(text: &str, name: &str, row: Row) -> anyhow::Result<Figure> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let (_, time) = lines
        .find(|(found, _)| *found == name)
        .with_context(|| format!("our bench tells no `{name}`"))?;
    let time = time.parse().with_context(|| format!("`{time}` is no figure"))?;
    Ok(Figure { row, time })
}
