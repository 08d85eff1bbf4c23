//! `--watch`: a plugin whose folder or file changes is built and swapped while the pipeline runs, one
//! whose tag has moved is fetched and swapped, and the pipeline file is applied when it changes.
//!
//! Whatever goes wrong on the way, the version that serves goes on, and one line says what happened.

mod tags;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Error, anyhow};
use bytes::Bytes;
use millstream_pipeline::{ComponentSource, Plan, render};
use millstream_plugin_host::Digest;
use millstream_runner::{Running, SwapOptions, SwapStatus, Swaps};
use millstream_server::{Pipelines, Refused, Wish};
use millstream_workshop::{WorkshopError, component_path, last_change};
use tokio::time::{MissedTickBehavior, interval};

pub(super) use self::tags::{TAGS_EVERY, tags_every};
use crate::logs;
use crate::pipeline_file::{read_component, read_text, sources};
use crate::print::harmless;

/// How often files are looked at: soon enough for somebody who has just saved one.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a new version is watched: somebody sits before it.
const PROBATION: Duration = Duration::from_secs(2);

/// Builds what the plan's plugin folders lack, so that a start finds it.
pub(super) async fn build_missing(sources: impl IntoIterator<Item = ComponentSource>) {
    for source in sources {
        let ComponentSource::Folder(folder) = source else { continue };
        let built = blocking(move || up_to_date(&folder)).await;
        // What cannot be built is a finding of the check that follows.
        built.err().into_iter().for_each(|error| logs::say(&harmless(&format!("{error:#}"))));
    }
}

/// Watches until it is dropped. A registry that answers late holds up no folder.
pub(super) async fn watch(
    file: &Path,
    running: &Running,
    pipelines: &dyn Pipelines,
    tags_every: Duration,
) -> Infallible {
    tokio::join!(watch_files(file, running, pipelines), tags::watch(running, tags_every)).0
}

async fn watch_files(file: &Path, running: &Running, pipelines: &dyn Pipelines) -> Infallible {
    let swaps = running.swaps();
    let mut watched = Vec::new();
    let mut pipeline = Stamp::default();
    pipeline.act_on(modified(file));
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        follow(&mut watched, running.wiring().plan());
        for one in &mut watched {
            one.look(&swaps).await;
        }
        if pipeline.settled(modified(file)) {
            apply(file, pipelines).await;
        }
    }
}

/// Whatever is applied, the plugins that run are watched.
fn follow(watched: &mut Vec<Watched>, plan: &Plan) {
    let mut before = std::mem::take(watched);
    for one in &plan.plugins {
        let Some(new) = Watched::new(&one.name, &one.source) else { continue };
        let known = before.iter().position(|old| old.name == new.name && old.source == new.source);
        watched.push(known.map_or(new, |known| before.swap_remove(known)));
    }
}

/// Applies the file and says what came of it. Whatever is wrong, what ran goes on.
async fn apply(file: &Path, pipelines: &dyn Pipelines) {
    let said = match read_text(file) {
        Ok(text) => {
            if let Ok(sources) = sources(file) {
                build_missing(sources).await;
            }
            let base = Some(file.parent().unwrap_or(Path::new("")).to_owned());
            let name = Some(file.display().to_string());
            let wish = Wish { text: text.clone(), base, name, ..Wish::default() };
            match pipelines.apply(wish).await {
                Ok(applied) => applied.to_string(),
                Err(refused) => not_applied(refused, &text),
            }
        }
        Err(error) => format!("{error:#}"),
    };
    logs::say(&harmless(&said));
}

fn not_applied(refused: Refused, text: &str) -> String {
    let why = match refused {
        Refused::Findings { findings, .. } => render(&findings, text, logs::stderr_has_color()),
        Refused::Wrong(what) => what,
        Refused::Apply(error) => error.to_string(),
    };
    format!("{why}\nnot applied: the pipeline of before goes on")
}

/// One plugin of this machine.
struct Watched {
    name: String,
    source: Local,
    stamp: Stamp,
    /// Digest of what was there at the last look.
    tried: Option<String>,
}

/// Where it is.
#[derive(Clone, PartialEq, Eq)]
enum Local {
    Folder(PathBuf),
    File(PathBuf),
}

/// When something was last written. What is still being written waits.
#[derive(Default)]
struct Stamp {
    acted_on: Option<SystemTime>,
    seen: Option<SystemTime>,
}

impl Stamp {
    /// Whether there is a change that was not acted on, and nothing more since the last look.
    fn settled(&mut self, now: Option<SystemTime>) -> bool {
        let still = self.seen == now;
        self.seen = now;
        if !still || self.acted_on == now || now.is_none() {
            return false;
        }
        self.acted_on = now;
        true
    }

    /// Our own doing is no change.
    fn act_on(&mut self, now: Option<SystemTime>) {
        (self.acted_on, self.seen) = (now, now);
    }
}

impl Watched {
    fn new(name: &str, source: &ComponentSource) -> Option<Self> {
        let source = match source.clone() {
            ComponentSource::Folder(folder) => Local::Folder(folder),
            ComponentSource::File(path) => Local::File(path),
            ComponentSource::Registry(_) => return None,
        };
        Some(Self { name: name.to_owned(), source, stamp: Stamp::default(), tried: None })
    }

    async fn look(&mut self, swaps: &Swaps) {
        let now = self.changed_at().await;
        if !self.stamp.settled(now) {
            return;
        }
        let said = match self.swap(swaps).await {
            Ok(status) => status.as_ref().map(ending),
            Err(error) => {
                // What a failed build left behind must not start the next one.
                let now = self.changed_at().await;
                self.stamp.act_on(now);
                Some(format!("not swapped, the version before serves: {error:#}"))
            }
        };
        said.iter().for_each(|said| say(&self.name, said));
    }

    async fn changed_at(&self) -> Option<SystemTime> {
        let source = self.source.clone();
        let changed = move || match source {
            // A folder that cannot be read now may be in a moment.
            Local::Folder(folder) => Ok(last_change(&folder).ok().flatten()),
            Local::File(path) => Ok(modified(&path)),
        };
        blocking(changed).await.ok().flatten()
    }

    /// Builds what has changed and swaps; gives how that ended. None where what is there serves
    /// already, as it does when the host has just started, or was tried already: a build changes its
    /// folder.
    async fn swap(&mut self, swaps: &Swaps) -> Result<Option<SwapStatus>, Error> {
        let source = self.source.clone();
        let bytes = blocking(move || {
            let path = match source {
                Local::Folder(folder) => up_to_date(&folder)?,
                Local::File(path) => path,
            };
            let bytes = read_component(&path)?;
            Ok((Digest::of(&bytes).to_string(), bytes))
        });
        let (digest, bytes) = bytes.await?;
        let serves = serves(&self.name, &digest, swaps);
        let before = self.tried.replace(digest);
        if serves || before == self.tried {
            return Ok(None);
        }
        swapped(&self.name, bytes, swaps).await.map(Some)
    }
}

/// Whether the version with this digest serves.
fn serves(name: &str, digest: &str, swaps: &Swaps) -> bool {
    let versions = swaps.versions(name).unwrap_or_default();
    versions.first().is_some_and(|serving| serving.digest == digest)
}

/// Swaps, and gives how that ended.
async fn swapped(name: &str, bytes: Bytes, swaps: &Swaps) -> Result<SwapStatus, Error> {
    let options = SwapOptions { probation: PROBATION, ..SwapOptions::default() };
    let mut status = swaps.begin(name, bytes, options)?;
    while !status.done {
        let later = swaps.status_after(name, status.revision).await;
        status = later.ok_or_else(|| anyhow!("the plugin is gone"))?;
    }
    Ok(status)
}

/// Says a line about a plugin.
fn say(name: &str, said: &str) {
    logs::say(&harmless(&format!("`{name}`: {said}")));
}

/// How a swap ended, in a line.
fn ending(status: &SwapStatus) -> String {
    let to = status.to.as_deref().unwrap_or_default();
    let from = status.source.as_ref().map(|source| format!(", from {source}")).unwrap_or_default();
    match (&status.reason, status.failed_at) {
        (None, _) => format!("swapped, {to} serves{from}"),
        (Some(why), at) => format!(
            "{}, the version before serves: {}: {}",
            status.state.name(),
            at.unwrap_or_default(),
            why.lines().next().unwrap_or_default(),
        ),
    }
}

/// The component of a plugin folder, built if it is older than its sources.
fn up_to_date(folder: &Path) -> Result<PathBuf, Error> {
    match component_path(folder) {
        Err(WorkshopError::Unbuilt { .. }) => {
            // What a build says matters when it fails: then its end is in the error.
            Ok(millstream_workshop::build(folder, &mut |_| {})?.path)
        }
        found => Ok(found?),
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// Does what waits for the disk or a build on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.context("watching failed")?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_once_it_stays_for_a_look() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let mut stamp = Stamp::default();
        let looks = [at(1), at(1), at(2), at(3), at(3), at(3), None, None, at(3)];
        let settled: Vec<bool> = looks.into_iter().map(|now| stamp.settled(now)).collect();
        let expected = [false, true, false, false, true, false, false, false, false];
        assert_eq!(settled, expected);
        stamp.act_on(at(4));
        assert!(!stamp.settled(at(4)));
    }
}
