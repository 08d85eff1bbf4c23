//! What a check asks of plugins: whether they compile and start as the plan says.

use std::collections::BTreeMap;

use bytes::Bytes;
use millstream_pipeline::{Consumer, Plan};
use millstream_plugin_host::{Host, LoadError, Plugin, Reach, StartFailure};

use crate::versions::load_one;

/// Why a plugin would not run.
#[derive(Debug)]
pub enum Unfit {
    /// It does not compile, or not within its limits.
    Load(LoadError),
    /// It does not start, or refuses its configuration.
    Start(StartFailure),
}

/// Compiles every plugin of the plan, and starts each that serves a subscription once: it judges its
/// configuration and is ended again. Gives what is wrong by the plugins' names.
pub async fn rehearse(
    plan: &Plan,
    components: &BTreeMap<String, Bytes>,
    host: &Host,
) -> BTreeMap<String, Unfit> {
    let mut unfit = BTreeMap::new();
    for (place, one) in plan.plugins.iter().enumerate() {
        let bytes = components.get(&one.name).cloned().unwrap_or_default();
        let done = match load_one(one, bytes, host).await {
            Ok(plugin) => start(plan, place, &plugin).await.map_err(Unfit::Start),
            Err(error) => Err(Unfit::Load(error)),
        };
        if let Err(why) = done {
            unfit.insert(one.name.clone(), why);
        }
    }
    unfit
}

/// Starts the plugin at `place` for the first subscription that it serves.
async fn start(plan: &Plan, place: usize, plugin: &Plugin) -> Result<(), StartFailure> {
    let served = plan
        .subscriptions
        .iter()
        .find(|one| matches!(one.consumer, Consumer::Plugin(plugin) if plugin == place));
    let Some(one) = served else { return Ok(()) };
    let topic = &plan.topics[one.topic].name;
    // A check has no effect outside.
    plugin.instantiate_within(&one.name, topic, Reach { http: false }).await.map(drop)
}
