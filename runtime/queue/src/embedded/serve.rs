//! What callers ask of the broker: each a step of the core, and waiting where it has to: for
//! messages, for room, for the disk.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use millstream_message::{Batch, Settlement, SubscriptionId, TopicId};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::journalled::ended;
use super::step::Stepped;
use super::{EmbeddedBroker, refused, sleep};
use crate::broker::{
    AlterError, Altered, Broker, Browsed, Delivery, DeployError, Ended, LeaseError, Moved, Page,
    PublishError, SettleError, Settled, Tap,
};
use crate::clock::Now;
use crate::core::{
    Act, Answer, Declaration, Event, Grant, LeaseId, Letter, Plan, Refusal, SeekTo, Seen,
};
use crate::figures::{Figures, PluginFigures, StoppedKey};
use crate::journal::JournalSync;
use crate::judge::Judged;
use crate::publication::{Duplicate, Publication};
use crate::rules::{LeaseRequest, Share};

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(
        &self,
        topic: TopicId,
        mut publication: Publication,
    ) -> Result<Vec<Duplicate>, PublishError> {
        let counter = self.shelves.topic(topic).ok_or(PublishError::Unknown)?;
        self.wait_for_disk().await?;
        self.make_ready(topic, &mut publication);
        let mut receiver = None;
        let stepped = self.step_with(Event::Publish(topic, publication), |state, answer| {
            if let Answer::Waiting(ticket) = answer {
                let (sender, told) = oneshot::channel();
                state.waiting.insert(*ticket, sender);
                receiver = Some(told);
            }
        });
        let (answer, record) = match (stepped.answer, receiver) {
            (_, Some(told)) => told.await.map_err(|_| PublishError::Stopped)?,
            (Answer::Published(repeats), _) => (Ok(repeats), stepped.record),
            (Answer::Refused(refusal), _) => (Err(refused(refusal)), 0),
            _ => (Ok(Vec::new()), stepped.record),
        };
        let waited = counter.publish_timeout;
        let repeats = answer.map_err(|error| match error {
            PublishError::Full { .. } => PublishError::Full { waited },
            other => other,
        })?;
        self.durable(record).await?;
        Ok(repeats)
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Delivery, LeaseError> {
        let shelf = self.shelves.subscription(request.subscription).ok_or(LeaseError::Unknown)?;
        loop {
            let woken = shelf.wakes.next(request.generation);
            let Stepped { answer, messages, .. } = self.step(Event::Lease(request.clone()));
            let look_again = match answer {
                Answer::Granted(grant) => return self.hand_over(*grant, messages).await,
                Answer::Refused(Refusal::Unknown) => return Err(LeaseError::Unknown),
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
        let (settled, record) = self.commit(&delivery, &settlement)?;
        self.durable(record).await?;
        Ok(settled)
    }

    fn renew(&self, delivery: &Delivery) -> Result<(), SettleError> {
        match self.step(Event::Renew(delivery.lease)).answer {
            Answer::Refused(_) => Err(SettleError::LeaseEnded),
            _ => Ok(()),
        }
    }

    async fn fence(&self, subscription: SubscriptionId, generation: u64) -> Result<(), Ended> {
        self.act(Event::Fence(subscription, generation)).await.map(|_| ())
    }

    fn browse(&self, topic: TopicId, from: u64, limit: usize) -> Page {
        if self.lock().core.is_open(topic) {
            self.step(Event::Seal(topic));
        }
        let (seen, below) = self.visible(topic, from, limit);
        let mut page = Page::default();
        for one in seen {
            let Some((first, batch)) = self.at_hand(one) else { continue };
            let shown = batch.len().min(below.saturating_sub(first) as usize);
            if shown == 0 {
                break;
            }
            page.next = Some(first + shown as u64);
            page.parts.push(Browsed { first, batch: batch.slice(0..shown) });
        }
        page
    }

    fn position(&self, source: &str) -> Option<Bytes> {
        self.lock().core.position(source)
    }

    fn tap(&self, topic: TopicId) -> Option<Tap> {
        let tap = self.shelves.topic(topic)?.taps.subscribe();
        let watched = !matches!(self.step(Event::Tap(topic, true)).answer, Answer::Refused(_));
        watched.then_some(tap)
    }

    async fn pause(&self, subscription: SubscriptionId, paused: bool) -> Result<(), Ended> {
        self.act(Event::Pause(subscription, paused)).await.map(|_| ())
    }

    async fn set_errand(
        &self,
        subscription: SubscriptionId,
        errand: Option<Bytes>,
    ) -> Result<(), Ended> {
        self.act(Event::Errand(subscription, errand)).await.map(|_| ())
    }

    fn errand(&self, subscription: SubscriptionId) -> Option<Bytes> {
        self.lock().core.errand(subscription)
    }

    async fn seek(&self, subscription: SubscriptionId, to: SeekTo) -> Result<Option<u64>, Ended> {
        Ok(match self.act(Event::Seek(subscription, to)).await? {
            Answer::Moved { moved, .. } => Some(moved),
            _ => None,
        })
    }

    async fn purge(&self, topic: TopicId) -> Result<Option<u64>, Ended> {
        let Some(below) = self.lock().core.end_of(topic) else { return Ok(None) };
        let (mut purged, mut from) = (0, 0);
        loop {
            let Stepped { answer, record, .. } = self.step(Event::Purge(topic, from, below));
            let Answer::Purged { messages, next } = answer else { return Ok(None) };
            purged += messages;
            match next {
                Some(next) => from = next,
                None => {
                    self.durable(record).await?;
                    return Ok(Some(purged));
                }
            }
            // Others get their turn between the steps.
            tokio::task::yield_now().await;
        }
    }

    async fn redrive(
        &self,
        subscription: SubscriptionId,
        letters: Vec<Letter>,
    ) -> Result<Moved, Ended> {
        self.act(Event::Redrive(subscription, letters)).await.map(moved)
    }

    async fn purge_letters(&self, letters: Vec<Letter>) -> Result<Moved, Ended> {
        self.act(Event::PurgeLetters(letters)).await.map(moved)
    }

    async fn plan(&self, declaration: &Declaration) -> Plan {
        self.planned(declaration).await
    }

    async fn alter(&self, declaration: Declaration) -> Result<Altered, AlterError> {
        self.altered(declaration).await
    }

    async fn begin_trial(
        &self,
        plugin: &str,
        digest: &str,
        share: Share,
    ) -> Result<u64, DeployError> {
        self.deploy(plugin, Act::Begin { digest: digest.to_owned(), share }).await
    }

    async fn widen_trial(&self, plugin: &str, share: Share) -> Result<(), DeployError> {
        self.deploy(plugin, Act::Widen(share)).await.map(|_| ())
    }

    async fn promote(&self, plugin: &str) -> Result<u64, DeployError> {
        self.promote_kept(plugin).await
    }

    async fn roll_back(&self, plugin: &str, why: &str) -> Result<u64, DeployError> {
        self.deploy(plugin, Act::RollBack { why: why.to_owned() }).await
    }

    async fn keep_module(
        &self,
        plugin: &str,
        digest: &str,
        module: Bytes,
    ) -> Result<(), DeployError> {
        self.keep(plugin, digest, &module).await
    }

    async fn module(&self, plugin: &str, digest: &str) -> Result<Option<Bytes>, Ended> {
        self.fetch_module(plugin, digest)
    }

    fn plugins(&self) -> Vec<PluginFigures> {
        self.lock().core.plugins()
    }

    fn generation(&self, subscription: SubscriptionId) -> Option<u64> {
        self.lock().core.generation(subscription)
    }

    async fn trial_full(&self, plugin: &str) {
        self.until_trial_full(plugin).await;
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
                // An error of the disk is told by `failed`.
                let _ = self.all_durable().await;
                return;
            }
            quiet.await;
        }
    }

    async fn failed(&self) -> String {
        match &self.keeper {
            Some(keeper) => keeper.log.failed().await.to_string(),
            None => std::future::pending().await,
        }
    }

    async fn keep_time(&self, stop: CancellationToken) {
        EmbeddedBroker::keep_time(self, stop).await;
    }

    async fn close(&self) -> Result<(), Ended> {
        self.end().await
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn durability(&self) -> &'static str {
        match self.keeper.as_ref().map(|keeper| keeper.options.sync) {
            None => "memory",
            Some(JournalSync::Always) => "synced",
            Some(JournalSync::Interval(_) | JournalSync::Never) => "written",
        }
    }
}

impl EmbeddedBroker {
    /// A step whose answer waits until it is durable.
    pub(super) async fn act(&self, event: Event) -> Result<Answer, Ended> {
        let Stepped { answer, record, .. } = self.step(event);
        self.durable(record).await?;
        Ok(answer)
    }

    /// Messages go to their worker once they are durable. If the worker is gone by then, they wait
    /// again.
    async fn hand_over(&self, grant: Grant, messages: u64) -> Result<Delivery, LeaseError> {
        let Some(keeper) = &self.keeper else {
            return self.deliver(grant).map_err(|_| LeaseError::Unknown);
        };
        let untaken = Untaken { broker: self, lease: Some(grant.lease) };
        keeper.write_soon();
        keeper.durable(messages).await.map_err(ended)?;
        untaken.taken();
        self.deliver(grant).map_err(|_| LeaseError::Unknown)
    }

    /// Waits while the disk is too far behind, and refuses while it has no room.
    async fn wait_for_disk(&self) -> Result<(), PublishError> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        if !keeper.has_room() {
            let free = keeper.disk.free_bytes().unwrap_or(0);
            return Err(PublishError::DiskFull { free, reserve: keeper.options.reserve });
        }
        if !keeper.is_behind() {
            return Ok(());
        }
        Ok(self.all_durable().await?)
    }

    /// What is seen of a topic, and below which sequence number it is durable.
    fn visible(&self, topic: TopicId, from: u64, limit: usize) -> (Vec<Seen>, u64) {
        let mut state = self.lock();
        let seen = state.core.browse(topic, from, limit).unwrap_or_default();
        let Some(keeper) = &self.keeper else { return (seen, u64::MAX) };
        let durable = keeper.durable_now();
        let marks = state.marks.get_mut(topic.0 as usize);
        (seen, marks.map_or(u64::MAX, |marks| marks.durable_below(durable)))
    }

    /// The messages, wherever they are; none when they are gone meanwhile.
    fn at_hand(&self, seen: Seen) -> Option<(u64, Batch)> {
        match seen {
            Seen::Batch(first, batch) => Some((first, batch)),
            Seen::Stored(first, stored) => {
                let batch = self.keeper.as_ref()?.fetch(&stored).ok()?;
                Some((first, batch))
            }
        }
    }
}

/// A lease whose worker does not have it yet.
struct Untaken<'a> {
    broker: &'a EmbeddedBroker,
    lease: Option<LeaseId>,
}

impl Untaken<'_> {
    fn taken(mut self) {
        self.lease = None;
    }
}

impl Drop for Untaken<'_> {
    fn drop(&mut self) {
        if let Some(lease) = self.lease {
            self.broker.step(Event::Settle(lease, Box::new(Judged::given_back())));
        }
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
