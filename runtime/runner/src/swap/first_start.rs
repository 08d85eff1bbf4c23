//! Whether a version starts at all, tried before anybody relies on it.

use std::time::Duration;

use millstream_plugin_host::{Plugin, StartFailure};
use tokio::time::timeout;

/// How long a new version waits for the place of its first instance.
const PLACE_MAX: Duration = Duration::from_secs(30);

/// Starts an instance, which then is of no more use; says why it does not start.
pub(crate) async fn try_start(
    plugin: &Plugin,
    subscription: &str,
    topic: &str,
) -> Result<(), String> {
    match timeout(PLACE_MAX, start(plugin, subscription, topic)).await {
        Ok(started) => started.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no place for an instance within {PLACE_MAX:?}")),
    }
}

/// Starts an instance, however long the pool is full.
async fn start(plugin: &Plugin, subscription: &str, topic: &str) -> Result<(), StartFailure> {
    loop {
        match plugin.instantiate(subscription, topic).await {
            Err(StartFailure::Pool(_) | StartFailure::Instances(_)) => {
                plugin.room(subscription).await;
            }
            started => return started.map(drop),
        }
    }
}
