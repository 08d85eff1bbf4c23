//! A swap to what has changed, and how its end is said.

use std::time::Duration;

use anyhow::{Error, anyhow};
use bytes::Bytes;
use millstream_runner::{SwapOptions, SwapStatus, Swaps};

use crate::logs;
use crate::print::harmless;

/// How long a new version is watched: somebody sits before it.
const PROBATION: Duration = Duration::from_secs(2);

/// Whether the version with this digest serves.
pub(super) fn serves(name: &str, digest: &str, swaps: &Swaps) -> bool {
    let versions = swaps.versions(name).unwrap_or_default();
    versions.first().is_some_and(|serving| serving.digest == digest)
}

/// Swaps, and gives how that ended.
pub(super) async fn swapped(name: &str, bytes: Bytes, swaps: &Swaps) -> Result<SwapStatus, Error> {
    let options = SwapOptions { probation: PROBATION, ..SwapOptions::default() };
    let mut status = swaps.begin(name, bytes, options)?;
    while !status.done {
        let later = swaps.status_after(name, status.revision).await;
        status = later.ok_or_else(|| anyhow!("the plugin is gone"))?;
    }
    Ok(status)
}

/// Says a line about a plugin.
pub(super) fn say(name: &str, said: &str) {
    logs::say(&harmless(&format!("`{name}`: {said}")));
}

/// How a swap ended, in a line.
pub(super) fn ending(status: &SwapStatus) -> String {
    let to = status.to.as_deref().unwrap_or_default();
    let from = status.source.as_ref().map(|source| format!(", from {source}")).unwrap_or_default();
    match (&status.reason, status.failed_at) {
        (None, _) => format!("swapped, {to} serves{from}"),
        (Some(why), at) => format!(
            "{}, the version before serves: {}: {}",
            status.state.name(),
            at.unwrap_or_default(),
            why.lines().next().unwrap_or_default(),
        ),
    }
}
