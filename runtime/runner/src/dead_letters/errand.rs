//! Moving letters: where to, and as many as may move.

use bytes::Bytes;
use millstream_queue::Moved;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::error::DeadLetterError;
use super::memo::Memo;
use super::moving::{Outcome, REQUEST_MAX};
use super::rate::Rate;
use super::restored::restored;
use super::selection::Wanted;
use super::shelf::{Found, Range, Shelf};

/// Letters to move, and where to.
pub(super) struct Errand {
    pub(super) shelf: Shelf,
    /// What is still to be looked through.
    pub(super) range: Range,
    pub(super) wanted: Wanted,
    pub(super) action: Action,
}

pub(super) enum Action {
    /// Back to the subscription, with this payload if there is one.
    Redrive(Option<Bytes>),
    /// Away.
    Purge,
}

impl Errand {
    /// Moves all that may move at once.
    pub(super) async fn run(mut self, matched: u64) -> Result<Outcome, DeadLetterError> {
        let mut moved = 0;
        let moving = async {
            while !self.range.is_empty() {
                let letters = self.shelf.page(&mut self.range, &self.wanted)?;
                let done = self.carry(&letters).await?;
                moved += done.moved;
                if done.looked_at < letters.len() as u64 {
                    return Ok::<bool, DeadLetterError>(false);
                }
                yield_now().await;
            }
            Ok(true)
        };
        let complete = timeout(REQUEST_MAX, moving).await.unwrap_or(Ok(false))?;
        Ok(Outcome::Done { matched, moved, complete })
    }

    /// How the broker remembers it as a job.
    pub(super) fn memo(&self, rate: Rate, matched: u64) -> Bytes {
        let payload = match &self.action {
            Action::Redrive(payload) => payload.clone(),
            Action::Purge => None,
        };
        let (below, wanted) = (self.range.end(), self.wanted.clone());
        Memo { below, matched, rate, wanted, payload }.write()
    }

    /// Lets the broker remember the job, or forget it.
    pub(super) async fn remember(&self, memo: Option<Bytes>) -> Result<(), DeadLetterError> {
        Ok(self.shelf.broker.set_errand(self.shelf.id, memo).await?)
    }

    /// Moves these letters, as many as may move now.
    pub(super) async fn carry(&self, letters: &[Found]) -> Result<Moved, DeadLetterError> {
        let shelf = &self.shelf;
        match &self.action {
            Action::Purge => {
                let letters = letters.iter().map(|found| shelf.letter(found, found.letter.clone()));
                Ok(shelf.broker.purge_letters(letters.collect()).await?)
            }
            Action::Redrive(payload) => {
                let restore = |found: &Found| restored(&found.letter, payload.as_deref());
                let letters = letters.iter().map(|found| shelf.letter(found, restore(found)));
                Ok(shelf.broker.redrive(shelf.id, letters.collect()).await?)
            }
        }
    }
}
