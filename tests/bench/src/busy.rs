//! How hard the guest `busy` is to work for a message to take so long on this machine.

use std::time::{Duration, Instant};

use millstream_plugin_host::{Host, HostSettings, Input, PluginSettings};
use serde_json::json;

use crate::load;

/// Turns of its loop that calibrate it.
const TURNS: u64 = 1_000_000;
/// Calls of which the quickest counts: the first finds nothing warm, and any may be interrupted.
const CALLS: usize = 10;

/// How many turns its loop makes in `time`.
pub(crate) async fn turns(time: Duration) -> anyhow::Result<u64> {
    let host = Host::new(HostSettings::default())?;
    let settings =
        PluginSettings { config: json!({ "turns": TURNS }), ..PluginSettings::default() };
    let plugin = host.load("busy", load::guest("busy")?, settings).await?;
    let mut instance = plugin.instantiate("bench", "events").await?;
    let batch = load::batch(1, 0)?;
    let mut quickest = Duration::MAX;
    for _ in 0..CALLS {
        let start = Instant::now();
        instance.call(Input { batch: &batch, attempts: &[1] }).await?;
        quickest = quickest.min(start.elapsed());
    }
    Ok((TURNS as f64 * time.as_secs_f64() / quickest.as_secs_f64()) as u64)
}
