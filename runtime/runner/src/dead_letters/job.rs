//! Redrives that go on by themselves, at a rate, and over restarts of the host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millstream_message::SubscriptionId;
use serde::Serialize;
use tokio::sync::oneshot;
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
    /// Somebody stops it for good.
    stop: CancellationToken,
    /// The host closes.
    closing: CancellationToken,
    /// It moves nothing any more, and the broker knows.
    over: CancellationToken,
}

/// How a job begins.
enum Beginning {
    /// As this memo says, once it is kept: then the other side is told.
    New(Bytes, oneshot::Sender<Result<(), DeadLetterError>>),
    /// Where the process before left it.
    Again,
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

impl Job {
    fn new(status: JobStatus, closing: CancellationToken) -> Self {
        let (stop, over) = (CancellationToken::new(), CancellationToken::new());
        Self { status: Mutex::new(status), stop, closing, over }
    }

    async fn run(self: Arc<Self>, mut errand: Errand, rate: Rate, beginning: Beginning) {
        // However the task ends, nobody is told that it goes on.
        let _over = Over(Arc::clone(&self));
        let state = match self.go(&mut errand, rate, beginning).await {
            Ok(true) => JobState::Done,
            Ok(false) => JobState::Stopped,
            Err(error) => {
                tracing::warn!(subscription = errand.shelf.subscription, %error, "a redrive stopped");
                JobState::Stopped
            }
        };
        if let Err(error) = self.forget(&errand, state).await {
            tracing::warn!(subscription = errand.shelf.subscription, %error, "a redrive may go on");
        }
        self.end(state);
    }

    /// Whether it came to its end.
    async fn go(
        &self,
        errand: &mut Errand,
        rate: Rate,
        beginning: Beginning,
    ) -> Result<bool, DeadLetterError> {
        match beginning {
            Beginning::New(memo, told) => {
                let kept = errand.remember(Some(memo)).await;
                // Whoever asked may have gone; it goes on all the same.
                let _ = told.send(kept.clone());
                kept?;
            }
            Beginning::Again => self.find_moved(errand).await?,
        }
        self.move_all(errand, rate).await
    }

    /// No start goes on with it; except where the host closes, and it has not come to its end.
    async fn forget(&self, errand: &Errand, state: JobState) -> Result<(), DeadLetterError> {
        let goes_on = self.closing.is_cancelled() && !self.stop.is_cancelled();
        if goes_on && state != JobState::Done {
            return Ok(());
        }
        errand.remember(None).await
    }

    /// What was meant and is no dead letter any more has moved.
    async fn find_moved(&self, errand: &Errand) -> Result<(), DeadLetterError> {
        let (mut range, mut left) = (errand.range, 0);
        while !range.is_empty() {
            left += errand.shelf.page(&mut range, &errand.wanted)?.len() as u64;
            tokio::task::yield_now().await;
        }
        let mut status = lock(&self.status);
        status.moved = status.matched.saturating_sub(left);
        Ok(())
    }

    async fn move_all(&self, errand: &mut Errand, rate: Rate) -> Result<bool, DeadLetterError> {
        let (together, mut turns) = turns(rate);
        while !errand.range.is_empty() {
            let letters = errand.shelf.page(&mut errand.range, &errand.wanted)?;
            for letters in letters.chunks(together) {
                if self.stopped_before(turns.tick()).await
                    || !self.move_some(errand, letters).await?
                {
                    return Ok(false);
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(true)
    }

    /// Moves these letters, waiting for room where no more may be parked; false when it was stopped, or
    /// there is nobody to move them to.
    async fn move_some(&self, errand: &Errand, letters: &[Found]) -> Result<bool, DeadLetterError> {
        let mut rest = letters;
        while !rest.is_empty() {
            match self.carry(errand, rest).await? {
                0 if errand.shelf.is_gone() => return Ok(false),
                0 if self.stopped_before(sleep(ROOM_PAUSE)).await => return Ok(false),
                looked_at => rest = &rest[looked_at..],
            }
        }
        Ok(true)
    }

    /// Waits; true when the job was stopped meanwhile. What moves is never called off half way.
    async fn stopped_before<T>(&self, wait: impl Future<Output = T>) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => true,
            () = self.closing.cancelled() => true,
            _ = wait => false,
        }
    }

    async fn carry(&self, errand: &Errand, letters: &[Found]) -> Result<usize, DeadLetterError> {
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
struct Over(Arc<Job>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.end(JobState::Stopped);
        self.0.over.cancel();
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
