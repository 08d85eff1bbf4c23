//! The dead letters of a subscription: looked through, put back, deleted.
//!
//! Several subscriptions may share a dead-letter topic: only the letters that name the
//! subscription are its own. Whatever moves letters ends at what the topic held when it began, so
//! that a message that fails again at once is not put back for ever.

mod errand;
mod error;
mod job;
mod jobs;
mod memo;
mod moving;
mod rate;
mod restored;
mod selection;
mod shelf;
mod stopped;

use std::sync::Arc;

use millstream_formats::Condition;
use millstream_message::{MessageId, SubscriptionId};
use millstream_queue::Broker;

use self::errand::{Action, Errand};
pub use self::error::DeadLetterError;
pub use self::job::{JobState, JobStatus};
use self::jobs::Jobs;
use self::memo::Memo;
pub use self::moving::{Outcome, Redrive};
pub use self::rate::{Rate, RateError};
pub use self::selection::Selection;
use self::selection::Wanted;
pub use self::shelf::{Found, Listing};
use self::shelf::{Range, Shelf};
pub use self::stopped::StoppedKey;
use crate::wiring::Wirings;

/// The dead letters of a running pipeline. Clones share the redrives that are under way.
#[derive(Clone)]
pub struct DeadLetters {
    broker: Arc<dyn Broker>,
    wirings: Wirings,
    jobs: Jobs,
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
        wiring.subscriptions().filter_map(|(id, _)| self.resume_one(id)).collect()
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
}

#[cfg(test)]
mod tests;
