//! One plugin of a running pipeline, and what may happen to its versions: one thing at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_queue::Share;
use tokio::sync::watch;

use super::crew::Crew;
use super::deployment::{Deployment, UnderWay};
use super::error::SwapError;
use super::options::SwapOptions;
use super::stage::Stage;
use super::status::SwapStatus;
use super::swaps::Reverted;
use super::version::Version;
use crate::post::Post;

/// Why a swap ends that somebody rolled back.
const ASKED_FOR: &str = "somebody asked for it";

/// One plugin, and who works for it.
pub(crate) struct Entry {
    pub(super) deployment: Arc<Deployment>,
    pub(super) crew: Crew,
    /// Its subscriptions.
    posts: Mutex<Arc<[Arc<Post>]>>,
}

impl Entry {
    pub(super) fn new(deployment: Arc<Deployment>, crew: Crew, posts: Arc<[Arc<Post>]>) -> Self {
        Self { deployment, crew, posts: Mutex::new(posts) }
    }

    /// What its subscriptions' workers have in common.
    pub(super) fn posts(&self) -> Arc<[Arc<Post>]> {
        Arc::clone(&self.posts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// It has these subscriptions from now on.
    pub(super) fn serve(&self, posts: Arc<[Arc<Post>]>) {
        *self.posts.lock().unwrap_or_else(PoisonError::into_inner) = posts;
    }

    /// Nobody swaps it until [`Entry::release`].
    pub(super) fn hold(&self) -> Result<(), SwapError> {
        let mut under_way = self.under_way();
        if !matches!(*under_way, UnderWay::Nothing) {
            return Err(self.busy(&under_way));
        }
        *under_way = UnderWay::Apply;
        Ok(())
    }

    pub(super) fn release(&self) {
        *self.under_way() = UnderWay::Nothing;
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.deployment.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the reason goes for which the swap that is under way must end.
    pub(super) fn end_of_swap(&self) -> Option<watch::Sender<Option<String>>> {
        match &*self.under_way() {
            UnderWay::Swap(end) => Some(end.clone()),
            UnderWay::Nothing | UnderWay::Rollback | UnderWay::Apply => None,
        }
    }

    /// A swap begins, if none is under way.
    pub(super) fn receive(
        &self,
        options: SwapOptions,
        end: watch::Sender<Option<String>>,
    ) -> Result<SwapStatus, SwapError> {
        let mut under_way = self.under_way();
        if !matches!(*under_way, UnderWay::Nothing) {
            return Err(self.busy(&under_way));
        }
        *under_way = UnderWay::Swap(end);
        let from = self.deployment.service.borrow().serving.digest().to_owned();
        let now = self.deployment.broker.now().wall_ms;
        let mut status = SwapStatus::received(self.deployment.name(), &from, options, now);
        self.deployment.status.send_modify(|told| {
            // Who waits for the end of the one before sees that there is another.
            status.revision += told.as_ref().map_or(0, |before| before.revision);
            *told = Some(status.clone());
        });
        tracing::info!(plugin = %status.plugin, from = %status.from, "a swap begins");
        Ok(status)
    }

    fn busy(&self, with: &UnderWay) -> SwapError {
        if matches!(with, UnderWay::Apply) {
            return SwapError::Applying;
        }
        match self.deployment.status.borrow().clone() {
            Some(status) => SwapError::Busy(Box::new(status)),
            None => SwapError::NothingBefore,
        }
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut SwapStatus)) {
        self.deployment.status.send_modify(|status| {
            if let Some(status) = status {
                change(status);
            }
        });
    }

    /// The swap is at `stage` now. Whoever sees its end may begin another one, and nobody before.
    pub(super) fn reach(&self, stage: Stage) {
        let mut under_way = stage.is_end().then(|| self.under_way());
        let now = self.deployment.broker.now().wall_ms;
        let mut told = None;
        self.deployment.status.send_modify(|status| {
            let reached = status.as_mut().filter(|status| status.state != stage);
            told = reached.map(|status| {
                status.reach(stage, now);
                status.clone()
            });
        });
        under_way.iter_mut().for_each(|under_way| **under_way = UnderWay::Nothing);
        drop(under_way);
        told.iter().for_each(log);
    }

    /// Ends the swap that is under way and waits for its end.
    pub(super) async fn call_off(
        &self,
        end: &watch::Sender<Option<String>>,
    ) -> Result<Reverted, SwapError> {
        let mut told = self.deployment.status.subscribe();
        end.send_if_modified(|why| {
            let first = why.is_none();
            why.get_or_insert_with(|| ASKED_FOR.to_owned());
            first
        });
        let done = |status: &Option<SwapStatus>| status.as_ref().is_some_and(|one| one.done);
        let status = told.wait_for(done).await.ok().and_then(|status| status.clone());
        let status = status.ok_or(SwapError::NothingBefore)?;
        if status.state == Stage::Promoted {
            // It was promoted in the same moment.
            return self.go_back().await;
        }
        Ok(self.reverted(status.to.unwrap_or_default()))
    }

    /// Lets the version serve that served before.
    pub(super) async fn go_back(&self) -> Result<Reverted, SwapError> {
        let previous = self.deployment.service.borrow().previous.clone();
        let previous = previous.ok_or(SwapError::NothingBefore)?;
        {
            let mut under_way = self.under_way();
            if !matches!(*under_way, UnderWay::Nothing) {
                return Err(self.busy(&under_way));
            }
            *under_way = UnderWay::Rollback;
        }
        let from = self.deployment.service.borrow().serving.digest().to_owned();
        if let Err(error) = self.replace(&previous).await {
            *self.under_way() = UnderWay::Nothing;
            return Err(error);
        }
        let reverted = self.reverted(from);
        self.end_rollback(&reverted.from);
        Ok(reverted)
    }

    /// The swap that brought the version `digest` is told to be taken back. Then another may begin.
    fn end_rollback(&self, digest: &str) {
        let brought = |status: &SwapStatus| status.to.as_deref() == Some(digest);
        if self.deployment.status.borrow().as_ref().is_some_and(brought) {
            self.update(|status| status.reason = Some(ASKED_FOR.to_owned()));
            return self.reach(Stage::RolledBack);
        }
        *self.under_way() = UnderWay::Nothing;
    }

    async fn replace(&self, previous: &Version) -> Result<(), SwapError> {
        self.deployment.begin(previous.module(), Share::ALL).await?;
        let old = self.deployment.promote(None).await?;
        self.deployment.forget_previous();
        old.into_iter().for_each(|old| self.retire(old));
        Ok(())
    }

    fn reverted(&self, from: String) -> Reverted {
        let to = self.deployment.service.borrow().serving.digest().to_owned();
        Reverted { plugin: self.deployment.name().to_owned(), from, to }
    }

    /// Lets the workers of a version that served finish what they have in hand; then nothing of it
    /// can settle any more.
    pub(crate) fn retire(&self, old: Arc<Version>) {
        let deployment = Arc::clone(&self.deployment);
        let (serving, posts) = (deployment.serving(), self.posts());
        self.crew.spawn(format!("end of a version of {}", deployment.name()), async move {
            old.left().await;
            for post in &*posts {
                let generation = serving.generation(post.subscription);
                if let Err(error) = deployment.broker.fence(post.subscription, generation).await {
                    tracing::error!(subscription = %post.name, %error, "the old version was not fenced");
                }
            }
            deployment.forget(&old);
        });
    }

    /// Lets the workers of a version go whose trial was ended.
    pub(super) fn dismiss(&self, version: Arc<Version>) {
        let deployment = Arc::clone(&self.deployment);
        self.crew.spawn(format!("end of a trial of {}", deployment.name()), async move {
            version.left().await;
            deployment.forget(&version);
        });
    }
}

fn log(status: &SwapStatus) {
    let SwapStatus { plugin, to, state, reason, failed_at, .. } = status;
    let (to, state) = (to.as_deref().unwrap_or_default(), state.name());
    match reason {
        Some(reason) => {
            tracing::warn!(%plugin, to, state, failed_at, %reason, "the swap has ended: the old version serves");
        }
        None => tracing::info!(%plugin, to, state, "swap"),
    }
}
