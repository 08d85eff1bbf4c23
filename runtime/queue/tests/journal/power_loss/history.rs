//! A random history: publishers, workers and an operator on a broker whose process ends now and
//! then, with every step in the ledger before it begins and after it was answered.

mod deployers;
mod operators;
mod publishers;
mod workers;

use std::sync::{Arc, Mutex, MutexGuard};

use millstream_queue::{Broker, Clock, Delivery, EmbeddedBroker, Ended, Now, OpenError};

use self::deployers::Trial;
use super::ledger::{Effect, Entry, Ledger, Spot};
use super::parcel::Parcels;
use crate::clock::ManualClock;
use crate::random::Random;
use crate::simulated_disk::{Crash, SimulatedDisk};
use crate::world::World;

const WALL_MS: u64 = 1_700_000_000_000;

/// A history that was played.
pub(crate) struct History {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) parcels: Parcels,
    /// The disk at every sync, and after every step.
    pub(crate) shots: Vec<Shot>,
    /// Where the ledger stood when the last acts began that were answered: what was answered
    /// before lies further back than the last group of the log.
    pub(crate) last_group: usize,
    /// The disk at the end.
    pub(crate) disk: SimulatedDisk,
    /// The time at the end.
    pub(crate) now: Now,
    /// How often something was forced to the disk when the broker was first seen to have failed.
    pub(crate) failed_at: Option<u64>,
}

/// A moment at which the power may fail.
pub(crate) struct Shot {
    pub(crate) crash: Crash,
    /// What of the ledger had happened.
    pub(crate) entries: usize,
    pub(crate) now: Now,
}

/// What the history knows of itself, shared with the disk's hook and the clients.
#[derive(Default)]
struct Book {
    ledger: Ledger,
    parcels: Parcels,
    shots: Vec<Shot>,
    last_group: usize,
    /// The broker has said that it keeps nothing any more.
    ended: bool,
}

type Shared = Arc<Mutex<Book>>;

/// Somebody who does all of that.
pub(crate) struct Player {
    world: World,
    random: Random,
    disk: SimulatedDisk,
    clock: Arc<ManualClock>,
    pub(crate) broker: Arc<EmbeddedBroker>,
    book: Shared,
    held: Vec<Delivery>,
    /// Deliveries whose lease has ended: their messages may be with others.
    stale: Vec<Delivery>,
    /// The version that is on trial.
    trial: Option<Trial>,
    /// The last generation of workers that there was.
    newest: u64,
    ids: u64,
    turns: u64,
    failed_at: Option<u64>,
}

/// Plays the history of `seed`, in which the power fails once and the process is closed once.
pub(crate) async fn play(seed: u64) -> History {
    let mut random = Random::new(seed);
    let world = World::random(&mut random);
    let steps = random.pick(&[20, 60, 120]);
    // A message that several crashes in a row find under lease is given up: no more than one.
    let crash_at = random.below(steps * 2);
    let close_at = random.below(steps * 2);
    let mut player = Player::new(world, random, SimulatedDisk::new()).unwrap();
    player.watch();
    for step in 0..steps {
        player.step().await;
        if step == crash_at {
            player.lose_power();
        }
        if step == close_at {
            player.close().await;
            player.go_on(player.disk.copy());
        }
    }
    let history = player.end();
    assert!(history.failed_at.is_none(), "seed {seed}: nothing broke, and the broker has failed");
    history
}

impl Player {
    pub(crate) fn new(
        world: World,
        random: Random,
        disk: SimulatedDisk,
    ) -> Result<Self, OpenError> {
        let clock = Arc::new(ManualClock::starting_at(WALL_MS));
        let broker = Arc::new(world.open(&disk, &clock)?.0);
        let (book, trial) = (Shared::default(), None);
        let (held, stale, ids, turns, failed_at) = (Vec::new(), Vec::new(), 0, 0, None);
        let player = Self {
            world,
            random,
            disk,
            clock,
            broker,
            book,
            held,
            stale,
            trial,
            newest: 1,
            ids,
            turns,
            failed_at,
        };
        Ok(player)
    }

    pub(crate) async fn step(&mut self) {
        let before = book(&self.book).ledger.len();
        match self.random.below(100) {
            0..30 => self.publish().await,
            30..35 => self.publish_to_a_waiting_worker().await,
            35..52 => self.lease().await,
            52..70 => self.settle().await,
            70..80 => self.deploy().await,
            80 => self.alter().await,
            81..86 => self.advance(),
            86..90 => self.pause().await,
            90..93 => self.redrive().await,
            93..95 => self.purge_letters().await,
            95..97 => self.fence().await,
            97..99 => self.compact().await,
            _ => self.purge().await,
        }
        self.shoot(before);
    }

    /// Time passes; leases whose deadline lies in it end, and their messages have failed.
    fn advance(&mut self) {
        let ms = self.random.pick(&[1, 50, 200, 1_000, 2_500]);
        self.clock.advance(ms);
        self.pass_deadlines();
        self.broker.tick();
    }

    /// A checkpoint; what nobody needs goes, and what lives among the dead moves.
    async fn compact(&mut self) {
        let compacted = self.broker.compact().await;
        self.unless_ended(compacted);
    }

    /// The process is gone in mid-air; another goes on with what the disk has.
    fn lose_power(&mut self) {
        let crash = self.disk.crash();
        let disk = match self.random.chance(50) {
            true => crash.image(&mut self.random),
            false => self.disk.after_kill(),
        };
        book(&self.book).ledger.note(Entry::Ended);
        self.held.clear();
        self.go_on(disk);
    }

    /// The process ends as it should.
    pub(crate) async fn close(&mut self) {
        while !self.held.is_empty() {
            let before = book(&self.book).ledger.len();
            self.give_back().await;
            self.shoot(before);
        }
        let closed = self.broker.close().await;
        if self.unless_ended(closed).is_some() {
            let now = book(&self.book).ledger.len();
            self.shoot(now);
            book(&self.book).ledger.note(Entry::Ended);
        }
    }

    fn go_on(&mut self, disk: SimulatedDisk) {
        // What another process leased is no lease of this one.
        self.stale.clear();
        self.disk.on_sync(None);
        self.disk = disk;
        self.clock = Arc::new(ManualClock::starting_at(self.clock.now().wall_ms + 10));
        self.watch();
        self.broker = Arc::new(self.world.open(&self.disk, &self.clock).unwrap().0);
        // A start rolls back what was not decided.
        self.trial = None;
    }

    /// Every sync of the disk becomes a shot.
    fn watch(&self) {
        let (shared, clock) = (Arc::clone(&self.book), Arc::clone(&self.clock));
        let hook = move |crash| book(&shared).shoot(crash, clock.now());
        self.disk.on_sync(Some(Box::new(hook)));
    }

    /// Notes a moment at which the power may fail, after a step that began at `before`.
    fn shoot(&self, before: usize) {
        let crash = self.disk.crash();
        let mut book = book(&self.book);
        if book.ledger.answered_since(before) {
            book.last_group = before;
        }
        book.shoot(crash, self.clock.now());
    }

    /// What was answered; none where the broker has failed.
    fn unless_ended<T>(&mut self, answer: Result<T, Ended>) -> Option<T> {
        if answer.is_err() {
            book(&self.book).ended = true;
        }
        let ended = book(&self.book).ended;
        if ended && self.failed_at.is_none() {
            self.failed_at = Some(self.disk.syncs());
        }
        answer.ok()
    }

    /// Looks at whether the broker has failed.
    fn note_end(&mut self, answer: Result<(), Ended>) {
        self.unless_ended(answer);
    }

    pub(crate) fn end(mut self) -> History {
        self.note_end(Ok(()));
        self.disk.on_sync(None);
        let Book { ledger, parcels, shots, last_group, .. } =
            std::mem::take(&mut *book(&self.book));
        let (world, now) = (self.world.clone(), self.clock.now());
        let (disk, failed_at) = (self.disk.clone(), self.failed_at);
        History { world, ledger, parcels, shots, last_group, disk, now, failed_at }
    }
}

impl Book {
    fn shoot(&mut self, crash: Crash, now: Now) {
        self.shots.push(Shot { crash, entries: self.ledger.len(), now });
    }
}

fn book(shared: &Shared) -> MutexGuard<'_, Book> {
    shared.lock().unwrap()
}

/// Effects on the messages of a delivery.
fn spots(delivery: &Delivery) -> impl Iterator<Item = Spot> {
    let subscription = delivery.subscription.0;
    delivery.batch.ids().iter().map(move |id| Spot::Message(subscription, *id))
}

/// Whoever waits for one lets the others go on.
async fn all(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

type Effects = Vec<(Spot, Effect)>;
