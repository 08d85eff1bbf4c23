//! What applying a pipeline would change, and what would refuse it.

mod names;
mod waiting;

use std::sync::Arc;

use millstream_pipeline::Plan;
use millstream_queue::{Broker, Changed, Declaration, Kind, Plan as QueuePlan};

use super::error::ApplyError;
use super::settings::{self, Settings, differences};
use super::step::{Applied, ChangeKind, Step, StepKind};
use super::{Proposal, fixed};
use crate::site::Site;
use crate::swap::Deployment;

/// What would change.
pub(super) struct Outlook<'a> {
    old: Arc<Plan>,
    new: &'a Plan,
    proposal: &'a Proposal,
    queue: QueuePlan,
    /// Of the plugins that are there.
    deployments: Vec<Arc<Deployment>>,
}

/// One thing by its name, with its settings.
type Part = (String, Settings);

impl<'a> Outlook<'a> {
    pub(super) async fn of(
        site: &Site,
        proposal: &'a Proposal,
        declaration: &Declaration,
    ) -> Result<Self, ApplyError> {
        let old = Arc::clone(site.wiring().plan());
        let restart = fixed::changed(&old, &proposal.plan, &proposal.changes);
        if !restart.is_empty() {
            return Err(ApplyError::NeedsRestart(restart));
        }
        let queue = site.broker.plan(declaration).await;
        if !queue.unheld.is_empty() {
            return Err(ApplyError::Unheld(queue.unheld));
        }
        if !queue.leftovers.is_empty() {
            return Err(ApplyError::Leftover(queue.leftovers));
        }
        if !queue.on_trial.is_empty() {
            return Err(ApplyError::OnTrial(queue.on_trial));
        }
        let deployments = site.swaps.deployments();
        Ok(Self { old, new: &proposal.plan, proposal, queue, deployments })
    }

    /// For people and programs.
    pub(super) fn told(&self, applied: bool) -> Applied {
        let steps = self.topics().into_iter().chain(self.subscriptions());
        let steps: Vec<Step> = steps.chain(self.plugins()).chain(self.sources()).collect();
        let all = steps.len();
        let mut changes: Vec<Step> =
            steps.into_iter().filter(|step| step.change != ChangeKind::Unchanged).collect();
        let unchanged = all - changes.len();
        changes.sort_by_key(|step| step.change == ChangeKind::Removed);
        Applied { pipeline: self.new.name.clone(), applied, changes, unchanged }
    }

    fn topics(&self) -> Vec<Step> {
        let named = |plan: &Plan| -> Vec<Part> {
            plan.topics.iter().map(|one| (one.name.clone(), settings::topic(one))).collect()
        };
        self.steps(StepKind::Topic, named(&self.old), named(self.new))
    }

    fn subscriptions(&self) -> Vec<Step> {
        let named = |plan: &Plan| -> Vec<Part> {
            let all = plan.subscriptions.iter();
            all.map(|one| (one.name.clone(), settings::subscription(plan, one))).collect()
        };
        let mut before = named(&self.old);
        // A topic that has another name is the same topic.
        let renamed = self.renames(Kind::Topic).cloned().collect::<Vec<_>>();
        for (_, settings) in &mut before {
            for (name, value) in settings.iter_mut() {
                if matches!(*name, "topic" | "output" | "dead_letter") {
                    let to = renamed.iter().find(|one| one.from == *value);
                    to.into_iter().for_each(|one| value.clone_from(&one.to));
                }
            }
        }
        self.steps(StepKind::Subscription, before, named(self.new))
    }

    fn plugins(&self) -> Vec<Step> {
        let before = self.deployments.iter().map(|one| {
            let declared = one.declared();
            (one.name().to_owned(), settings::plugin(&declared.plan, &declared.source))
        });
        let now = self.new.plugins.iter().map(|one| {
            let source = self.proposal.components.of(&one.name);
            (one.name.clone(), settings::plugin(one, source.digest()))
        });
        self.steps(StepKind::Plugin, before.collect(), now.collect())
    }

    fn sources(&self) -> Vec<Step> {
        let named = |plan: &Plan| -> Vec<Part> {
            let all = plan.sources.iter();
            all.map(|one| (one.name.clone(), settings::source(plan, one))).collect()
        };
        self.steps(StepKind::Source, named(&self.old), named(self.new))
    }

    fn steps(&self, kind: StepKind, mut before: Vec<Part>, now: Vec<Part>) -> Vec<Step> {
        let mut steps = Vec::new();
        for (name, settings) in now {
            let was = self.name_before(kind, &name);
            let place = before.iter().position(|(one, _)| *one == was);
            let old = place.filter(|_| !self.begins_anew(kind, &was));
            let step = match old {
                None => self.step(kind, &name, ChangeKind::Added, Vec::new()),
                Some(place) => {
                    let (_, old) = before.remove(place);
                    let settings = differences(old, settings);
                    let same = settings.is_empty() && was == name;
                    let change = if same { ChangeKind::Unchanged } else { ChangeKind::Changed };
                    let was = Some(was).filter(|was| *was != name);
                    Step { was, ..self.step(kind, &name, change, settings) }
                }
            };
            steps.push(step);
        }
        let removed = before.iter();
        steps.extend(removed.map(|(name, _)| self.step(kind, name, ChangeKind::Removed, vec![])));
        steps
    }

    fn step(
        &self,
        kind: StepKind,
        name: &str,
        change: ChangeKind,
        settings: Vec<super::Setting>,
    ) -> Step {
        let told = self.queue.changes.iter().filter(|one| {
            let removed = one.how == Changed::Removed;
            queue_kind(kind) == Some(one.what.kind)
                && one.what.name == name
                && removed == (change == ChangeKind::Removed)
        });
        let (waiting, ends_leases) = told.fold((0, false), |(waiting, ends), one| {
            let ends_too = matches!(one.how, Changed::Altered { ends_leases: true, .. });
            (waiting + one.waiting, ends || ends_too)
        });
        let messages = self.messages(kind, name, change, waiting, ends_leases);
        Step { kind, name: name.to_owned(), was: None, change, settings, waiting, messages }
    }
}

fn queue_kind(kind: StepKind) -> Option<Kind> {
    match kind {
        StepKind::Topic => Some(Kind::Topic),
        StepKind::Subscription => Some(Kind::Subscription),
        StepKind::Plugin | StepKind::Source => None,
    }
}
