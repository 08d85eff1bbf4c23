//! What has another name than before, and what is another one of the same name.

use millstream_pipeline::SubscriptionPlan;
use millstream_queue::{Kind, Rename};

use super::{Outlook, queue_kind};
use crate::apply::step::StepKind;

impl Outlook<'_> {
    /// Dropped and declared all the same: it is another one, of the same name.
    pub(super) fn begins_anew(&self, kind: StepKind, name: &str) -> bool {
        let drops = &self.proposal.changes.drops;
        let dropped =
            |kind: Kind, name: &str| drops.iter().any(|one| one.kind == kind && one.name == *name);
        let reads_dropped = |one: &SubscriptionPlan| {
            one.name == name && dropped(Kind::Topic, &self.old.topics[one.topic].name)
        };
        match kind {
            StepKind::Topic => dropped(Kind::Topic, name),
            StepKind::Subscription => {
                dropped(Kind::Subscription, name)
                    || self.old.subscriptions.iter().any(reads_dropped)
            }
            StepKind::Plugin | StepKind::Source => false,
        }
    }

    pub(super) fn name_before(&self, kind: StepKind, name: &str) -> String {
        let of_kind = queue_kind(kind);
        let renamed = of_kind.and_then(|kind| self.renames(kind).find(|one| one.to == name));
        renamed.map_or(name, |one| &one.from).to_owned()
    }

    pub(super) fn renames(&self, kind: Kind) -> impl Iterator<Item = &Rename> {
        self.proposal.changes.renames.iter().filter(move |one| one.kind == kind)
    }
}
