//! The swaps of a running pipeline, for whoever asks for one or about one.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use millstream_plugin_host::Digest;
use serde::Serialize;
use tokio::sync::watch;

use super::course::Course;
use super::crew::Crew;
use super::deployment::Deployment;
use super::entry::Entry;
use super::error::SwapError;
use super::options::SwapOptions;
use super::status::SwapStatus;
use super::version::VersionReport;
use crate::post::Post;

/// The plugins of a running pipeline and what is swapped. Cloning is cheap; the default knows no
/// plugin.
#[derive(Clone, Default)]
pub struct Swaps {
    entries: Arc<RwLock<Vec<Arc<Entry>>>>,
}

/// Nobody swaps a plugin as long as it lives.
pub(crate) struct Held(Vec<Arc<Entry>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.iter().for_each(|entry| entry.release());
    }
}

/// What a rollback did.
#[derive(Clone, Debug, Serialize)]
pub struct Reverted {
    /// The plugin's name.
    pub plugin: String,
    /// Digest of the version that had messages.
    pub from: String,
    /// Digest of the version that serves now.
    pub to: String,
}

/// A plugin that runs, with what the workers of its subscriptions have in common.
pub(crate) type Served = (Arc<Deployment>, Arc<[Arc<Post>]>);

impl Swaps {
    /// These plugins run from now on, each with what the workers of its subscriptions have in common.
    pub(crate) fn serve(&self, plugins: Vec<Served>, crew: &Crew) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let entry = |(deployment, posts): Served| match entries
            .iter()
            .find(|one| Arc::ptr_eq(&one.deployment, &deployment))
        {
            Some(entry) => {
                entry.serve(posts);
                Arc::clone(entry)
            }
            None => Arc::new(Entry::new(deployment, crew.clone(), posts)),
        };
        let serving = plugins.into_iter().map(entry).collect();
        *entries = serving;
    }

    /// Keeps everybody from swapping.
    ///
    /// # Errors
    /// A swap is under way.
    pub(crate) fn hold(&self) -> Result<Held, (String, SwapError)> {
        let mut held = Held(Vec::new());
        for entry in self.read().iter() {
            entry.hold().map_err(|error| (entry.deployment.name().to_owned(), error))?;
            held.0.push(Arc::clone(entry));
        }
        Ok(held)
    }

    /// Says where in a registry the version of `plugin` with this digest came from, before it is swapped
    /// in or once it serves: reports of versions and swaps show it.
    pub fn came_from(&self, plugin: &str, digest: &str, source: String) {
        if let Some(entry) = self.entry(plugin) {
            entry.deployment.came_from(digest.to_owned(), source);
        }
    }

    /// As [`Swaps::begin`], with a version that came from `source` in a registry.
    ///
    /// # Errors
    /// As [`Swaps::begin`].
    pub fn begin_from(
        &self,
        plugin: &str,
        bytes: Bytes,
        source: String,
        options: SwapOptions,
    ) -> Result<SwapStatus, SwapError> {
        self.came_from(plugin, &Digest::of(&bytes).to_string(), source);
        self.begin(plugin, bytes, options)
    }

    /// Begins to swap `plugin` for the version in `bytes`, and answers at once; [`Swaps::status`]
    /// tells how it goes. Whatever goes wrong, the version that serves goes on.
    ///
    /// # Errors
    /// Nothing was begun: another swap of the plugin is under way, or the options cannot be meant.
    pub fn begin(
        &self,
        plugin: &str,
        bytes: Bytes,
        options: SwapOptions,
    ) -> Result<SwapStatus, SwapError> {
        let entry = self.entry(plugin).ok_or(SwapError::Unknown)?;
        options.check().map_err(SwapError::Options)?;
        if entry.crew.stop.is_cancelled() {
            return Err(SwapError::Stopping);
        }
        let (end, ended) = watch::channel(None);
        let status = entry.receive(options, end)?;
        let course = Course::new(Arc::clone(&entry), bytes, options, ended);
        entry.crew.spawn(format!("swap of {plugin}"), course.run());
        Ok(status)
    }

    /// The swap of `plugin` that is under way, else the last one; none where none was.
    #[must_use]
    pub fn status(&self, plugin: &str) -> Option<SwapStatus> {
        self.entry(plugin)?.deployment.status.borrow().clone()
    }

    /// As [`Swaps::status`], once that has passed `revision`.
    pub async fn status_after(&self, plugin: &str, revision: u64) -> Option<SwapStatus> {
        let mut told = self.entry(plugin)?.deployment.status.subscribe();
        let passed = |status: &Option<SwapStatus>| {
            status.as_ref().is_some_and(|status| status.revision > revision)
        };
        // The sender lives as long as we do.
        told.wait_for(passed).await.ok()?.clone()
    }

    /// The versions of `plugin`, the one that serves first; none where there is no such plugin.
    #[must_use]
    pub fn versions(&self, plugin: &str) -> Option<Vec<VersionReport>> {
        Some(self.entry(plugin)?.deployment.versions())
    }

    /// Goes back: ends the swap that is under way, else lets the version before serve.
    ///
    /// # Errors
    /// There is nothing to go back to; nothing changed.
    pub async fn roll_back(&self, plugin: &str) -> Result<Reverted, SwapError> {
        let entry = self.entry(plugin).ok_or(SwapError::Unknown)?;
        let swap = entry.end_of_swap();
        match swap {
            Some(end) => entry.call_off(&end).await,
            None => entry.go_back().await,
        }
    }

    /// The plugins that run, in the order of the file.
    pub(crate) fn deployments(&self) -> Vec<Arc<Deployment>> {
        self.read().iter().map(|entry| Arc::clone(&entry.deployment)).collect()
    }

    pub(crate) fn entry(&self, plugin: &str) -> Option<Arc<Entry>> {
        self.read().iter().find(|entry| entry.deployment.name() == plugin).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<Entry>>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}
