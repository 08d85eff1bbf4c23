//! What follows once the queue has taken the declaration over: nothing of it can fail.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_message::SubscriptionId;
use millstream_pipeline::PluginPlan;
use millstream_queue::Broker;

use super::prepare::{Prepared, Ready};
use crate::component::{Component, Components};
use crate::feed::Feed;
use crate::open::served;
use crate::shared_sink::{LeftSink, SharedSink};
use crate::site::{Plant, Site};
use crate::sources::Intake;
use crate::station::{Equipment, Station};
use crate::swap::{Declared, Deployment, Generations, Version};
use crate::versions;
use crate::wiring::Wiring;

/// Puts to work what is prepared, and ends what it replaces.
pub(super) fn commit(
    site: &Arc<Site>,
    plant: &mut Plant,
    wiring: Wiring,
    components: &Components,
    prepared: Prepared,
) {
    let Prepared { plugins, equipment, feeds } = prepared;
    let mut replaced = Vec::new();
    let mut deployments = Vec::new();
    for (place, ready) in plugins.into_iter().enumerate() {
        let one = &wiring.plan().plugins[place];
        let source = components.of(&one.name);
        let served = served(&wiring, place);
        let (deployment, old) = deploy(site, one, &source, &served, ready);
        replaced.extend(old.map(|old| (one.name.clone(), old)));
        deployments.push(deployment);
    }
    plant.deployments = deployments;
    let started = stations(site, plant, &wiring, equipment);
    intakes(site, plant, &wiring, feeds);
    site.announce(plant);
    site.rewire(wiring);
    for place in started {
        plant.stations[place].workers().into_iter().for_each(|worker| site.crew.start(worker));
    }
    for (plugin, old) in replaced {
        site.swaps.entry(&plugin).into_iter().for_each(|entry| entry.retire(Arc::clone(&old)));
    }
}

/// The plugin, and the version that it served by where that has changed.
fn deploy(
    site: &Arc<Site>,
    one: &PluginPlan,
    source: &Component,
    served: &[SubscriptionId],
    ready: Ready,
) -> (Arc<Deployment>, Option<Arc<Version>>) {
    let (declared, broker) = (Declared::new(one, source), site.shared_broker());
    match ready {
        Ready::Stays(deployment) => {
            deployment.redeclare(declared);
            served.iter().for_each(|id| deployment.join(*id));
            (deployment, None)
        }
        Ready::Changes { deployment, serving, previous } => {
            let (now, before) = (deployment.serving(), deployment.previous());
            let digest = serving.plugin.inspection().digest.to_string();
            let (since, previous_since) = match now.digest() == digest {
                true => (now.since_ms, before.map_or(0, |one| one.since_ms)),
                false => (broker.now().wall_ms, now.since_ms),
            };
            let generations = Generations::now(&*broker, served.iter().copied());
            let serving = Version::new(&one.name, serving, generations, since);
            let previous = previous.map(|module| {
                Version::new(&one.name, module, Generations::default(), previous_since)
            });
            deployment.redeclare(declared);
            let old = deployment.replace(serving, previous);
            (deployment, Some(old))
        }
        Ready::New(loaded) => {
            keep(site, one, source.clone());
            let deployment = Deployment::new(declared, loaded, served, &site.host, &broker);
            (Arc::new(deployment), None)
        }
    }
}

/// What serves must be there when somebody wants to go back to it. The queue keeps bytes of plugins
/// only that it knows, so this comes after.
fn keep(site: &Arc<Site>, one: &PluginPlan, source: Component) {
    let (name, site) = (one.name.clone(), Arc::clone(site));
    let crew = site.crew.clone();
    crew.spawn(format!("bytes of {name}"), async move {
        let Some(known) = site.broker.plugins().into_iter().find(|known| known.name == name) else {
            return;
        };
        if let Err(error) = versions::keep(&known, &source, &*site.broker).await {
            tracing::error!(plugin = %name, %error, "its bytes were not kept");
        }
    });
}

/// Whoever does the same as before goes on; gives the places of those that are to be started.
fn stations(
    site: &Site,
    plant: &mut Plant,
    wiring: &Wiring,
    equipment: Vec<Equipment>,
) -> Vec<usize> {
    let (broker, stop) = (site.shared_broker(), &site.crew.stop);
    let old = plant.stations.drain(..).map(|one| (one.post.subscription, one));
    let mut old: BTreeMap<SubscriptionId, Station> = old.collect();
    let mut started = Vec::new();
    for (place, (one, equipment)) in wiring.subscriptions().zip(equipment).enumerate() {
        let with = (&broker, stop);
        let station = Station::new(wiring, one, equipment, &plant.deployments, with);
        match old.remove(&one.0) {
            Some(before) if before.is_as(&station) => plant.stations.push(before),
            before => {
                before.iter().for_each(|before| leave(before, &mut plant.left));
                plant.stations.push(station);
                started.push(place);
            }
        }
    }
    old.values().for_each(|removed| leave(removed, &mut plant.left));
    drop(old);
    plant.left.retain(|one| !one.is_closed());
    started
}

/// Its workers finish what they have in hand.
fn leave(station: &Station, left: &mut Vec<LeftSink>) {
    station.post.stop.cancel();
    left.extend(station.sink().map(SharedSink::left));
}

fn intakes(
    site: &Site,
    plant: &mut Plant,
    wiring: &Wiring,
    mut feeds: BTreeMap<String, Option<Feed>>,
) {
    let old = plant.intakes.drain(..).map(|one| (one.name.clone(), one));
    let mut old: BTreeMap<String, Intake> = old.collect();
    for one in &wiring.plan().sources {
        let Some(changed) = feeds.remove(&one.name) else {
            plant.intakes.extend(old.remove(&one.name));
            continue;
        };
        let before = old.remove(&one.name);
        before.iter().for_each(|before| before.leave.cancel());
        if let Some(feed) = changed {
            let feed = Feed { topic: wiring.topic(one.topic), ..feed };
            plant.intakes.push(site.start_feed(feed, before.as_ref()));
        }
    }
    old.values().for_each(|removed| removed.leave.cancel());
}
