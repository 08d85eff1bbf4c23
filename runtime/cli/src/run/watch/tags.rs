//! Tags in registries, which are asked for what they name. One that has moved to another plugin swaps it.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use anyhow::Error;
use futures::future::join_all;
use millstream_formats::{OciReference, parse_period};
use millstream_pipeline::{ComponentSource, Plan};
use millstream_plugin_host::Digest;
use millstream_registry::{Pulled, Registries};
use millstream_runner::Swaps;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::super::Pipeline;
use super::{ending, say, serves, swapped};
use crate::failure::Failure;
use crate::registries::{registries, unpulled};

/// The variable that says how often tags are looked at.
pub(in crate::run) const TAGS_EVERY: &str = "MILLSTREAM_TAGS_EVERY";
/// As often as that otherwise: registries count what they are asked.
const EVERY: Duration = Duration::from_secs(30);
/// More often would be an attack.
const EVERY_MIN: Duration = Duration::from_millis(100);
/// More seldom is a mistyped one.
const EVERY_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How often tags are looked at, as the variable says or does not say.
///
/// # Errors
/// It says something that cannot be meant.
pub(in crate::run) fn tags_every(text: Option<&str>) -> Result<Duration, Failure> {
    let wrong = |why: String| Failure::wrong(format!("{TAGS_EVERY}: {why}"));
    let every = text.map_or(Ok(EVERY), parse_period).map_err(|error| wrong(error.to_string()))?;
    match (EVERY_MIN..=EVERY_MAX).contains(&every) {
        true => Ok(every),
        false => Err(wrong(format!("from {EVERY_MIN:?} to 24h, not {every:?}"))),
    }
}

/// Watches the tags of the plan until it is dropped; each on its own.
pub(super) async fn watch(plan: &Plan, pipeline: &Pipeline, swaps: &Swaps) -> Infallible {
    let tag = |plugin, source| Tag::new(plugin, source, pipeline);
    let tags = plan.plugins.iter().filter_map(|one| tag(&one.name, &one.source));
    join_all(tags.map(|tag| tag.watch(pipeline.tags_every, swaps))).await;
    pending().await
}

/// One plugin whose tag may move.
struct Tag<'a> {
    plugin: &'a str,
    reference: &'a OciReference,
    registries: Registries,
    /// Digest of the manifest that was swapped in last, or tried.
    seen: String,
    /// What was said last and is still so.
    trouble: Option<String>,
}

impl<'a> Tag<'a> {
    /// What is named by its digest does not move.
    fn new(plugin: &'a str, source: &'a ComponentSource, pipeline: &Pipeline) -> Option<Self> {
        let ComponentSource::Registry(reference) = source else { return None };
        let origin = pipeline.origins.iter().find(|origin| origin.plugin == plugin)?;
        let seen = origin.reference.digest()?.to_owned();
        let registries = registries();
        reference.digest().is_none().then_some(Self {
            plugin,
            reference,
            registries,
            seen,
            trouble: None,
        })
    }

    async fn watch(mut self, every: Duration, swaps: &Swaps) {
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(swaps).await;
        }
    }

    async fn look(&mut self, swaps: &Swaps) {
        let trouble = match self.moved(swaps).await {
            Ok(said) => {
                said.iter().for_each(|said| say(self.plugin, said));
                None
            }
            Err(error) => {
                let trouble = format!("not swapped, the version before serves: {error:#}");
                // A registry that is away for hours is said once.
                if self.trouble.as_ref() != Some(&trouble) {
                    say(self.plugin, &trouble);
                }
                Some(trouble)
            }
        };
        self.trouble = trouble;
    }

    /// Swaps if the tag has moved, and says how that ended.
    async fn moved(&mut self, swaps: &Swaps) -> Result<Option<String>, Error> {
        let unpulled = |why| unpulled(self.reference, &why);
        if self.registries.resolve(self.reference).await.map_err(unpulled)? == self.seen {
            return Ok(None);
        }
        let Pulled { bytes, reference } =
            self.registries.pull(self.reference).await.map_err(unpulled)?;
        let manifest = reference.digest().unwrap_or_default();
        if manifest == self.seen {
            // It has moved back, or its registry calls it by another digest.
            return Ok(None);
        }
        let digest = Digest::of(&bytes).to_string();
        swaps.came_from(self.plugin, &digest, reference.to_string());
        let said = match serves(self.plugin, &digest, swaps) {
            true => format!("the tag has moved, and the plugin is the same: {reference}"),
            false => ending(&swapped(self.plugin, bytes, swaps).await?),
        };
        self.seen = manifest.to_owned();
        Ok(Some(said))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, EVERY, tags_every};

    #[test]
    fn how_often_tags_are_looked_at_is_within_reason() {
        assert_eq!(tags_every(None).unwrap(), EVERY);
        assert_eq!(tags_every(Some("2m")).unwrap(), Duration::from_secs(120));
        for wrong in ["", "0", "often", "1ms", "25h"] {
            assert!(tags_every(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
