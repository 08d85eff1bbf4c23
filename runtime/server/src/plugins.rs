//! The loaded plugins and their versions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use millstream_pipeline::{Consumer, Plan};
use serde_json::{Value, json};

use crate::app::{Host, PluginInfo};
use crate::extract::Path;
use crate::problem::Problem;
use crate::{answer, metrics, names};

/// All plugins.
pub(crate) async fn list(State(host): State<Arc<Host>>) -> Response {
    let plugins = &host.app.plugins;
    answer::list(plugins.iter().map(|plugin| describe(plugin, &host)).collect(), None)
}

/// One plugin, with the configuration it was given.
pub(crate) async fn show(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let (_, plugin) = names::find(&name, &host.app.plugins, |plugin| &plugin.name, "plugin")?;
    let mut shown = describe(plugin, &host);
    shown["config"] = plugin.config.clone();
    Ok(answer::document(&shown))
}

fn describe(plugin: &PluginInfo, host: &Host) -> Value {
    json!({
        "name": plugin.name,
        "world": plugin.world,
        "versions": [{ "digest": plugin.digest }],
        "subscriptions": served_by(&plugin.name, &host.app.plan),
        "metrics": host.app.monitor.plugin(&plugin.name).as_ref().map(metrics::document),
    })
}

fn served_by<'a>(plugin: &str, plan: &'a Plan) -> Vec<&'a str> {
    let serves = |consumer: &Consumer| match consumer {
        Consumer::Plugin(place) => plan.plugins.get(*place).is_some_and(|one| one.name == plugin),
        Consumer::Sink(_) => false,
    };
    let served = plan.subscriptions.iter().filter(|one| serves(&one.consumer));
    served.map(|one| one.name.as_str()).collect()
}
