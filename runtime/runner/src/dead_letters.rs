//! The dead letters of a subscription: looked through, put back, deleted.
//!
//! Several subscriptions may share a dead-letter topic: only the letters that name the
//! subscription are its own. Whatever moves letters ends at what the topic held when it began, so
//! that a message that fails again at once is not put back for ever.

mod errand;
mod error;
mod job;
mod memo;
mod rate;
mod restored;
mod selection;
mod shelf;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_formats::Condition;
use millstream_message::{MessageId, SubscriptionId};
use millstream_queue::Broker;
use tokio::task::yield_now;
use tokio::time::timeout;

use self::errand::{Action, Errand};
pub use self::error::DeadLetterError;
use self::job::Jobs;
pub use self::job::{JobState, JobStatus};
use self::memo::Memo;
pub use self::rate::{Rate, RateError};
use self::restored::original_id;
pub use self::selection::Selection;
use self::selection::Wanted;
pub use self::shelf::{Found, Listing};
use self::shelf::{Range, Shelf};
use crate::wiring::Wirings;

/// How long a request may look through letters, and how long it may move them: somebody waits for
/// its answer.
const REQUEST_MAX: Duration = Duration::from_secs(20);

/// The dead letters of a running pipeline. Clones share the redrives that are under way.
#[derive(Clone)]
pub struct DeadLetters {
    broker: Arc<dyn Broker>,
    wirings: Wirings,
    jobs: Jobs,
}

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

/// A key that goes on only when its dead letter is redriven or purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedKey {
    /// The key; none where the whole subscription waits, and where the message has none.
    pub key: Option<String>,
    /// The id that the message had before it was given up.
    pub dead_letter: MessageId,
}

impl DeadLetters {
    /// The dead letters in `broker`, which runs what `wirings` says.
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, wirings: Wirings) -> Self {
        Self { broker, wirings, jobs: Jobs::default() }
    }

    /// Up to `limit` letters of the subscription, oldest first, of those that meet `condition`.
    /// `after` is 0, or the `next` of an earlier listing. The work of one call is bounded: it may
    /// find little or nothing and still name a `next`.
    ///
    /// # Errors
    /// The subscription has no dead-letter topic, or the condition cannot be answered for a letter.
    pub fn list(
        &self,
        subscription: SubscriptionId,
        after: u64,
        limit: usize,
        condition: Option<&Condition>,
    ) -> Result<Listing, DeadLetterError> {
        let shelf = self.shelf(subscription)?;
        let wanted = condition.map_or(Wanted::All, |condition| Wanted::Where(condition.clone()));
        shelf.list(after, limit, &wanted)
    }

    /// The subscription's letter of the message that had this id; none where there is no such
    /// letter or no dead-letter topic.
    #[must_use]
    pub fn find(&self, subscription: SubscriptionId, id: MessageId) -> Option<Found> {
        let shelf = self.shelf(subscription).ok()?;
        let wanted = Selection::Ids(vec![id]).into_wanted(&shelf.subscription);
        let mut range = shelf.all();
        while !range.is_empty() {
            let letters = shelf.page(&mut range, &wanted).ok()?;
            if let Some(found) = letters.into_iter().next() {
                return Some(found);
            }
        }
        None
    }

    /// Up to `limit` keys of the subscription that a dead letter stopped, with the ids that the
    /// commands take.
    #[must_use]
    pub fn stopped_keys(&self, subscription: SubscriptionId, limit: usize) -> Vec<StoppedKey> {
        let stopped = self.broker.stopped_keys(subscription, limit);
        let Ok(shelf) = self.shelf(subscription) else { return Vec::new() };
        let wanted = Wanted::Ids(stopped.iter().map(|one| one.letter).collect());
        let mut range = if stopped.is_empty() { Range::default() } else { shelf.all() };
        let mut originals = BTreeMap::new();
        while !range.is_empty() && originals.len() < stopped.len() {
            let letters = shelf.page(&mut range, &wanted).unwrap_or_default();
            let named = letters.iter().map(|found| found.letter.get(0));
            originals.extend(named.map(|letter| (letter.id(), original_id(letter))));
        }
        let named = |letter| originals.get(&letter).copied().unwrap_or(letter);
        stopped
            .into_iter()
            .map(|one| StoppedKey { key: one.key, dead_letter: named(one.letter) })
            .collect()
    }

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

    /// The subscription's last job, whether it runs or has ended.
    #[must_use]
    pub fn job(&self, subscription: SubscriptionId) -> Option<JobStatus> {
        self.jobs.status(subscription)
    }

    /// Stops the subscription's job for good where it is: what moved has moved, the rest is still
    /// dead letters.
    pub async fn stop(&self, subscription: SubscriptionId) -> Option<JobStatus> {
        self.jobs.stop(subscription).await
    }

    /// Goes on with the jobs that the process before had not ended. Answers the names of their
    /// subscriptions. Once, at the start.
    #[must_use]
    pub fn resume(&self) -> Vec<String> {
        let wiring = self.wirings.now();
        let all = wiring.subscriptions().map(|(id, _)| id);
        all.filter_map(|subscription| self.resume_one(subscription)).collect()
    }

    fn resume_one(&self, subscription: SubscriptionId) -> Option<String> {
        let (written, shelf) = (self.broker.errand(subscription)?, self.shelf(subscription).ok()?);
        let name = shelf.subscription.clone();
        let Some(memo) = Memo::read(&written) else {
            tracing::warn!(subscription = name, "a redrive of another version does not go on");
            return None;
        };
        let Memo { below, matched, rate, wanted, payload } = memo;
        let action = Action::Redrive(payload);
        let errand = Errand { shelf, range: Range::below(below), wanted, action };
        self.jobs.resume(errand, rate, matched).is_ok().then_some(name)
    }

    /// Ends all jobs and waits until they have ended: the next start goes on with them. None starts
    /// any more.
    pub async fn close(&self) {
        self.jobs.close().await;
    }

    fn shelf(&self, subscription: SubscriptionId) -> Result<Shelf, DeadLetterError> {
        Shelf::of(&self.broker, &self.wirings.now(), subscription)
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

#[cfg(test)]
mod tests;
