//! Requests that move dead letters: back to their subscription, or away.

use std::time::Duration;

use bytes::Bytes;
use millstream_message::SubscriptionId;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::DeadLetters;
use super::errand::{Action, Errand};
use super::error::DeadLetterError;
use super::job::JobStatus;
use super::rate::Rate;
use super::selection::{Selection, Wanted};
use super::shelf::{Range, Shelf};

/// How long a request may look through letters, and how long it may move them: somebody waits for
/// its answer.
pub(super) const REQUEST_MAX: Duration = Duration::from_secs(20);

/// How dead letters are put back.
#[derive(Clone, Debug, Default)]
pub struct Redrive {
    /// Only say how many would be.
    pub dry_run: bool,
    /// What the message holds from now on, instead of what failed; its id, key and headers stay.
    pub payload: Option<Bytes>,
    /// How fast, as a job that goes on by itself; none: at once.
    pub rate: Option<Rate>,
}

/// What came of a request to move dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is over.
    Done {
        /// Letters that were meant.
        matched: u64,
        /// Letters that moved; none in a dry run.
        moved: u64,
        /// Whether all that were meant were tried: a request stops where no more messages may be
        /// parked, and when it has taken long.
        complete: bool,
    },
    /// It goes on by itself.
    Started(JobStatus),
}

impl DeadLetters {
    /// Puts letters back to the subscription, each atomically.
    ///
    /// With a rate it starts a job; [`DeadLetters::job`] tells how it goes.
    ///
    /// # Errors
    /// Nothing was moved: the subscription has no dead-letter topic, a job of it runs, the payload
    /// does not fit what is asked, or the condition cannot be answered for a letter.
    pub async fn redrive(
        &self,
        subscription: SubscriptionId,
        selection: Selection,
        how: Redrive,
    ) -> Result<Outcome, DeadLetterError> {
        let shelf = self.shelf(subscription)?;
        self.check_payload(&shelf, &selection, how.payload.as_ref())?;
        if !how.dry_run && self.jobs.runs(subscription) {
            return Err(DeadLetterError::JobRunning);
        }
        let wanted = selection.into_wanted(&shelf.subscription);
        let range = shelf.all();
        let matched = self.count(&shelf, range, &wanted).await?;
        if how.dry_run {
            return Ok(Outcome::Done { matched, moved: 0, complete: true });
        }
        let errand = Errand { shelf, range, wanted, action: Action::Redrive(how.payload) };
        match how.rate {
            Some(rate) => self.jobs.start(errand, rate, matched).await.map(Outcome::Started),
            None => errand.run(matched).await,
        }
    }

    /// Deletes letters for good.
    ///
    /// # Errors
    /// Nothing was deleted: the subscription has no dead-letter topic, or the condition cannot be
    /// answered for a letter.
    pub async fn purge(
        &self,
        subscription: SubscriptionId,
        selection: Selection,
        dry_run: bool,
    ) -> Result<Outcome, DeadLetterError> {
        let shelf = self.shelf(subscription)?;
        let wanted = selection.into_wanted(&shelf.subscription);
        let range = shelf.all();
        let matched = self.count(&shelf, range, &wanted).await?;
        if dry_run {
            return Ok(Outcome::Done { matched, moved: 0, complete: true });
        }
        Errand { shelf, range, wanted, action: Action::Purge }.run(matched).await
    }

    fn check_payload(
        &self,
        shelf: &Shelf,
        selection: &Selection,
        payload: Option<&Bytes>,
    ) -> Result<(), DeadLetterError> {
        let Some(payload) = payload else { return Ok(()) };
        if !matches!(selection, Selection::Ids(ids) if ids.len() == 1) {
            return Err(DeadLetterError::PayloadNeedsOneId);
        }
        let bytes_max = shelf.message_max;
        match payload.len() as u64 > bytes_max {
            true => Err(DeadLetterError::PayloadTooLarge { bytes_max }),
            false => Ok(()),
        }
    }

    /// How many letters are meant. Asked before any moves, so that a condition that cannot be
    /// answered moves none.
    async fn count(
        &self,
        shelf: &Shelf,
        mut range: Range,
        wanted: &Wanted,
    ) -> Result<u64, DeadLetterError> {
        let counting = async {
            let mut matched = 0;
            while !range.is_empty() {
                matched += shelf.page(&mut range, wanted)?.len() as u64;
                yield_now().await;
            }
            Ok(matched)
        };
        timeout(REQUEST_MAX, counting).await.unwrap_or(Err(DeadLetterError::TooSlow(REQUEST_MAX)))
    }
}
