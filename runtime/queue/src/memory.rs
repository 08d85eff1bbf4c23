//! The memory broker: the core behind a lock, with clock and waiting around it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use millstream_message::{
    Batch, Failure, FailureKind, Settlement, SubscriptionId, TopicId, Verdict, Verdicts,
};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::broker::{
    Broker, Browsed, Delivery, LeaseError, Page, PublishError, SettleError, Settled,
};
use crate::clock::{Clock, Now};
use crate::core::{Answer, Core, Effects, Event, Grant, Refusal, Ticket};
use crate::figures::Figures;
use crate::judge::{Judged, judge};
use crate::publication::Publication;
use crate::rules::{LeaseRequest, SubscriptionRules, TopicRules};

/// Keeps messages in this process's memory: they are gone with it.
pub struct MemoryBroker {
    state: Mutex<State>,
    subscriptions: Vec<Shelf>,
    topics: Vec<TopicRules>,
    clock: Arc<dyn Clock>,
    random: fn() -> u64,
    /// The timekeeper has something earlier to wait for.
    rearm: Notify,
    quiet: Notify,
}

/// What the broker keeps of one subscription outside the lock.
struct Shelf {
    rules: SubscriptionRules,
    wake: Notify,
}

struct State {
    core: Core,
    /// Publishers in line.
    waiting: BTreeMap<Ticket, oneshot::Sender<Result<(), PublishError>>>,
    /// When the timekeeper looks next: monotonic time.
    armed: Duration,
}

impl MemoryBroker {
    /// An empty broker. `random` gives the random bits of the jitter.
    ///
    /// Somebody must drive [`MemoryBroker::keep_time`] while it is used.
    #[must_use]
    pub fn new(
        topics: Vec<TopicRules>,
        subscriptions: Vec<SubscriptionRules>,
        clock: Arc<dyn Clock>,
        random: fn() -> u64,
    ) -> Self {
        let core = Core::new(topics.clone(), subscriptions.clone());
        let shelf = |rules| Shelf { rules, wake: Notify::new() };
        Self {
            state: Mutex::new(State { core, waiting: BTreeMap::new(), armed: Duration::MAX }),
            subscriptions: subscriptions.into_iter().map(shelf).collect(),
            topics,
            clock,
            random,
            rearm: Notify::new(),
            quiet: Notify::new(),
        }
    }

    /// Lets deadlines, due messages and publishers' patience pass until `stop`.
    pub async fn keep_time(&self, stop: CancellationToken) {
        loop {
            let rearmed = self.rearm.notified();
            let left = self.next_tick();
            tokio::select! {
                () = stop.cancelled() => return,
                () = rearmed => {}
                () = sleep(left) => self.tick(),
            }
        }
    }

    /// Looks at the clock now: what [`MemoryBroker::keep_time`] does whenever something is due.
    pub fn tick(&self) {
        self.step(Event::Tick);
    }

    fn next_tick(&self) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        let due = state.core.next_tick(now);
        state.armed = due.unwrap_or(Duration::MAX);
        due.map(|due| due.saturating_sub(now.monotonic))
    }

    /// One step of the core and everything that follows from it, except the answer.
    fn step(&self, event: Event) -> Answer {
        let now = self.clock.now();
        let mut state = self.lock();
        let (answer, effects) = state.core.step(event, now);
        self.follow(state, effects);
        answer
    }

    /// Tells everybody concerned; takes the lock to let it go first.
    fn follow(&self, mut state: MutexGuard<'_, State>, effects: Effects) {
        let rearm = effects.tick_at.is_some_and(|due| due < state.armed);
        if rearm {
            state.armed = effects.tick_at.unwrap_or(Duration::MAX);
        }
        answer_waiting(&mut state, &effects);
        drop(state);
        for subscription in effects.wake {
            self.subscriptions[subscription.0 as usize].wake.notify_one();
        }
        if rearm {
            self.rearm.notify_one();
        }
        if effects.quiet {
            self.quiet.notify_waiters();
        }
        for grant in effects.expired_leases {
            self.fail_expired(grant);
        }
    }

    /// A passed deadline is a failure of every message of the lease.
    fn fail_expired(&self, grant: Grant) {
        let Some(shelf) = self.subscriptions.get(grant.subscription.0 as usize) else { return };
        let failure = Failure::new(
            FailureKind::Timeout,
            format!("not settled within ack_deadline {:?}", shelf.rules.ack_deadline),
        );
        let verdict = Verdict::Failed { failure, delay_ms: 0 };
        let verdicts = Verdicts::Each(vec![verdict; grant.len()]);
        tracing::warn!(subscription = %shelf.rules.name, messages = grant.len(), "lease expired");
        if let Ok(delivery) = self.deliver(grant) {
            let settled = self.commit(&delivery, Settlement { verdicts, outputs: Vec::new() });
            if let Err(error) = settled {
                tracing::error!(subscription = %shelf.rules.name, %error, "expired lease not settled");
            }
        }
    }

    fn deliver(&self, grant: Grant) -> Result<Delivery, SettleError> {
        let batch = Batch::gather(&grant.parts).map_err(|_| SettleError::TooLarge)?;
        let Grant { lease, subscription, handler, histories, deadline, .. } = grant;
        Ok(Delivery { lease, subscription, handler, batch, histories, deadline })
    }

    fn commit(&self, delivery: &Delivery, settlement: Settlement) -> Result<Settled, SettleError> {
        let shelf = self
            .subscriptions
            .get(delivery.subscription.0 as usize)
            .ok_or(SettleError::LeaseEnded)?;
        let Delivery { handler, batch, histories, .. } = delivery;
        let (now, random) = (self.clock.now(), (self.random)());
        let judged = judge(&shelf.rules, handler, batch, histories, settlement, now, random)
            .map_err(|_| SettleError::TooLarge)?;
        let settled = summary(&judged);
        match self.step(Event::Settle(delivery.lease, Box::new(judged))) {
            Answer::Refused(_) => Err(SettleError::LeaseEnded),
            _ => Ok(settled),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "a panic inside a step is a bug: stop, never go on half changed"
    )]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the delivery core panicked earlier")
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn publish(&self, topic: TopicId, publication: Publication) -> Result<(), PublishError> {
        let waited =
            self.topics.get(topic.0 as usize).map_or(Duration::ZERO, |rules| rules.publish_timeout);
        let receiver = {
            let now = self.clock.now();
            let mut state = self.lock();
            let (answer, effects) = state.core.step(Event::Publish(topic, publication), now);
            let receiver = match answer {
                Answer::Waiting(ticket) => {
                    let (sender, receiver) = oneshot::channel();
                    state.waiting.insert(ticket, sender);
                    receiver
                }
                Answer::Refused(refusal) => return Err(refused(refusal)),
                _ => {
                    self.follow(state, effects);
                    return Ok(());
                }
            };
            self.follow(state, effects);
            receiver
        };
        receiver
            .await
            .map_err(|_| PublishError::Stopped)?
            .map_err(|_| PublishError::Full { waited })
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
                Answer::Done | Answer::Waiting(_) => None,
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

    fn figures(&self) -> Figures {
        self.lock().core.figures()
    }

    async fn quiet(&self) {
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

fn answer_waiting(state: &mut State, effects: &Effects) {
    let full = || PublishError::Full { waited: Duration::ZERO };
    let admitted = effects.admitted.iter().map(|ticket| (ticket, Ok(())));
    let expired = effects.expired_tickets.iter().map(|ticket| (ticket, Err(full())));
    for (ticket, answer) in admitted.chain(expired) {
        if let Some(sender) = state.waiting.remove(ticket) {
            // The publisher may have gone; its messages were accepted or refused all the same.
            let _ = sender.send(answer);
        }
    }
}

fn refused(refusal: Refusal) -> PublishError {
    match refusal {
        Refusal::TooLarge => PublishError::TooLarge,
        Refusal::LineFull => PublishError::Full { waited: Duration::ZERO },
        Refusal::Unknown | Refusal::LeaseEnded | Refusal::Fenced => PublishError::Unknown,
    }
}

fn summary(judged: &Judged) -> Settled {
    match judged {
        Judged::GivenBack => Settled::default(),
        Judged::Verdicted(verdicted) => Settled {
            parked: verdicted.parked.len() as u64,
            given_up: verdicted.rejected + verdicted.exhausted + verdicted.dropped,
        },
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
