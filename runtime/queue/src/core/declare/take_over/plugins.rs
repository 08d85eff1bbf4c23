//! The versions of the plugins that are declared.

use millstream_message::SubscriptionId;

use super::places::Ids;
use crate::clock::Now;
use crate::core::declare::Source;
use crate::core::deploy::{Plugin, Version};
use crate::core::{Core, Effects};

impl Core {
    /// Plugins that are declared serve by the versions of their sources, where those changed.
    pub(super) fn take_over_plugins(
        &mut self,
        sources: Vec<Source>,
        ids: Ids,
        now: Now,
        effects: &mut Effects,
    ) {
        for Source { plugin, digest } in &sources {
            let generation = self.next_generation();
            let record = self.plugins.entry(plugin.clone()).or_default();
            let same = record.source == *digest || record.serving.digest == *digest;
            record.source.clone_from(digest);
            if same {
                continue;
            }
            let (digest, since_ms) = (digest.clone(), now.wall_ms);
            record.serve(Version { digest, generation, since_ms });
            for place in self.places_of(plugin) {
                let serving = &mut self.subscriptions[place].serving;
                serving.tallies = Default::default();
                match ids {
                    Ids::Places => serving.generation = generation,
                    Ids::Kept => serving.replace(generation),
                }
                effects.ask_again.push(SubscriptionId(place as u32));
            }
        }
        let mut all = std::mem::take(&mut self.plugins);
        all.retain(|name, _: &mut Plugin| {
            sources.iter().any(|one| one.plugin == *name) || !self.places_of(name).is_empty()
        });
        self.plugins = all;
    }
}
