//! What a declaration says becomes of what the core holds, and whether it holds that.

use super::Core;
use super::declare::{Declaration, Kind, Named};

impl Core {
    /// What `declaration` drops or renames and the core does not hold, in the order in which it says
    /// so: whoever asks for that means something else.
    #[must_use]
    pub(crate) fn unheld(&self, declaration: &Declaration) -> Vec<Named> {
        let renamed =
            declaration.renames.iter().map(|one| Named { kind: one.kind, name: one.from.clone() });
        let asked = declaration.drops.iter().cloned().chain(renamed);
        let held = self.held();
        asked.filter(|one| !held.contains(one)).collect()
    }

    /// Every topic and every subscription.
    #[must_use]
    pub(crate) fn held(&self) -> Vec<Named> {
        let named = |kind, name: &String| Named { kind, name: name.clone() };
        let topics = self.topics.iter().map(|one| named(Kind::Topic, &one.rules.name));
        let subscriptions =
            self.subscriptions.iter().map(|one| named(Kind::Subscription, &one.rules.name));
        topics.chain(subscriptions).collect()
    }
}
