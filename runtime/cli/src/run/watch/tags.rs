//! Tags in registries, which are asked for what they name. One that has moved to another plugin swaps it.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Error;
use futures::future::join_all;
use millstream_formats::{OciReference, parse_period};
use millstream_pipeline::{ComponentSource, Plan};
use millstream_plugin_host::Digest;
use millstream_registry::{Pulled, Registries};
use millstream_runner::{Running, Swaps};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::swapping::{ending, say, serves, swapped};
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

/// Watches the tags of the pipeline that runs until it is dropped.
pub(super) async fn watch(running: &Running, every: Duration) -> Infallible {
    let swaps = running.swaps();
    let mut tags = Vec::new();
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        follow(&mut tags, running.wiring().plan(), &swaps);
        join_all(tags.iter_mut().map(|tag| tag.look(&swaps))).await;
    }
}

/// Whatever is applied, the tags of the plugins that run are watched.
fn follow(tags: &mut Vec<Tag>, plan: &Plan, swaps: &Swaps) {
    let mut before = std::mem::take(tags);
    for one in &plan.plugins {
        let ComponentSource::Registry(reference) = &one.source else { continue };
        // What is named by its digest does not move.
        if reference.digest().is_some() {
            continue;
        }
        let same = |old: &Tag| old.plugin == one.name && old.reference == *reference;
        let known = before.iter().position(same);
        let new = || Tag::new(&one.name, reference, swaps);
        tags.push(known.map_or_else(new, |known| before.swap_remove(known)));
    }
}

/// One plugin whose tag may move.
struct Tag {
    plugin: String,
    reference: OciReference,
    registries: Registries,
    /// Digest of the manifest that was swapped in last, or tried.
    seen: String,
    /// What was said last and is still so.
    trouble: Option<String>,
}

impl Tag {
    fn new(plugin: &str, reference: &OciReference, swaps: &Swaps) -> Self {
        let versions = swaps.versions(plugin).unwrap_or_default();
        let came_from = versions.first().and_then(|serves| serves.source.as_deref());
        let pinned = came_from.and_then(|source| OciReference::parse(source).ok());
        Self {
            plugin: plugin.to_owned(),
            reference: reference.clone(),
            registries: registries(),
            seen: pinned.and_then(|one| one.digest().map(str::to_owned)).unwrap_or_default(),
            trouble: None,
        }
    }

    async fn look(&mut self, swaps: &Swaps) {
        let trouble = match self.moved(swaps).await {
            Ok(said) => {
                said.iter().for_each(|said| say(&self.plugin, said));
                None
            }
            Err(error) => {
                let trouble = format!("not swapped, the version before serves: {error:#}");
                // A registry that is away for hours is said once.
                if self.trouble.as_ref() != Some(&trouble) {
                    say(&self.plugin, &trouble);
                }
                Some(trouble)
            }
        };
        self.trouble = trouble;
    }

    /// Swaps if the tag has moved, and says how that ended.
    async fn moved(&mut self, swaps: &Swaps) -> Result<Option<String>, Error> {
        let unpulled = |why| unpulled(&self.reference, &why);
        if self.registries.resolve(&self.reference).await.map_err(unpulled)? == self.seen {
            return Ok(None);
        }
        let Pulled { bytes, reference } =
            self.registries.pull(&self.reference).await.map_err(unpulled)?;
        let manifest = reference.digest().unwrap_or_default();
        if manifest == self.seen {
            // It has moved back, or its registry calls it by another digest.
            return Ok(None);
        }
        let digest = Digest::of(&bytes).to_string();
        swaps.came_from(&self.plugin, &digest, reference.to_string());
        let said = match serves(&self.plugin, &digest, swaps) {
            true => format!("the tag has moved, and the plugin is the same: {reference}"),
            false => ending(&swapped(&self.plugin, bytes, swaps).await?),
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
