//! What comes to the running host as the text of a pipeline file: checked as `run` does it, and applied.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use millstream_pipeline::{ApplyFault, apply_findings};
use millstream_plugin_host::Host;
use millstream_runner::{Applied, Applier, ApplyError, Proposal, Running, Swaps};
use millstream_server::{Refused, Wish};

use super::came_from;
use super::journal::{fit, leftover};
use crate::failure::Failure;
use crate::logs;
use crate::pipeline_file::{self, Opening, PipelineFile, Plugins};

/// Changes the running pipeline.
pub(super) struct Pipelines {
    applier: Applier,
    swaps: Swaps,
    host: Host,
    /// Whether anything serves HTTP.
    http: bool,
    /// Where the pipeline that runs came from.
    origin: Mutex<Origin>,
}

/// Where the text of a pipeline came from.
#[derive(Clone)]
struct Origin {
    name: String,
    base: PathBuf,
}

impl Pipelines {
    /// Those of a host that runs what `file` says.
    pub(super) fn new(running: &Running, host: Host, http: bool, file: &Path) -> Arc<Self> {
        let name = file.display().to_string();
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        let (applier, swaps) = (running.applier(), running.swaps());
        Arc::new(Self { applier, swaps, host, http, origin: Mutex::new(Origin { name, base }) })
    }

    fn origin(&self) -> Origin {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is to run, and what of it came from registries.
    async fn propose(
        &self,
        wish: &Wish,
        from: &Origin,
    ) -> Result<(Proposal, Vec<pipeline_file::Origin>), Refused> {
        let opening = Opening { plugins: Plugins::Inspect(&self.host), http: self.http };
        let file = PipelineFile::of(wish.text.clone(), &from.name, &from.base, opening).await;
        let (findings, pulled) = (file.findings().to_vec(), file.origins());
        let (plan, components, text) = file.into_plan().map_err(|failure| {
            let unusable = matches!(failure, Failure::Unusable);
            Refused::Findings { findings, unusable }
        })?;
        fit(&wish.changes.renames, &plan).map_err(Refused::Wrong)?;
        let changes = wish.changes.clone();
        Ok((Proposal::new(Arc::new(plan), components, text, changes), pulled))
    }
}

#[async_trait]
impl millstream_server::Pipelines for Pipelines {
    async fn apply(&self, wish: Wish) -> Result<Applied, Refused> {
        let before = self.origin();
        let from = Origin {
            name: wish.name.clone().unwrap_or(before.name),
            base: wish.base.clone().unwrap_or(before.base),
        };
        let (proposal, pulled) = self.propose(&wish, &from).await?;
        let applied = match wish.dry_run {
            true => self.applier.plan(&proposal).await,
            false => self.applier.apply(proposal).await,
        };
        let applied = applied.map_err(|error| refused(error, &wish, &from.name))?;
        if !wish.dry_run {
            came_from(&self.swaps, &pulled);
            let changes = applied.changes.len();
            let unchanged = applied.unchanged;
            logs::say(&format!("applied {}: {changes} changed, {unchanged} unchanged", from.name));
            *self.origin.lock().unwrap_or_else(PoisonError::into_inner) = from;
        }
        Ok(applied)
    }
}

/// What has its place in the file is said as findings.
fn refused(error: ApplyError, wish: &Wish, name: &str) -> Refused {
    let faults: Vec<ApplyFault> = match error {
        ApplyError::NeedsRestart(all) => all
            .into_iter()
            .map(|one| ApplyFault::NeedsRestart { route: one.route, from: one.from, to: one.to })
            .collect(),
        ApplyError::Leftover(all) => {
            let renames = &wish.changes.renames;
            all.into_iter().map(|one| ApplyFault::Leftover(leftover(one, renames))).collect()
        }
        other => return Refused::Apply(other),
    };
    Refused::Findings { findings: apply_findings(&wish.text, name, &faults), unusable: false }
}
