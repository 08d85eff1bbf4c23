//! Another pipeline in the place of the one that runs, while it runs.
//!
//! First a [`plan`](outlook): what is added, removed, changed, and what becomes of messages that wait.
//! Then everything that can fail, beside what runs: sinks and sources are opened, plugins loaded and
//! started once ([`prepare`]). Then the queue takes the declaration over, whole or not at all. What
//! comes after that cannot fail ([`commit`]): whoever does the same as before goes on undisturbed,
//! workers of what has changed finish what they have in hand and others take their place.

mod commit;
mod error;
mod fixed;
mod outlook;
mod prepare;
mod reading;
mod settings;
mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use millstream_pipeline::Plan;
use millstream_queue::{Broker, Declaration};

pub use self::error::{ApplyError, NeedsRestart};
use self::outlook::Outlook;
pub use self::step::{Applied, ChangeKind, Setting, Step, StepKind};
use crate::broker::declaration;
use crate::component::Components;
use crate::launch::Changes;
use crate::site::Site;
use crate::wiring::Wiring;

/// A checked pipeline that is to run in the place of another.
pub struct Proposal {
    plan: Arc<Plan>,
    components: Components,
    text: String,
    changes: Changes,
}

impl Proposal {
    /// A checked pipeline from the `text` of its file, with the bytes of each plugin by its name in the
    /// plan. `changes` says what may go although messages wait in it, and what has another name.
    #[must_use]
    pub fn new(
        plan: Arc<Plan>,
        components: BTreeMap<String, Bytes>,
        text: String,
        changes: Changes,
    ) -> Self {
        Self { plan, components: Components::new(components), text, changes }
    }

    fn declaration(&self) -> Declaration {
        declaration(&self.plan, &self.text, &self.components, &self.changes)
    }
}

/// Changes a running pipeline. Cloning is cheap.
#[derive(Clone)]
pub struct Applier {
    site: Arc<Site>,
}

impl Applier {
    pub(crate) fn new(site: &Arc<Site>) -> Self {
        Self { site: Arc::clone(site) }
    }

    /// What applying would change; it changes nothing and opens nothing.
    ///
    /// # Errors
    /// Applying would be refused.
    pub async fn plan(&self, proposal: &Proposal) -> Result<Applied, ApplyError> {
        let outlook = Outlook::of(&self.site, proposal, &proposal.declaration()).await?;
        Ok(outlook.told(false))
    }

    /// Runs `proposal` in the place of what runs: all of it, or nothing. Once begun it goes on to its
    /// end, also when nobody waits for it any more.
    ///
    /// # Errors
    /// Nothing changed.
    pub async fn apply(&self, proposal: Proposal) -> Result<Applied, ApplyError> {
        let site = Arc::clone(&self.site);
        let applying = tokio::spawn(async move { apply(&site, proposal).await });
        applying.await.unwrap_or(Err(ApplyError::Panicked))
    }
}

async fn apply(site: &Arc<Site>, proposal: Proposal) -> Result<Applied, ApplyError> {
    let mut plant = site.plant.try_lock().map_err(|_| ApplyError::Applying)?;
    if site.crew.stop.is_cancelled() {
        return Err(ApplyError::Stopping);
    }
    let _held = site.swaps.hold().map_err(|(plugin, error)| ApplyError::Swapping(plugin, error))?;
    let declaration = proposal.declaration();
    let outlook = Outlook::of(site, &proposal, &declaration).await?;
    let told = outlook.told(true);
    let prepared = prepare::prepare(site, &plant, &proposal).await?;
    let altered = site.broker.alter(declaration).await?;
    let Proposal { plan, components, text, .. } = proposal;
    let wiring = Wiring::altered(plan, text, &altered);
    commit::commit(site, &mut plant, wiring, &components, prepared);
    tracing::info!(changes = told.changes.len(), unchanged = told.unchanged, "applied");
    Ok(told)
}

#[cfg(test)]
mod tests;
