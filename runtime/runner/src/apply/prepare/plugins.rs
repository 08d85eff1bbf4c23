//! Plugins that are new or change, loaded and started once.

use std::sync::Arc;

use millstream_pipeline::{Consumer, Plan, PluginPlan, SubscriptionPlan};
use millstream_plugin_host::Plugin;
use millstream_queue::Broker;

use crate::apply::Proposal;
use crate::apply::error::ApplyError;
use crate::component::Component;
use crate::error::OpenError;
use crate::site::Site;
use crate::swap::{Deployment, Version, try_start};
use crate::versions::{self, Loaded, Module};

/// A plugin that is ready to serve.
pub(in crate::apply) enum Ready {
    /// It goes on as it is.
    Stays(Arc<Deployment>),
    /// It serves by another version, or with other settings.
    Changes { deployment: Arc<Deployment>, serving: Module, previous: Option<Module> },
    /// It is new.
    New(Loaded),
}

pub(super) async fn plugin(
    site: &Site,
    proposal: &Proposal,
    place: usize,
    one: &PluginPlan,
) -> Result<Ready, ApplyError> {
    let source = proposal.components.of(&one.name);
    let deployment = site.swaps.deployments().into_iter().find(|there| there.name() == one.name);
    let Some(deployment) = deployment else {
        let loaded = versions::load(one, source, &site.host, &*site.broker).await?;
        start(proposal, place, &loaded.serving.0.plugin, |_| true).await?;
        return Ok(Ready::New(loaded));
    };
    let Some(component) = changed(one, source, &deployment).await? else {
        let old = site.wiring();
        let fresh = |one: &SubscriptionPlan| !serves(old.plan(), deployment.name(), &one.name);
        start(proposal, place, &deployment.serving().plugin, fresh).await?;
        return Ok(Ready::Stays(deployment));
    };
    let serving = Module::load(one, component.bytes(), &site.host, &*site.broker).await?;
    start(proposal, place, &serving.plugin, |_| true).await?;
    let known = site.broker.plugins().into_iter().find(|known| known.name == one.name);
    if let Some(known) = known {
        let kept = versions::keep(&known, &component, &*site.broker).await;
        kept.map_err(|error| versions::unreadable(&known, error))?;
    }
    let previous = previous(site, one, &deployment, &serving).await;
    Ok(Ready::Changes { deployment, serving, previous })
}

/// The version that serves from now on, where that is another one or it has other
/// settings. A version that was swapped in goes on until the source's bytes change.
async fn changed(
    one: &PluginPlan,
    source: Component,
    deployment: &Deployment,
) -> Result<Option<Component>, ApplyError> {
    let (declared, serving) = (deployment.declared(), deployment.serving());
    let same_settings = same_settings(&declared.plan, one);
    if serving.digest() == source.digest() {
        return Ok(Some(source).filter(|_| !same_settings));
    }
    if declared.source != source.digest() {
        return Ok(Some(source));
    }
    if same_settings {
        return Ok(None);
    }
    let bytes = deployment.bytes_of(&serving).await?;
    let (name, digest) = (one.name.clone(), serving.digest().to_owned());
    let bytes = bytes.ok_or(OpenError::Version { name, digest })?;
    Ok(Some(Component::new(bytes)))
}

fn same_settings(old: &PluginPlan, new: &PluginPlan) -> bool {
    (&old.config, &old.limits, &old.grants) == (&new.config, &new.limits, &new.grants)
}

/// The version to go back to, with the settings of now. An apply does not fail for it.
async fn previous(
    site: &Site,
    one: &PluginPlan,
    deployment: &Deployment,
    serving: &Module,
) -> Option<Module> {
    let now = deployment.serving();
    let other = now.digest() != serving.plugin.inspection().digest.to_string();
    let version = if other { Some(now) } else { deployment.previous() }?;
    if same_settings(&deployment.declared().plan, one) {
        return Some(version.module());
    }
    reloaded(site, one, deployment, &version).await
}

async fn reloaded(
    site: &Site,
    one: &PluginPlan,
    deployment: &Deployment,
    version: &Version,
) -> Option<Module> {
    let loaded = match deployment.bytes_of(version).await {
        Ok(Some(bytes)) => Module::load(one, &bytes, &site.host, &*site.broker)
            .await
            .map_err(|error| error.to_string()),
        Ok(None) => Err("its bytes are not kept".to_owned()),
        Err(ended) => Err(ended.to_string()),
    };
    let loaded = loaded.inspect_err(|why| {
        let (plugin, digest) = (&one.name, version.digest());
        tracing::warn!(%plugin, %digest, %why, "nobody can go back to the version before");
    });
    loaded.ok()
}

/// Starts an instance for each subscription of the plugin that `wanted` names.
async fn start(
    proposal: &Proposal,
    place: usize,
    plugin: &Plugin,
    wanted: impl Fn(&SubscriptionPlan) -> bool,
) -> Result<(), ApplyError> {
    let plan = &proposal.plan;
    let served = plan.subscriptions.iter().filter(|one| one.consumer == Consumer::Plugin(place));
    for one in served.filter(|one| wanted(one)) {
        let started = try_start(plugin, &one.name, &plan.topics[one.topic].name).await;
        started.map_err(|why| ApplyError::Start {
            plugin: plan.plugins[place].name.clone(),
            subscription: one.name.clone(),
            why,
        })?;
    }
    Ok(())
}

fn serves(plan: &Plan, plugin: &str, subscription: &str) -> bool {
    plan.subscriptions.iter().any(|one| match one.consumer {
        Consumer::Plugin(place) => one.name == subscription && plan.plugins[place].name == plugin,
        Consumer::Sink(_) => false,
    })
}
