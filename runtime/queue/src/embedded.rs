//! The embedded broker: the core behind a lock, with clock and waiting around it, and with a journal
//! or without one.

mod alter;
mod deploy;
mod journalled;
mod serve;
mod shelf;
mod state;
mod step;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use millstream_message::{Batch, Failure, FailureKind, Settlement, TopicId, Verdict, Verdicts};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::shelf::Shelves;
use self::state::{State, refused};
use crate::broker::{Browsed, Delivery, SettleError, Settled};
use crate::clock::Clock;
use crate::core::{Answer, CRASHES_MAX, Core, Declaration, Event, Grant, TakenBack, Why};
use crate::journal::Keeper;
use crate::judge::{Case, Fate, Fates, Judged, judge};
use crate::publication::Publication;
use crate::rules::{SubscriptionRules, TopicRules};

/// Times that rules may change while one delivery is judged.
const RULES_CHANGES_MAX: usize = 8;

/// Keeps messages in this process, and in a journal where it was opened with one.
pub struct EmbeddedBroker {
    state: Mutex<State>,
    /// None: messages are gone with the process.
    keeper: Option<Arc<Keeper>>,
    shelves: Shelves,
    clock: Arc<dyn Clock>,
    random: fn() -> u64,
    /// The timekeeper has something earlier to wait for.
    rearm: Notify,
    quiet: Notify,
    /// Callers that wait for quiet: only then it is looked for.
    quiet_wanted: AtomicUsize,
    /// In some subscription no more messages may wait for the end of a trial.
    trial_full: Notify,
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

    /// A broker without a journal for what is declared, its plugins included. Of a declaration that names
    /// topics that it does not declare it takes nothing.
    #[must_use]
    pub fn declared(declaration: Declaration, clock: Arc<dyn Clock>, random: fn() -> u64) -> Self {
        let mut core = Core::default();
        core.step(Event::Declare(Box::new(declaration)), clock.now());
        Self::around(core, None, clock, random)
    }

    fn around(
        core: Core,
        keeper: Option<Keeper>,
        clock: Arc<dyn Clock>,
        random: fn() -> u64,
    ) -> Self {
        let shelves = Shelves::of(&core);
        Self {
            state: Mutex::new(State::new(core)),
            keeper: keeper.map(Arc::new),
            shelves,
            clock,
            random,
            rearm: Notify::new(),
            quiet: Notify::new(),
            quiet_wanted: AtomicUsize::new(0),
            trial_full: Notify::new(),
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
        let Some(counter) = self.shelves.topic(topic) else { return };
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
        let Some(shelf) = self.shelves.subscription(grant.subscription) else { return };
        let (name, messages) = (shelf.rules.name.clone(), grant.len());
        let verdict = verdict_on(why, &shelf.rules, messages);
        let verdicts = Verdicts::Each(vec![verdict; messages]);
        let settlement = Settlement { verdicts, outputs: Vec::new() };
        let settled = self.deliver(grant).and_then(|delivery| self.commit(&delivery, &settlement));
        // Ended meanwhile by a fence or the end of a trial: the messages wait again.
        if let Err(error) = settled
            && error != SettleError::LeaseEnded
        {
            tracing::error!(subscription = %name, %error, "messages taken back were not settled");
        }
    }

    fn deliver(&self, grant: Grant) -> Result<Delivery, SettleError> {
        let batch = Batch::gather(&grant.parts).map_err(|_| SettleError::TooLarge)?;
        let Grant { lease, subscription, on_trial, handler, histories, deadline, .. } = grant;
        Ok(Delivery { lease, subscription, on_trial, handler, batch, histories, deadline })
    }

    /// Settles; answers with the record that tells it.
    fn commit(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
    ) -> Result<(Settled, u64), SettleError> {
        let mut full = Vec::new();
        // Each round finds at least one more full topic among the outputs or other rules, or ends.
        for _ in 0..=settlement.outputs.len() + RULES_CHANGES_MAX {
            let shelf =
                self.shelves.subscription(delivery.subscription).ok_or(SettleError::LeaseEnded)?;
            let judged = self.judge(&shelf.rules, delivery, settlement, &full)?;
            let settled = summary(&judged);
            let stepped = self.step(Event::Settle(delivery.lease, Box::new(judged)));
            match stepped.answer {
                Answer::OutputsFull(topics) => full.extend(topics),
                Answer::JudgeAgain => {}
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
        let Delivery { handler, batch, histories, on_trial, .. } = delivery;
        let (now, random) = (self.clock.now(), (self.random)());
        let on_trial = *on_trial;
        let case = Case { rules, handler, batch, histories, full, on_trial, now, random };
        let mut judged = judge(case, settlement).map_err(|_| SettleError::TooLarge)?;
        for (topic, publication) in judged.outputs.iter_mut().chain(&mut judged.dead_letters) {
            self.make_ready(*topic, publication);
        }
        Ok(judged)
    }

    /// What a step would otherwise have to do: hashes of keys; with a journal also batches that are
    /// all of their columns, as they will be when they are read back.
    fn make_ready(&self, topic: TopicId, publication: &mut Publication) {
        if self.shelves.topic(topic).is_some_and(|counter| counter.hashed) {
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
