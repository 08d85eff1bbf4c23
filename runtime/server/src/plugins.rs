//! The plugins, their versions, what they did and took.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use millstream_pipeline::{Consumer, Plan, PluginPlan};
use serde_json::{Value, json};

use crate::app::{Host, plugin};
use crate::extract::Path;
use crate::problem::Problem;
use crate::{answer, metrics};

/// All plugins.
pub(crate) async fn list(State(host): State<Arc<Host>>) -> Response {
    let wiring = host.wiring();
    let plugins = wiring.plan().plugins.iter();
    answer::list(plugins.map(|plugin| describe(plugin, wiring.plan(), &host)).collect(), None)
}

/// One plugin, with the configuration it was given.
pub(crate) async fn show(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let plugin = plugin(&wiring, &name)?;
    let mut shown = describe(plugin, wiring.plan(), &host);
    shown["config"] = plugin.config.clone();
    Ok(answer::document(&shown))
}

fn describe(plugin: &PluginPlan, plan: &Plan, host: &Host) -> Value {
    let name = &plugin.name;
    let versions = host.app.swaps.versions(name).unwrap_or_default();
    let swap = host.app.swaps.status(name).filter(|swap| !swap.done);
    json!({
        "name": name,
        "world": versions.first().map(|version| &version.world),
        "versions": versions,
        "swap": swap.map(|swap| swap.state),
        "subscriptions": served_by(name, plan),
        "metrics": host.app.monitor.plugin(name).as_ref().map(metrics::document),
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
