//! Everything of an apply that can fail, done beside what runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use millstream_connectors::ChunkLimits;
use millstream_pipeline::{Consumer, Plan, PluginPlan, SourcePlan, SubscriptionPlan};
use millstream_plugin_host::{Digest, Plugin};
use millstream_queue::{Broker, Kind};

use super::Proposal;
use super::error::ApplyError;
use crate::error::OpenError;
use crate::feed::{Feed, chunk_limits};
use crate::open::Changes;
use crate::site::{Plant, Site};
use crate::station::{Equipment, Station};
use crate::swap::{Deployment, Version, try_start};
use crate::versions::{self, Loaded, Module};
use crate::wiring::Wiring;

/// What is ready to be put to work.
pub(super) struct Prepared {
    /// By their places in the plan.
    pub(super) plugins: Vec<Ready>,
    /// By the places of their subscriptions in the plan.
    pub(super) equipment: Vec<Equipment>,
    /// Sources that are new or change, by name; none for those that the server answers.
    pub(super) feeds: BTreeMap<String, Option<Feed>>,
}

/// A plugin that is ready to serve.
pub(super) enum Ready {
    /// It goes on as it is.
    Stays(Arc<Deployment>),
    /// It serves by another version, or with other settings.
    Changes { deployment: Arc<Deployment>, serving: Module, previous: Option<Module> },
    /// It is new.
    New(Loaded),
}

/// Opens, loads and starts what the proposal needs; all of it is closed again when it is dropped.
pub(super) async fn prepare(
    site: &Site,
    plant: &Plant,
    proposal: &Proposal,
) -> Result<Prepared, ApplyError> {
    let open: Vec<_> = plant.stations.iter().filter_map(Station::sink).cloned().collect();
    let equipment = Equipment::open_all(&proposal.plan, &open)?;
    let feeds = feeds(site, proposal)?;
    let mut plugins = Vec::new();
    for (place, one) in proposal.plan.plugins.iter().enumerate() {
        plugins.push(plugin(site, proposal, place, one).await?);
    }
    Ok(Prepared { plugins, equipment, feeds })
}

async fn plugin(
    site: &Site,
    proposal: &Proposal,
    place: usize,
    one: &PluginPlan,
) -> Result<Ready, ApplyError> {
    let source = proposal.components.get(&one.name).cloned().unwrap_or_default();
    let deployment = site.swaps.deployments().into_iter().find(|there| there.name() == one.name);
    let Some(deployment) = deployment else {
        let loaded = versions::load(one, source, &site.host, &*site.broker).await?;
        start(proposal, place, &loaded.serving.0.plugin, |_| true).await?;
        return Ok(Ready::New(loaded));
    };
    let Some(bytes) = changed(one, source, &deployment).await? else {
        let old = site.wiring();
        let fresh = |one: &SubscriptionPlan| !serves(old.plan(), deployment.name(), &one.name);
        start(proposal, place, &deployment.serving().plugin, fresh).await?;
        return Ok(Ready::Stays(deployment));
    };
    let serving = Module::load(one, bytes.clone(), &site.host, &*site.broker).await?;
    start(proposal, place, &serving.plugin, |_| true).await?;
    let known = site.broker.plugins().into_iter().find(|known| known.name == one.name);
    if let Some(known) = known {
        let kept = versions::keep(&known, bytes, &*site.broker).await;
        kept.map_err(|error| versions::unreadable(&known, error))?;
    }
    let previous = previous(site, one, &deployment, &serving).await;
    Ok(Ready::Changes { deployment, serving, previous })
}

/// The bytes of the version that serves from now on, where that is another one or it has other
/// settings. A version that was swapped in goes on until the source's bytes change.
async fn changed(
    one: &PluginPlan,
    source: Bytes,
    deployment: &Deployment,
) -> Result<Option<Bytes>, ApplyError> {
    let (declared, serving) = (deployment.declared(), deployment.serving());
    let digest = Digest::of(&source).to_string();
    let same_settings = same_settings(&declared.plan, one);
    if serving.digest() == digest {
        return Ok(Some(source).filter(|_| !same_settings));
    }
    if declared.source != digest {
        return Ok(Some(source));
    }
    if same_settings {
        return Ok(None);
    }
    let bytes = deployment.bytes_of(&serving).await?;
    let (name, digest) = (one.name.clone(), serving.digest().to_owned());
    Ok(Some(bytes.ok_or(OpenError::Version { name, digest })?))
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
        Ok(Some(bytes)) => Module::load(one, bytes, &site.host, &*site.broker)
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

/// Sources that are new or change. Which ids their topics have is not known yet.
fn feeds(site: &Site, proposal: &Proposal) -> Result<BTreeMap<String, Option<Feed>>, ApplyError> {
    let (old, broker) = (site.wiring(), site.shared_broker());
    let places = Wiring::new(Arc::clone(&proposal.plan), String::new());
    let mut feeds = BTreeMap::new();
    for one in &proposal.plan.sources {
        let before = old.plan().sources.iter().find(|before| before.name == one.name);
        let same = before.is_some_and(|before| {
            let before = identity(old.plan(), before, Some(&proposal.changes));
            before == identity(&proposal.plan, one, None)
        });
        if !same {
            let counters = site.sources().iter().find(|(name, _)| *name == one.name).cloned();
            let counters = counters.map(|(_, counters)| counters);
            let feed = site.intakes(&broker).open(&places, one, counters)?;
            feeds.insert(one.name.clone(), feed);
        }
    }
    Ok(feeds)
}

/// What makes a source the one that it is.
fn identity(
    plan: &Plan,
    one: &SourcePlan,
    changes: Option<&Changes>,
) -> (SourcePlan, Option<String>, u64, usize, usize) {
    let topic = &plan.topics[one.topic];
    let ChunkLimits { messages_max, bytes_max } = chunk_limits(topic);
    let source = SourcePlan { topic: 0, ..one.clone() };
    let name = match changes {
        None => Some(topic.name.clone()),
        Some(changes) => name_now(&topic.name, changes),
    };
    (source, name, topic.max_message, messages_max, bytes_max)
}

/// The name of a topic that goes on.
fn name_now(topic: &str, changes: &Changes) -> Option<String> {
    let dropped = changes.drops.iter().any(|one| one.kind == Kind::Topic && one.name == topic);
    let mut renames = changes.renames.iter();
    let renamed = renames.find(|one| one.kind == Kind::Topic && one.from == topic);
    (!dropped).then(|| renamed.map_or(topic, |one| &one.to).to_owned())
}
