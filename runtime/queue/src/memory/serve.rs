//! What callers ask of the memory broker: each a step of the core, and waiting where it has to.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use millstream_message::{Settlement, SubscriptionId, TopicId};
use tokio::sync::oneshot;

use super::{MemoryBroker, refused, sleep};
use crate::broker::{
    Broker, Browsed, Delivery, LeaseError, Moved, Page, PublishError, SettleError, Settled, Tap,
};
use crate::clock::Now;
use crate::core::{Answer, Event, Letter, SeekTo};
use crate::figures::{Figures, StoppedKey};
use crate::publication::{Duplicate, Publication};
use crate::rules::LeaseRequest;

#[async_trait]
impl Broker for MemoryBroker {
    async fn publish(
        &self,
        topic: TopicId,
        mut publication: Publication,
    ) -> Result<Vec<Duplicate>, PublishError> {
        let counter = self.topics.get(topic.0 as usize).ok_or(PublishError::Unknown)?;
        if counter.hashed {
            publication.hash_keys();
        }
        let receiver = {
            let now = self.clock.now();
            let mut state = self.lock();
            let (answer, effects) = state.core.step(Event::Publish(topic, publication), now);
            let receiver = match answer {
                Answer::Waiting(ticket) => {
                    let (sender, receiver) = oneshot::channel();
                    state.waiting.insert(ticket, sender);
                    Ok(receiver)
                }
                Answer::Published(repeats) => Err(Ok(repeats)),
                Answer::Refused(refusal) => Err(Err(refused(refusal))),
                _ => Err(Ok(Vec::new())),
            };
            self.follow(state, effects);
            match receiver {
                Ok(receiver) => receiver,
                Err(answered) => return answered,
            }
        };
        let waited = counter.rules.publish_timeout;
        receiver.await.map_err(|_| PublishError::Stopped)?.map_err(|error| match error {
            PublishError::Full { .. } => PublishError::Full { waited },
            other => other,
        })
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Delivery, LeaseError> {
        let shelf =
            self.subscriptions.get(request.subscription.0 as usize).ok_or(LeaseError::Unknown)?;
        loop {
            let woken = shelf.wake.notified();
            let look_again = match self.step(Event::Lease(request.clone())) {
                Answer::Granted(grant) => {
                    return self.deliver(*grant).map_err(|_| LeaseError::Unknown);
                }
                Answer::Refused(_) => return Err(LeaseError::Fenced),
                Answer::Nothing(due) => {
                    due.map(|due| due.saturating_sub(self.clock.now().monotonic))
                }
                _ => None,
            };
            tokio::select! {
                () = woken => {}
                () = sleep(look_again) => {}
            }
        }
    }

    async fn settle(
        &self,
        delivery: Delivery,
        settlement: Settlement,
    ) -> Result<Settled, SettleError> {
        self.commit(&delivery, settlement)
    }

    fn renew(&self, delivery: &Delivery) -> Result<(), SettleError> {
        match self.step(Event::Renew(delivery.lease)) {
            Answer::Refused(_) => Err(SettleError::LeaseEnded),
            _ => Ok(()),
        }
    }

    fn fence(&self, subscription: SubscriptionId, generation: u64) {
        self.step(Event::Fence(subscription, generation));
    }

    fn browse(&self, topic: TopicId, from: u64, limit: usize) -> Page {
        let parts = self.lock().core.browse(topic, from, limit).unwrap_or_default();
        let next = parts.last().map(|(first, batch)| first + batch.len() as u64);
        let parts = parts.into_iter().map(|(first, batch)| Browsed { first, batch }).collect();
        Page { parts, next }
    }

    fn tap(&self, topic: TopicId) -> Option<Tap> {
        let tap = self.topics.get(topic.0 as usize)?.taps.subscribe();
        self.step(Event::Tap(topic, true));
        Some(tap)
    }

    fn pause(&self, subscription: SubscriptionId, paused: bool) {
        self.step(Event::Pause(subscription, paused));
    }

    fn seek(&self, subscription: SubscriptionId, to: SeekTo) -> Option<u64> {
        match self.step(Event::Seek(subscription, to)) {
            Answer::Moved { moved, .. } => Some(moved),
            _ => None,
        }
    }

    async fn purge(&self, topic: TopicId) -> Option<u64> {
        let below = self.lock().core.end_of(topic)?;
        let (mut purged, mut from) = (0, 0);
        loop {
            match self.step(Event::Purge(topic, from, below)) {
                Answer::Purged { messages, next } => {
                    purged += messages;
                    from = match next {
                        Some(next) => next,
                        None => return Some(purged),
                    };
                }
                _ => return None,
            }
            // Others get their turn between the steps.
            tokio::task::yield_now().await;
        }
    }

    fn redrive(&self, subscription: SubscriptionId, letters: Vec<Letter>) -> Moved {
        moved(self.step(Event::Redrive(subscription, letters)))
    }

    fn purge_letters(&self, letters: Vec<Letter>) -> Moved {
        moved(self.step(Event::PurgeLetters(letters)))
    }

    fn stopped_keys(&self, subscription: SubscriptionId, limit: usize) -> Vec<StoppedKey> {
        self.lock().core.stopped_keys(subscription, limit)
    }

    fn figures(&self) -> Figures {
        self.lock().core.figures()
    }

    async fn quiet(&self) {
        let _wanted = Wanted::new(&self.quiet_wanted);
        loop {
            let quiet = self.quiet.notified();
            tokio::pin!(quiet);
            // Registers before looking, so that a change in between is not missed.
            quiet.as_mut().enable();
            if self.lock().core.is_quiet() {
                return;
            }
            quiet.await;
        }
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn durability(&self) -> &'static str {
        "memory"
    }
}

/// Counts a caller for as long as it waits.
struct Wanted<'a>(&'a AtomicUsize);

impl<'a> Wanted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn moved(answer: Answer) -> Moved {
    match answer {
        Answer::Moved { looked_at, moved } => Moved { looked_at, moved },
        _ => Moved::default(),
    }
}
