//! The broker with a journal: what a durable message costs beside the bare disk and beside a
//! checkpoint, how fast a start is, what stays on the disk, what stays in memory.
//!
//! All cores, `sync: always`, the options that a pipeline has unless it says otherwise. The bare
//! disk is measured in the same run and folder, round by round beside what is held against it.

mod commits;
mod floor;
mod memory;
mod place;
pub(crate) mod process;
mod publish;
mod recovery;
mod size;
mod subject;

use std::process::Command;

use anyhow::Context;

/// What needs a process of its own, whose memory nothing else has grown.
const MEMORY: [&str; 2] = ["journal-memory", "journal-singles"];

/// A part that can be measured by itself.
pub(crate) fn part(name: &str) -> Option<fn() -> anyhow::Result<()>> {
    match name {
        "journal-commits" => Some(commits::report),
        "journal-memory" => Some(|| memory::report(crate::load::BATCH)),
        "journal-singles" => Some(|| memory::report(1)),
        _ => None,
    }
}

/// Messages that wait, unless the environment says how many.
fn backlog(usual: usize) -> anyhow::Result<usize> {
    match std::env::var("MILLSTREAM_BACKLOG") {
        Ok(text) => text.parse().context("MILLSTREAM_BACKLOG must be a number"),
        Err(_) => Ok(usual),
    }
}

pub(crate) fn report() -> anyhow::Result<()> {
    println!("Folder: {}\n", place::parent()?.display());
    publish::report()?;
    commits::report()?;
    recovery::report()?;
    size::report()?;
    let program = std::env::current_exe().context("this program is nowhere to be found")?;
    for part in MEMORY {
        let status = Command::new(&program).arg(part).status()?;
        anyhow::ensure!(status.success(), "{part} failed");
    }
    Ok(())
}
