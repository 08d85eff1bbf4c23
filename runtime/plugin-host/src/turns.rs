//! Guests take turns on the threads: as many at once as there are cores, and of those that wait the
//! one whose plugin has run least.
//!
//! A guest has its turn from when it is polled until it ends, waits for the host, or is made to
//! yield by the engine's clock; then somebody else may be next. Without this the executor's queue
//! decided: a plugin with 64 workers in endless loops would have 64 places in it, and everybody
//! else one. Within a plugin it is one after the other, so that a call that loops costs its
//! neighbours turns, not seconds.
//!
//! While nobody waits, a turn costs two atomic operations. As soon as somebody does, the clock ticks
//! faster, beginning at once, so that a wait is as short as a tick.

mod queue;
mod rush;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use self::queue::Queue;
use self::rush::Rush;

/// The turns of one host.
#[derive(Debug)]
pub(crate) struct Turns {
    free: AtomicUsize,
    /// Guests that wait for a turn; changed only while `queue` is locked.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
    lanes: AtomicU64,
    rush: Rush,
}

/// A plugin among those that take turns.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) turns: Arc<Turns>,
    number: u64,
    ran_ns: Arc<AtomicU64>,
}

impl Turns {
    /// Turns for `at_once` guests.
    pub(crate) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self {
            free: AtomicUsize::new(at_once.max(1)),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
            lanes: AtomicU64::new(0),
            rush: Rush::default(),
        })
    }

    /// A lane for one more plugin.
    pub(crate) fn lane(self: &Arc<Self>) -> Lane {
        let number = self.lanes.fetch_add(1, Ordering::Relaxed);
        Lane { turns: Arc::clone(self), number, ran_ns: Arc::default() }
    }

    pub(crate) fn rush(&self) -> &Rush {
        &self.rush
    }

    /// Whether anybody waits.
    pub(crate) fn contended(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    fn take(&self) -> bool {
        let taken =
            self.free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| free.checked_sub(1));
        taken.is_ok()
    }

    /// Whoever begins to wait looks for free turns after it is counted, and we look for who waits
    /// after the turn is free: one of both sees the other.
    fn give_back(&self) {
        self.free.fetch_add(1, Ordering::SeqCst);
        if self.contended() {
            self.hand_out(self.lock());
        }
    }

    /// Gives free turns to those who wait and wakes them.
    fn hand_out(&self, mut queue: MutexGuard<'_, Queue>) {
        let mut woken = Vec::new();
        while queue.waits() && self.take() {
            woken.extend(queue.next());
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        drop(queue);
        woken.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// A guest of this plugin had a thread for `time`.
    pub(crate) fn ran(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.ran_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// Takes a turn if one is free and nobody waits for it.
    pub(crate) fn take(&self) -> bool {
        !self.turns.contended() && self.turns.take()
    }

    pub(crate) fn give_back(&self) {
        self.turns.give_back();
    }

    /// Begins to wait. The ticket is for [`Lane::has_turn`], or else for [`Lane::leave`].
    pub(crate) fn wait(&self, waker: &Waker) -> u64 {
        let mut queue = self.turns.lock();
        let ticket = queue.join(self.number, &self.ran_ns, waker.clone());
        self.turns.waiting.fetch_add(1, Ordering::SeqCst);
        self.turns.hand_out(queue);
        self.turns.rush.begin();
        ticket
    }

    /// Whether the turn of `ticket` has come; if not, `waker` is woken when it does.
    pub(crate) fn has_turn(&self, ticket: u64, waker: &Waker) -> bool {
        let mut queue = self.turns.lock();
        let granted = queue.claim(ticket);
        if !granted {
            queue.wake_with(self.number, ticket, waker);
        }
        granted
    }

    /// Waits no longer.
    pub(crate) fn leave(&self, ticket: u64) {
        let mut queue = self.turns.lock();
        if queue.claim(ticket) {
            drop(queue);
            self.turns.give_back();
            return;
        }
        queue.leave(self.number, ticket);
        self.turns.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
