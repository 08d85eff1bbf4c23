//! Redrives that go on by themselves, at a rate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_message::SubscriptionId;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::errand::Errand;
use super::error::DeadLetterError;
use super::rate::Rate;
use super::shelf::Found;

/// How long a job waits for room where no more messages may be parked.
const ROOM_PAUSE: Duration = Duration::from_millis(100);

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct JobStatus {
    /// Letters that were meant when it began.
    pub matched: u64,
    /// Letters that moved.
    pub moved: u64,
    /// Whether it goes on.
    pub state: JobState,
}

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It does.
    Running,
    /// It has moved all that there was to move.
    Done,
    /// It was stopped: the rest is still dead letters.
    Stopped,
}

/// The jobs: the last one of each subscription.
#[derive(Clone, Default)]
pub(super) struct Jobs {
    by_subscription: Arc<Mutex<BTreeMap<SubscriptionId, Arc<Job>>>>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

struct Job {
    status: Mutex<JobStatus>,
    stop: CancellationToken,
}

impl Jobs {
    pub(super) fn start(
        &self,
        errand: Errand,
        rate: Rate,
        matched: u64,
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
        let job = Arc::new(Job { status: Mutex::new(status), stop: self.closing.child_token() });
        jobs.insert(subscription, Arc::clone(&job));
        self.tasks.spawn(job.run(errand, rate));
        Ok(status)
    }

    pub(super) fn runs(&self, subscription: SubscriptionId) -> bool {
        self.status(subscription).is_some_and(|status| status.state == JobState::Running)
    }

    pub(super) fn status(&self, subscription: SubscriptionId) -> Option<JobStatus> {
        Some(lock(&self.by_subscription).get(&subscription)?.status())
    }

    pub(super) fn stop(&self, subscription: SubscriptionId) -> Option<JobStatus> {
        let job = Arc::clone(lock(&self.by_subscription).get(&subscription)?);
        job.end(JobState::Stopped);
        job.stop.cancel();
        Some(job.status())
    }

    pub(super) async fn close(&self) {
        // Under the lock, so that a job that is about to start is told as well.
        {
            let jobs = lock(&self.by_subscription);
            self.closing.cancel();
            jobs.values().for_each(|job| job.end(JobState::Stopped));
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Job {
    async fn run(self: Arc<Self>, errand: Errand, rate: Rate) {
        // However the task ends, nobody is told that it goes on.
        let _ended = Ended(Arc::clone(&self));
        let subscription = errand.shelf.subscription.clone();
        match self.move_all(errand, rate).await {
            Ok(()) if self.stop.is_cancelled() => {}
            Ok(()) => self.end(JobState::Done),
            Err(error) => tracing::warn!(subscription, %error, "a redrive stopped"),
        }
    }

    async fn move_all(&self, mut errand: Errand, rate: Rate) -> Result<(), DeadLetterError> {
        let (together, mut turns) = turns(rate);
        while !errand.range.is_empty() {
            let letters = errand.shelf.page(&mut errand.range, &errand.wanted)?;
            for letters in letters.chunks(together) {
                if self.stopped_before(turns.tick()).await {
                    return Ok(());
                }
                self.move_some(&errand, letters).await?;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Moves these letters, waiting for room where no more may be parked.
    async fn move_some(&self, errand: &Errand, letters: &[Found]) -> Result<(), DeadLetterError> {
        let mut rest = letters;
        while !rest.is_empty() {
            match self.carry(errand, rest).await? {
                0 if self.stopped_before(sleep(ROOM_PAUSE)).await => return Ok(()),
                looked_at => rest = &rest[looked_at..],
            }
        }
        Ok(())
    }

    /// Waits; true when the job was stopped meanwhile. What moves is never called off half way.
    async fn stopped_before<T>(&self, wait: impl Future<Output = T>) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => true,
            _ = wait => false,
        }
    }

    /// What was under way when the job was stopped is still counted.
    async fn carry(&self, errand: &Errand, letters: &[Found]) -> Result<usize, DeadLetterError> {
        if !self.runs() {
            return Ok(letters.len());
        }
        let done = errand.carry(letters).await?;
        lock(&self.status).moved += done.moved;
        Ok((done.looked_at as usize).min(letters.len()))
    }

    fn status(&self) -> JobStatus {
        *lock(&self.status)
    }

    fn runs(&self) -> bool {
        self.status().state == JobState::Running
    }

    /// A job that has ended stays as it ended.
    fn end(&self, state: JobState) {
        let mut status = lock(&self.status);
        if status.state == JobState::Running {
            status.state = state;
        }
    }
}

/// The end of a job's task.
struct Ended(Arc<Job>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end(JobState::Stopped);
    }
}

/// How many letters move together, and when.
fn turns(rate: Rate) -> (usize, Interval) {
    let (together, every) = rate.pace();
    let mut turns = interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    (together, turns)
}

/// What a panic left is whole: each section sets plain values.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
