//! A redrive that goes on by itself, at a rate, and over restarts of the host.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

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

/// A redrive at a rate.
pub(super) struct Job {
    status: Mutex<JobStatus>,
    /// Somebody stops it for good.
    pub(super) stop: CancellationToken,
    /// The host closes.
    closing: CancellationToken,
    /// It moves nothing any more, and the broker knows.
    pub(super) over: CancellationToken,
}

/// How a job begins.
pub(super) enum Beginning {
    /// As this memo says, once it is kept: then the other side is told.
    New(Bytes, oneshot::Sender<Result<(), DeadLetterError>>),
    /// Where the process before left it.
    Again,
}

impl Job {
    pub(super) fn new(status: JobStatus, closing: CancellationToken) -> Self {
        let (stop, over) = (CancellationToken::new(), CancellationToken::new());
        Self { status: Mutex::new(status), stop, closing, over }
    }

    pub(super) async fn run(self: Arc<Self>, mut errand: Errand, rate: Rate, beginning: Beginning) {
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

    pub(super) fn status(&self) -> JobStatus {
        *lock(&self.status)
    }

    pub(super) fn runs(&self) -> bool {
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
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
