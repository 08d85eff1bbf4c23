//! Sources that are new or change, open.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::apply::Proposal;
use crate::apply::error::ApplyError;
use crate::apply::reading::reads_on;
use crate::feed::Feed;
use crate::site::Site;
use crate::wiring::Wiring;

/// Sources that are new or change. Which ids their topics have is not known yet.
pub(super) fn feeds(
    site: &Site,
    proposal: &Proposal,
) -> Result<BTreeMap<String, Option<Feed>>, ApplyError> {
    let (old, broker) = (site.wiring(), site.shared_broker());
    let places = Wiring::new(Arc::clone(&proposal.plan), String::new());
    let mut feeds = BTreeMap::new();
    for one in &proposal.plan.sources {
        if !reads_on(old.plan(), (&proposal.plan, one), &proposal.changes) {
            let counters = site.sources().iter().find(|(name, _)| *name == one.name).cloned();
            let counters = counters.map(|(_, counters)| counters);
            let feed = site.intakes(&broker).open(&places, one, counters)?;
            feeds.insert(one.name.clone(), feed);
        }
    }
    Ok(feeds)
}
