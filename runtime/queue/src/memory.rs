//! The memory broker: the core behind a lock, with clock and waiting around it.

mod serve;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use millstream_message::{Batch, Failure, FailureKind, Settlement, TopicId, Verdict, Verdicts};
use tokio::sync::{Notify, broadcast, oneshot};
use tokio_util::sync::CancellationToken;

use crate::broker::{Browsed, Delivery, PublishError, SettleError, Settled};
use crate::clock::Clock;
use crate::core::{Answer, Core, Effects, Event, Grant, Refusal, TakenBack, Ticket, Why};
use crate::judge::{Case, Fate, Fates, Judged, judge};
use crate::publication::Duplicate;
use crate::rules::{SubscriptionRules, TopicRules};

/// Runs of messages that somebody who watches a topic may lag behind before some are missed.
const TAP_RUNS_MAX: usize = 256;

/// Keeps messages in this process's memory: they are gone with it.
pub struct MemoryBroker {
    state: Mutex<State>,
    subscriptions: Vec<Shelf>,
    topics: Vec<Counter>,
    clock: Arc<dyn Clock>,
    random: fn() -> u64,
    /// The timekeeper has something earlier to wait for.
    rearm: Notify,
    quiet: Notify,
    /// Callers that wait for quiet: only then it is looked for.
    quiet_wanted: AtomicUsize,
}

/// What the broker keeps of one topic outside the lock.
struct Counter {
    rules: TopicRules,
    hashed: bool,
    taps: broadcast::Sender<Browsed>,
}

/// What the broker keeps of one subscription outside the lock.
struct Shelf {
    rules: SubscriptionRules,
    wake: Notify,
}

struct State {
    core: Core,
    /// Publishers in line.
    waiting: BTreeMap<Ticket, oneshot::Sender<Result<Vec<Duplicate>, PublishError>>>,
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
        let counter = |(place, rules)| Counter {
            rules,
            hashed: core.hashes_keys(TopicId(place as u32)),
            taps: broadcast::Sender::new(TAP_RUNS_MAX),
        };
        let topics = topics.into_iter().enumerate().map(counter).collect();
        Self {
            state: Mutex::new(State { core, waiting: BTreeMap::new(), armed: Duration::MAX }),
            subscriptions: subscriptions.into_iter().map(shelf).collect(),
            topics,
            clock,
            random,
            rearm: Notify::new(),
            quiet: Notify::new(),
            quiet_wanted: AtomicUsize::new(0),
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
        let quiet = self.quiet_wanted.load(Ordering::Relaxed) > 0 && state.core.is_quiet();
        drop(state);
        for subscription in effects.wake {
            self.subscriptions[subscription.0 as usize].wake.notify_one();
        }
        if rearm {
            self.rearm.notify_one();
        }
        if quiet {
            self.quiet.notify_waiters();
        }
        for (topic, first, batch) in effects.appended {
            self.show(topic, Browsed { first, batch });
        }
        for taken in effects.taken_back {
            self.settle_taken_back(taken);
        }
    }

    /// Shows a run of messages to who watches; stops looking when nobody does.
    fn show(&self, topic: TopicId, run: Browsed) {
        let Some(counter) = self.topics.get(topic.0 as usize) else { return };
        if counter.taps.send(run).is_ok() {
            return;
        }
        let now = self.clock.now();
        let mut state = self.lock();
        // A new watcher subscribes before it takes the lock: it is not switched off by mistake.
        if counter.taps.receiver_count() == 0 {
            state.core.step(Event::Tap(topic, false), now);
        }
    }

    /// Writes the dead letters, or parks for a retry, what the core took back.
    fn settle_taken_back(&self, taken: TakenBack) {
        let TakenBack { grant, why } = taken;
        let Some(shelf) = self.subscriptions.get(grant.subscription.0 as usize) else { return };
        let (name, messages) = (&shelf.rules.name, grant.len());
        let verdict = match why {
            Why::Expired => Verdict::Expired,
            Why::DeadlinePassed => {
                tracing::warn!(subscription = %name, messages, "lease expired");
                let deadline = shelf.rules.ack_deadline;
                let message = format!("not settled within ack_deadline {deadline:?}");
                let failure = Failure::new(FailureKind::Timeout, message);
                Verdict::Failed { failure, delay_ms: 0 }
            }
        };
        let verdicts = Verdicts::Each(vec![verdict; messages]);
        let settlement = Settlement { verdicts, outputs: Vec::new() };
        let settled = self.deliver(grant).and_then(|delivery| self.commit(&delivery, settlement));
        if let Err(error) = settled {
            tracing::error!(subscription = %name, %error, "messages taken back were not settled");
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
        let mut full = Vec::new();
        // Each round finds at least one more full topic among the outputs, or ends.
        for _ in 0..=settlement.outputs.len() {
            let judged = self.judge(&shelf.rules, delivery, &settlement, &full)?;
            let settled = summary(&judged);
            match self.step(Event::Settle(delivery.lease, Box::new(judged))) {
                Answer::OutputsFull(topics) => full.extend(topics),
                Answer::Refused(_) => return Err(SettleError::LeaseEnded),
                _ => return Ok(settled),
            }
        }
        Err(SettleError::LeaseEnded)
    }

    fn judge(
        &self,
        rules: &SubscriptionRules,
        delivery: &Delivery,
        settlement: &Settlement,
        full: &[TopicId],
    ) -> Result<Judged, SettleError> {
        let Delivery { handler, batch, histories, .. } = delivery;
        let (now, random) = (self.clock.now(), (self.random)());
        let case = Case { rules, handler, batch, histories, full, now, random };
        let mut judged = judge(case, settlement).map_err(|_| SettleError::TooLarge)?;
        for (topic, publication) in judged.outputs.iter_mut().chain(&mut judged.dead_letters) {
            if self.topics.get(topic.0 as usize).is_some_and(|counter| counter.hashed) {
                publication.hash_keys();
            }
        }
        Ok(judged)
    }

    #[expect(
        clippy::expect_used,
        reason = "a panic inside a step is a bug: stop, never go on half changed"
    )]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the delivery core panicked earlier")
    }
}

fn answer_waiting(state: &mut State, effects: &Effects) {
    let mut answer = |ticket: &Ticket, answer| {
        if let Some(sender) = state.waiting.remove(ticket) {
            // The publisher may have gone; its messages were accepted or refused all the same.
            let _ = sender.send(answer);
        }
    };
    for (ticket, repeats) in &effects.admitted {
        answer(ticket, Ok(repeats.clone()));
    }
    for ticket in &effects.expired_tickets {
        answer(ticket, Err(PublishError::Full { waited: Duration::ZERO }));
    }
    for (ticket, refusal) in &effects.turned_away {
        answer(ticket, Err(refused(*refusal)));
    }
}

fn refused(refusal: Refusal) -> PublishError {
    match refusal {
        Refusal::TooLarge => PublishError::TooLarge,
        Refusal::Full => PublishError::Rejected,
        Refusal::LineFull => PublishError::Full { waited: Duration::ZERO },
        Refusal::DedupFull => PublishError::DedupFull,
        Refusal::Unknown | Refusal::LeaseEnded | Refusal::Fenced => PublishError::Unknown,
    }
}

fn summary(judged: &Judged) -> Settled {
    let given_up = match &judged.fates {
        Fates::AllHandled | Fates::AllReturned => 0,
        Fates::Each(fates) => fates
            .iter()
            .filter(|fate| {
                matches!(fate, Fate::DeadLettered(..) | Fate::Dropped | Fate::ExpiredDropped)
            })
            .count() as u64,
    };
    Settled { parked: judged.fates.parked(), given_up }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
