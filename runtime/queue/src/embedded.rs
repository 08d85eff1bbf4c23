//! The embedded broker: the core behind a lock, with clock and waiting around it, and with a journal
//! or without one.

mod journalled;
mod serve;
mod state;
mod step;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use millstream_message::{Batch, Failure, FailureKind, Settlement, TopicId, Verdict, Verdicts};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use self::state::{State, refused};
use crate::broker::{Browsed, Delivery, SettleError, Settled};
use crate::clock::Clock;
use crate::core::{Answer, CRASHES_MAX, Core, Event, Grant, TakenBack, Why};
use crate::journal::Keeper;
use crate::judge::{Case, Fate, Fates, Judged, judge};
use crate::publication::Publication;
use crate::rules::{Handler, SubscriptionRules, TopicRules};

/// Runs of messages that somebody who watches a topic may lag behind before some are missed.
const TAP_RUNS_MAX: usize = 256;

/// Keeps messages in this process, and in a journal where it was opened with one.
pub struct EmbeddedBroker {
    state: Mutex<State>,
    /// None: messages are gone with the process.
    keeper: Option<Arc<Keeper>>,
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
    /// The handler that the journal knows already.
    recorded: Mutex<Option<Arc<Handler>>>,
}

impl EmbeddedBroker {
    /// An empty broker without a journal. `random` gives the random bits of the jitter.
    ///
    /// Somebody must drive [`EmbeddedBroker::keep_time`] while it is used.
    #[must_use]
    pub fn memory(
        topics: Vec<TopicRules>,
        subscriptions: Vec<SubscriptionRules>,
        clock: Arc<dyn Clock>,
        random: fn() -> u64,
    ) -> Self {
        Self::around(Core::new(topics, subscriptions), None, clock, random)
    }

    fn around(
        core: Core,
        keeper: Option<Keeper>,
        clock: Arc<dyn Clock>,
        random: fn() -> u64,
    ) -> Self {
        let declared = core.declared();
        let shelf = |rules| Shelf { rules, wake: Notify::new(), recorded: Mutex::default() };
        let counter = |(place, rules)| Counter {
            rules,
            hashed: core.hashes_keys(TopicId(place as u32)),
            taps: broadcast::Sender::new(TAP_RUNS_MAX),
        };
        let topics: Vec<Counter> = declared.topics.into_iter().enumerate().map(counter).collect();
        Self {
            state: Mutex::new(State::new(core, topics.len())),
            keeper: keeper.map(Arc::new),
            subscriptions: declared.subscriptions.into_iter().map(shelf).collect(),
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

    /// Looks at the clock now: what [`EmbeddedBroker::keep_time`] does whenever something is due.
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

    /// Shows a run of messages to who watches; stops looking when nobody does.
    fn show(&self, topic: TopicId, run: Browsed, record: u64) {
        let Some(counter) = self.topics.get(topic.0 as usize) else { return };
        let watched = counter.taps.receiver_count() > 0;
        match &self.keeper {
            Some(keeper) if watched => return keeper.show(record, counter.taps.clone(), run),
            None if counter.taps.send(run).is_ok() => return,
            _ => {}
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
        let (name, messages) = (shelf.rules.name.clone(), grant.len());
        let verdict = verdict_on(why, &shelf.rules, messages);
        let verdicts = Verdicts::Each(vec![verdict; messages]);
        let settlement = Settlement { verdicts, outputs: Vec::new() };
        let settled = self.deliver(grant).and_then(|delivery| self.commit(&delivery, &settlement));
        if let Err(error) = settled {
            tracing::error!(subscription = %name, %error, "messages taken back were not settled");
        }
    }

    fn deliver(&self, grant: Grant) -> Result<Delivery, SettleError> {
        let batch = Batch::gather(&grant.parts).map_err(|_| SettleError::TooLarge)?;
        let Grant { lease, subscription, handler, histories, deadline, .. } = grant;
        Ok(Delivery { lease, subscription, handler, batch, histories, deadline })
    }

    /// Settles; answers with the record that tells it.
    fn commit(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
    ) -> Result<(Settled, u64), SettleError> {
        let shelf = self
            .subscriptions
            .get(delivery.subscription.0 as usize)
            .ok_or(SettleError::LeaseEnded)?;
        let mut full = Vec::new();
        // Each round finds at least one more full topic among the outputs, or ends.
        for _ in 0..=settlement.outputs.len() {
            let judged = self.judge(&shelf.rules, delivery, settlement, &full)?;
            let settled = summary(&judged);
            let stepped = self.step(Event::Settle(delivery.lease, Box::new(judged)));
            match stepped.answer {
                Answer::OutputsFull(topics) => full.extend(topics),
                Answer::Refused(_) => return Err(SettleError::LeaseEnded),
                _ => return Ok((settled, stepped.record)),
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
            self.make_ready(*topic, publication);
        }
        Ok(judged)
    }

    /// What a step would otherwise have to do: hashes of keys; with a journal also batches that are
    /// all of their columns, as they will be when they are read back.
    fn make_ready(&self, topic: TopicId, publication: &mut Publication) {
        if self.topics.get(topic.0 as usize).is_some_and(|counter| counter.hashed) {
            publication.hash_keys();
        }
        if self.keeper.is_some() {
            publication.compact();
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

/// What is said of messages that the core took back.
fn verdict_on(why: Why, rules: &SubscriptionRules, messages: usize) -> Verdict {
    let name = &rules.name;
    match why {
        Why::Expired => Verdict::Expired,
        Why::Crashed => {
            tracing::warn!(subscription = %name, messages, "under lease in too many crashes");
            let message = format!("under lease in {CRASHES_MAX} crashes of the host");
            Verdict::Rejected(Failure::new(FailureKind::Crashed, message))
        }
        Why::DeadlinePassed => {
            tracing::warn!(subscription = %name, messages, "lease expired");
            let deadline = rules.ack_deadline;
            let message = format!("not settled within ack_deadline {deadline:?}");
            let failure = Failure::new(FailureKind::Timeout, message);
            Verdict::Failed { failure, delay_ms: 0 }
        }
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
