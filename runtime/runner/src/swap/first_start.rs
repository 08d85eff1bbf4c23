//! Whether a version starts at all, tried before anybody relies on it.

use std::time::Duration;

use millstream_plugin_host::{Instance, Plugin, Reach, StartFailure};
use tokio::time::{Instant, timeout_at};

/// How long a new version waits for the place of its first instance.
const PLACE_MAX: Duration = Duration::from_secs(30);

/// Starts an instance, which then is of no more use; says why it does not start.
pub(crate) async fn try_start(
    plugin: &Plugin,
    subscription: &str,
    topic: &str,
) -> Result<(), String> {
    first_instance(plugin, subscription, topic, Reach::default()).await.map(drop)
}

/// Starts an instance that reaches so far, once there is a place for it; says why it does not start.
/// How long the start itself may take is a limit of the plugin.
pub(super) async fn first_instance(
    plugin: &Plugin,
    subscription: &str,
    topic: &str,
    reach: Reach,
) -> Result<Instance, String> {
    let until = Instant::now() + PLACE_MAX;
    while Instant::now() < until {
        match plugin.instantiate_within(subscription, topic, reach).await {
            // Someone else may take the place that there is room for.
            Err(StartFailure::Pool(_) | StartFailure::Instances(_)) => {
                let _ = timeout_at(until, plugin.room(subscription)).await;
            }
            started => return started.map_err(|failure| failure.to_string()),
        }
    }
    Err(format!("no place for an instance within {PLACE_MAX:?}"))
}
