//! The broker with a journal: what a durable message costs beside the bare disk and beside a
//! checkpoint, how fast a start is, what stays on the disk, what stays in memory.
//!
//! All cores, `sync: always`, the options that a pipeline has unless it says otherwise. The bare
//! disk is measured in the same run and folder, round by round beside what is held against it.

mod commits;
mod floor;
mod memory;
mod place;
mod process;
mod publish;
mod recovery;
mod size;
mod subject;

use std::process::Command;

use anyhow::Context;

/// The name under which [`report_memory`] is asked for: it needs a process of its own, whose memory
/// nothing else has grown.
pub(crate) const MEMORY: &str = "journal-memory";

pub(crate) fn report() -> anyhow::Result<()> {
    println!("Folder: {}\n", place::parent()?.display());
    publish::report()?;
    commits::report()?;
    recovery::report()?;
    size::report()?;
    let program = std::env::current_exe().context("this program is nowhere to be found")?;
    let status = Command::new(program).arg(MEMORY).status()?;
    anyhow::ensure!(status.success(), "measuring the memory failed");
    Ok(())
}

pub(crate) fn report_memory() -> anyhow::Result<()> {
    memory::report()
}
