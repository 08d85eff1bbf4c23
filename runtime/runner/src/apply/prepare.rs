//! Everything of an apply that can fail, done beside what runs.

mod feeds;
mod plugins;

use std::collections::BTreeMap;

use self::feeds::feeds;
pub(super) use self::plugins::Ready;
use self::plugins::plugin;
use super::Proposal;
use super::error::ApplyError;
use crate::feed::Feed;
use crate::shared_sink::SharedSink;
use crate::site::{Plant, Site};
use crate::station::{Equipment, Station};

/// What is ready to be put to work.
pub(super) struct Prepared {
    /// By their places in the plan.
    pub(super) plugins: Vec<Ready>,
    /// By the places of their subscriptions in the plan.
    pub(super) equipment: Vec<Equipment>,
    /// Sources that are new or change, by name; none for those that the server answers.
    pub(super) feeds: BTreeMap<String, Option<Feed>>,
}

/// Opens, loads and starts what the proposal needs; all of it is closed again when it is dropped.
pub(super) async fn prepare(
    site: &Site,
    plant: &Plant,
    proposal: &Proposal,
) -> Result<Prepared, ApplyError> {
    let equipment = Equipment::open_all(&proposal.plan, &open_sinks(plant).await)?;
    let feeds = feeds(site, proposal)?;
    let mut plugins = Vec::new();
    for (place, one) in proposal.plan.plugins.iter().enumerate() {
        plugins.push(plugin(site, proposal, place, one).await?);
    }
    Ok(Prepared { plugins, equipment, feeds })
}

/// Those of the subscriptions, and those that workers of one that is gone still write to: a file that is
/// wanted again would else be locked.
async fn open_sinks(plant: &Plant) -> Vec<SharedSink> {
    let mut open: Vec<_> = plant.stations.iter().filter_map(Station::sink).cloned().collect();
    for left in &plant.left {
        open.extend(left.held().await);
    }
    open
}
