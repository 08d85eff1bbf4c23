//! Messages to compare versions on: those that the topics keep, then copies of what is leased.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use millstream_formats::Subject;
use millstream_message::{Batch, MessageId, SubscriptionId};
use millstream_queue::Page;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::post::Post;
use crate::swap::entry::Entry;

/// How long to wait for messages that the topics do not keep.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Leased batches that may wait to be looked at: who compares is slower than who works.
const COPIES_MAX: usize = 16;
/// Messages of one look into a topic.
const PAGE: usize = 256;

/// Messages to compare versions on, one by one.
pub(super) struct Feed {
    entry: Arc<Entry>,
    wanted: u32,
    /// Topics to look into, and where to go on.
    kept: VecDeque<(usize, u64)>,
    copies: mpsc::Receiver<(SubscriptionId, Batch)>,
    until: Instant,
    at_hand: VecDeque<(SubscriptionId, Batch)>,
    seen: HashSet<(SubscriptionId, MessageId)>,
}

impl Feed {
    /// From now on workers show what they lease.
    pub(super) fn open(entry: Arc<Entry>, wanted: u32) -> Self {
        let (sender, copies) = mpsc::channel(COPIES_MAX);
        entry.deployment.show_leases(Some(sender));
        let kept = (0..entry.posts().len()).map(|post| (post, 0)).collect();
        let (until, at_hand) = (Instant::now() + WAIT_MAX, VecDeque::new());
        Self { entry, wanted, kept, copies, until, at_hand, seen: HashSet::new() }
    }

    /// The next message, as a batch of one; none when there are no more, or not in time.
    pub(super) async fn next(&mut self) -> Option<(SubscriptionId, Batch)> {
        loop {
            if let Some(message) = self.at_hand.pop_front() {
                return Some(message);
            }
            if let Some((post, from)) = self.kept.pop_front() {
                self.look_into(post, from);
                // Others get their turn between the looks.
                tokio::task::yield_now().await;
                continue;
            }
            let (subscription, batch) = timeout_at(self.until, self.copies.recv()).await.ok()??;
            let post =
                self.entry.posts().iter().find(|post| post.subscription == subscription).cloned();
            if let Some(post) = post {
                self.take(&post, &batch);
            }
        }
    }

    fn look_into(&mut self, place: usize, from: u64) {
        let Some(post) = self.entry.posts().get(place).map(Arc::clone) else { return };
        let Page { parts, next } = post.broker.browse(post.topic, from, PAGE);
        parts.iter().for_each(|part| self.take(&post, &part.batch));
        let enough = self.seen.len() >= self.wanted as usize;
        self.kept.extend(next.filter(|_| !enough).map(|next| (place, next)));
    }

    /// Takes what the subscription would handle, and was not seen before.
    fn take(&mut self, post: &Post, batch: &Batch) {
        for i in 0..batch.len() {
            let message = batch.get(i);
            let passes = post.filter.as_ref().is_none_or(|filter| {
                filter.condition.matches(message, &Subject { topic: &filter.topic }) == Ok(true)
            });
            let enough = self.seen.len() >= self.wanted as usize;
            if passes && !enough && self.seen.insert((post.subscription, message.id())) {
                self.at_hand.push_back((post.subscription, batch.slice(i..i + 1)));
            }
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.entry.deployment.show_leases(None);
    }
}
