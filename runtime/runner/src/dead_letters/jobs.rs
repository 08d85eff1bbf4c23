//! The redrives of all subscriptions that go on by themselves, each its last one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use millstream_message::SubscriptionId;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::errand::Errand;
use super::error::DeadLetterError;
use super::job::{Beginning, Job, JobState, JobStatus, lock};
use super::rate::Rate;

/// The jobs: the last one of each subscription.
#[derive(Clone, Default)]
pub(super) struct Jobs {
    by_subscription: Arc<Mutex<BTreeMap<SubscriptionId, Arc<Job>>>>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Jobs {
    /// Starts a job. When this answers, it goes on whatever happens to the process.
    pub(super) async fn start(
        &self,
        errand: Errand,
        rate: Rate,
        matched: u64,
    ) -> Result<JobStatus, DeadLetterError> {
        let (told, kept) = oneshot::channel();
        let beginning = Beginning::New(errand.memo(rate, matched), told);
        let status = self.add(errand, rate, matched, beginning)?;
        kept.await.unwrap_or(Err(DeadLetterError::Closed)).map(|()| status)
    }

    /// Goes on with a job of the process before.
    pub(super) fn resume(
        &self,
        errand: Errand,
        rate: Rate,
        matched: u64,
    ) -> Result<JobStatus, DeadLetterError> {
        self.add(errand, rate, matched, Beginning::Again)
    }

    fn add(
        &self,
        errand: Errand,
        rate: Rate,
        matched: u64,
        beginning: Beginning,
    ) -> Result<JobStatus, DeadLetterError> {
        let mut jobs = lock(&self.by_subscription);
        let subscription = errand.shelf.id;
        if self.closing.is_cancelled() {
            return Err(DeadLetterError::Closed);
        }
        if jobs.get(&subscription).is_some_and(|job| job.runs()) {
            return Err(DeadLetterError::JobRunning);
        }
        let status = JobStatus { matched, moved: 0, state: JobState::Running };
        let job = Arc::new(Job::new(status, self.closing.clone()));
        jobs.insert(subscription, Arc::clone(&job));
        self.tasks.spawn(job.run(errand, rate, beginning));
        Ok(status)
    }

    pub(super) fn runs(&self, subscription: SubscriptionId) -> bool {
        self.status(subscription).is_some_and(|status| status.state == JobState::Running)
    }

    pub(super) fn status(&self, subscription: SubscriptionId) -> Option<JobStatus> {
        Some(lock(&self.by_subscription).get(&subscription)?.status())
    }

    /// Answers when no start goes on with it.
    pub(super) async fn stop(&self, subscription: SubscriptionId) -> Option<JobStatus> {
        let job = Arc::clone(lock(&self.by_subscription).get(&subscription)?);
        job.stop.cancel();
        job.over.cancelled().await;
        Some(job.status())
    }

    pub(super) async fn close(&self) {
        // Under the lock, so that a job that is about to start is told as well.
        {
            let _jobs = lock(&self.by_subscription);
            self.closing.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}
