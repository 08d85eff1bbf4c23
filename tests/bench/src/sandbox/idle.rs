//! What an instance holds that was used and waits, in a process of its own, whose memory nothing else
//! has grown.

use std::process::Command;

use anyhow::Context;
use millstream_plugin_host::{Host, HostSettings, Input};
use tokio::runtime::Builder;

use super::{plugin, started};
use crate::journal::process::memory;
use crate::load::{self, BATCH};

/// By this name the program measures only that.
pub(super) const PART: &str = "sandbox-idle";

/// Instances that wait.
const INSTANCES: u32 = 500;

pub(super) fn report() -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program is nowhere to be found")?;
    let status = Command::new(&program).arg(PART).status()?;
    anyhow::ensure!(status.success(), "{PART} failed");
    Ok(())
}

pub(super) fn measure() -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let bytes = runtime.block_on(each())?;
    println!("| {INSTANCES} idle instances of the echo plugin | KiB each | aim |\n|---|---|---|");
    println!("| after a batch of {BATCH} | {} | ≤ 256 |\n", bytes >> 10);
    Ok(())
}

/// What the process grows by with each instance that has handled a batch.
async fn each() -> anyhow::Result<u64> {
    let host = Host::new(HostSettings { instances_max: INSTANCES + 1, ..HostSettings::default() })?;
    let plugin = plugin(&host, "echo").await?;
    let (batch, attempts) = (load::batch(BATCH, 0)?, [1; BATCH]);
    let mut instances = Vec::new();
    let mut before = 0;
    for _ in 0..=INSTANCES {
        let mut instance = started(&plugin).await?;
        instance.call(Input { batch: &batch, attempts: &attempts }).await?;
        instances.push(instance);
        // What the first one brings with it, all of them share.
        if instances.len() == 1 {
            (before, _) = memory()?;
        }
    }
    Ok(memory()?.0.saturating_sub(before) / u64::from(INSTANCES))
}
