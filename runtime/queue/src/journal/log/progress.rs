//! How far the log has come, who waits for it to come further, and whether it ended.

use std::cmp::Ordering as Order;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::damage::Poisoned;
use super::options::Sync;

type Hook = Box<dyn Fn(u64) + Send + std::marker::Sync>;

/// How far the log has come.
pub(super) struct Progress {
    /// Whether durable means synced, not merely written.
    strict: bool,
    written: AtomicU64,
    synced: AtomicU64,
    waiters: Mutex<BinaryHeap<Waiter>>,
    poison: OnceLock<Poisoned>,
    closed: AtomicBool,
    failed: Notify,
    hook: OnceLock<Hook>,
}

/// Somebody who waits until a record is durable; the lowest sequence is the greatest waiter.
struct Waiter {
    sequence: u64,
    answer: oneshot::Sender<Result<(), Poisoned>>,
}

impl Progress {
    /// All up to `sequence` is synced.
    pub(super) fn new(sequence: u64, sync: Sync) -> Self {
        Self {
            strict: sync == Sync::Always,
            written: AtomicU64::new(sequence),
            synced: AtomicU64::new(sequence),
            waiters: Mutex::default(),
            poison: OnceLock::new(),
            closed: AtomicBool::new(false),
            failed: Notify::new(),
            hook: OnceLock::new(),
        }
    }

    /// The highest durable sequence.
    pub(super) fn durable(&self) -> u64 {
        if self.strict { self.synced() } else { self.written() }
    }

    /// The highest synced sequence.
    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// The highest written sequence.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Everything up to `sequence` is written.
    pub(super) fn set_written(&self, sequence: u64) {
        let before = self.written.swap(sequence, Ordering::AcqRel);
        if !self.strict && before < sequence {
            self.tell(sequence);
        }
    }

    /// Everything up to `sequence` is synced.
    pub(super) fn set_synced(&self, sequence: u64) {
        let before = self.synced.swap(sequence, Ordering::AcqRel);
        if self.strict && before < sequence {
            self.tell(sequence);
        }
    }

    /// Answers those who waited for up to `sequence`, and calls the hook.
    fn tell(&self, sequence: u64) {
        let mut served = Vec::new();
        let mut waiters = self.lock();
        while waiters.peek().is_some_and(|waiter| waiter.sequence <= sequence) {
            served.extend(waiters.pop());
        }
        drop(waiters);
        for waiter in served {
            _ = waiter.answer.send(Ok(()));
        }
        if let Some(hook) = self.hook.get() {
            hook(sequence);
        }
    }

    /// Joins those who wait for `sequence`; none when it is durable already.
    pub(super) fn wait_for(
        &self,
        sequence: u64,
    ) -> Result<Option<oneshot::Receiver<Result<(), Poisoned>>>, Poisoned> {
        if self.durable() >= sequence {
            return Ok(None);
        }
        let (answer, receiver) = oneshot::channel();
        let mut waiters = self.lock();
        // Both are set before the waiters are locked to be told: seen here, or told there.
        if self.durable() >= sequence {
            return Ok(None);
        }
        if self.has_ended() {
            return Err(self.cause());
        }
        waiters.push(Waiter { sequence, answer });
        Ok(Some(receiver))
    }

    /// Sets what is called after each advance.
    pub(super) fn hook(&self, hook: Hook) {
        _ = self.hook.set(hook);
    }

    /// Ends the log, once and for all.
    pub(super) fn poison(&self, poisoned: Poisoned) {
        if self.poison.set(poisoned).is_ok() {
            tracing::error!(cause = %self.cause(), "the journal stopped");
        }
        self.refuse_waiters();
        self.failed.notify_waiters();
    }

    /// Everything is written and synced; nothing more will be.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.refuse_waiters();
    }

    /// Whether nothing more will become durable.
    pub(super) fn has_ended(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.poison.get().is_some()
    }

    fn refuse_waiters(&self) {
        for waiter in std::mem::take(&mut *self.lock()) {
            _ = waiter.answer.send(Err(self.cause()));
        }
    }

    /// Why the log ended, if it did.
    pub(super) fn poisoned(&self) -> Option<Poisoned> {
        self.poison.get().cloned()
    }

    /// Why nothing becomes durable any more.
    pub(super) fn cause(&self) -> Poisoned {
        self.poisoned().unwrap_or_else(|| Poisoned::because("the journal is closed"))
    }

    /// Resolves when the log is poisoned.
    pub(super) async fn failed(&self) -> Poisoned {
        loop {
            let failed = self.failed.notified();
            if let Some(poisoned) = self.poisoned() {
                return poisoned;
            }
            failed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BinaryHeap<Waiter>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> Order {
        other.sequence.cmp(&self.sequence)
    }
}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Waiter {}
