//! The embedded broker with a journal: how it starts, how it is cared for, how it ends.

use std::sync::{Arc, Weak};
use std::time::Duration;

use millstream_message::{Batch, Settlement, Verdicts};

use super::{EmbeddedBroker, verdict_on};
use crate::broker::Ended;
use crate::clock::{Clock, Now};
use crate::core::{Answer, Core, Declaration, Effects, Event, Grant, Move, TakenBack};
use crate::journal::{
    self, Disk, JournalOptions, Keeper, OpenError, Poisoned, Recovered, Stamp, Started, digest,
};
use crate::judge::{Case, judge};
use crate::rules::SubscriptionRules;

/// Why a journal could not be closed that nobody could say more of.
const CLOSING: &str = "closing it did not come to an end";

impl EmbeddedBroker {
    /// A broker that goes on where its journal on `disk` ends, with what is declared now. `random`
    /// gives random bits.
    ///
    /// # Errors
    /// See [`OpenError`]: in use, damaged, of another version, or with messages in it that the
    /// declaration does not account for.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        declaration: Declaration,
        clock: Arc<dyn Clock>,
        random: fn() -> u64,
    ) -> Result<(Self, Recovered), OpenError> {
        if !declaration.is_coherent() {
            return Err(OpenError::Incoherent);
        }
        let (outer, began) = (Arc::clone(&clock), clock.now());
        let id = u128::from(random()) << 64 | u128::from(random() ^ began.wall_ms);
        let Started { core, keeper, last, mut recovered } =
            journal::open(disk, options, &declaration, id)?;
        let clock: Arc<dyn Clock> = Arc::new(Continued::new(Arc::clone(&clock), last));
        let mut starting = Starting { core, keeper, clock, random, last: 0 };
        recovered.leases_returned = starting.restart()?;
        starting.step(Event::Declare(Box::new(declaration)))?;
        let Starting { core, keeper, clock, last, .. } = starting;
        recovered.messages = core.figures().topics.iter().map(|topic| topic.depth).sum();
        recovered.took = outer.now().monotonic.saturating_sub(began.monotonic);
        let broker = Self::around(core, Some(keeper), clock, random);
        broker.lock().last = last;
        Ok((broker, recovered))
    }

    /// Watches over the journal's size until it ends. Runs on a thread of its own.
    pub fn care(broker: &Weak<Self>) {
        let Ok(waiting) = tokio::runtime::Builder::new_current_thread().build() else { return };
        loop {
            let Some(strong) = broker.upgrade() else { return };
            let Some(keeper) = strong.keeper.clone() else { return };
            drop(strong);
            if !keeper.compactor.wait() {
                return;
            }
            let Some(strong) = broker.upgrade() else { return };
            // An error has ended the journal: whoever waits for `failed` is told.
            let _ = waiting.block_on(strong.compact());
        }
    }

    /// Makes a checkpoint and gives back what nobody needs, now. Reads and writes much: for a thread
    /// of its own.
    ///
    /// # Errors
    /// The disk answered an error, or the log does not say what it should: the journal has ended.
    pub async fn compact(&self) -> Result<(), Ended> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        // The segment that is written is sealed, so that the checkpoint covers it.
        {
            // Nobody is between asking where its record will be and appending it.
            let _state = self.lock();
            keeper.log.roll_next();
        }
        let record = self.step(Event::Tick).record;
        self.durable(record).await?;
        match keeper.compact() {
            Ok(moves) => {
                self.move_forward(moves);
                Ok(())
            }
            Err(error) => {
                keeper.fail(&format!("making a checkpoint: {error}"));
                Err(Ended(error.to_string()))
            }
        }
    }

    fn move_forward(&self, moves: Vec<Vec<Move>>) {
        for some in moves {
            self.step(Event::Moved(some));
        }
    }

    pub(super) async fn durable(&self, record: u64) -> Result<(), Ended> {
        match &self.keeper {
            Some(keeper) => keeper.durable(record).await.map_err(ended),
            None => Ok(()),
        }
    }

    /// Waits until everything that was recorded so far is durable; at once where nothing is kept.
    ///
    /// # Errors
    /// The journal has ended.
    pub async fn all_durable(&self) -> Result<(), Ended> {
        let last = self.lock().last;
        self.durable(last).await
    }

    pub(super) async fn end(&self) -> Result<(), Ended> {
        let Some(keeper) = self.keeper.clone() else { return Ok(()) };
        self.all_durable().await?;
        keeper.compactor.stop();
        let closing = tokio::task::spawn_blocking(move || keeper.log.close());
        closing.await.map_err(|_| Ended(CLOSING.to_owned()))?.map_err(ended)
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.compactor.stop();
        }
    }
}

/// A broker before anybody uses it.
struct Starting {
    core: Core,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    random: fn() -> u64,
    last: u64,
}

impl Starting {
    /// The process before is gone: its leases come back, and what was under lease in too many
    /// crashes is given up. Answers the number of leases.
    fn restart(&mut self) -> Result<u64, OpenError> {
        let (answer, effects) = self.step(Event::Restart)?;
        let (_, rules) = self.core.held_rules();
        for taken in effects.taken_back {
            let Some(rules) = rules.get(taken.grant.subscription.0 as usize) else { continue };
            self.give_up(taken, rules)?;
        }
        Ok(if let Answer::Moved { moved, .. } = answer { moved } else { 0 })
    }

    fn give_up(&mut self, taken: TakenBack, rules: &SubscriptionRules) -> Result<(), OpenError> {
        let Grant { lease, handler, parts, histories, .. } = taken.grant;
        let batch = Batch::gather(&parts).map_err(|error| OpenError::Io(error.to_string()))?;
        let verdict = verdict_on(taken.why, rules, batch.len());
        let settlement = Settlement {
            verdicts: Verdicts::Each(vec![verdict; batch.len()]),
            outputs: Vec::new(),
        };
        let (now, random) = (self.clock.now(), (self.random)());
        let (batch, handler, histories, full) = (&batch, &*handler, &histories, &[][..]);
        let on_trial = false;
        let case = Case { rules, handler, batch, histories, full, on_trial, now, random };
        let judged = judge(case, &settlement).map_err(|error| OpenError::Io(error.to_string()))?;
        self.step(Event::Settle(lease, Box::new(judged))).map(|_| ())
    }

    /// Steps an event and records it.
    fn step(&mut self, mut event: Event) -> Result<(Answer, Effects), OpenError> {
        let now = self.clock.now();
        while let Some(absent) = self.core.absent(&event, now).into_iter().next() {
            let batch = self.keeper.fetch(&absent.stored).map_err(OpenError::Damaged)?;
            self.core.restore(&absent, batch);
        }
        let body = self.keeper.encode(&event, false);
        if let Some(body) = &body {
            self.keeper.locate(&mut event, body);
        }
        let (answer, effects) = self.core.step(event, now);
        if let Some(body) = body {
            let outcome = digest(&answer, &effects, &self.core);
            self.last = self.keeper.append(body, Stamp { now, outcome }, &self.core);
        }
        Ok((answer, effects))
    }
}

pub(super) fn ended(poisoned: Poisoned) -> Ended {
    Ended(poisoned.to_string())
}

/// A clock whose monotonic time goes on where a process before stopped: the time between is what
/// the wall clock says, if it went forward.
struct Continued {
    clock: Arc<dyn Clock>,
    start: Duration,
    ahead: Duration,
}

impl Continued {
    fn new(clock: Arc<dyn Clock>, last: Option<Now>) -> Self {
        let now = clock.now();
        let ahead = last.map_or(Duration::ZERO, |last| {
            last.monotonic + Duration::from_millis(now.wall_ms.saturating_sub(last.wall_ms))
        });
        Self { clock, start: now.monotonic, ahead }
    }
}

impl Clock for Continued {
    fn now(&self) -> Now {
        let now = self.clock.now();
        Now { monotonic: self.ahead + now.monotonic.saturating_sub(self.start), ..now }
    }
}
