//! Who waits for a turn, and who is next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

/// How far behind or ahead of the others' running time a plugin counts that begins to wait: what
/// somebody took while nobody waited is forgiven but for this.
const DEBT_MAX: Duration = Duration::from_millis(100);

/// Who waits, by lane.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lanes: BTreeMap<u64, Waiting>,
    tickets: u64,
    /// Tickets that have their turn and do not know it yet: no more than there are turns.
    granted: Vec<u64>,
    /// How long the plugin that was last given a turn had run.
    clock_ns: u64,
}

/// The guests of one plugin that wait.
#[derive(Debug)]
struct Waiting {
    ran_ns: Arc<AtomicU64>,
    line: VecDeque<(u64, Waker)>,
}

impl Queue {
    /// Grants a turn to the next guest of the lane that has run least.
    pub(super) fn next(&mut self) -> Option<Waker> {
        let ran = |waiting: &Waiting| waiting.ran_ns.load(Ordering::Relaxed);
        let (&number, waiting) = self.lanes.iter_mut().min_by_key(|(_, lane)| ran(lane))?;
        self.clock_ns = self.clock_ns.max(ran(waiting));
        let next = waiting.line.pop_front();
        if waiting.line.is_empty() {
            self.lanes.remove(&number);
        }
        let (ticket, waker) = next?;
        self.granted.push(ticket);
        Some(waker)
    }

    /// Whether anybody waits.
    pub(super) fn waits(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// One more guest of `lane`, which has run for `ran_ns`. Answers its ticket.
    pub(super) fn join(&mut self, lane: u64, ran_ns: &Arc<AtomicU64>, waker: Waker) -> u64 {
        self.tickets += 1;
        let clock_ns = self.clock_ns;
        let waiting = self.lanes.entry(lane).or_insert_with(|| {
            let debt_max = clock_ns.saturating_add(DEBT_MAX.as_nanos() as u64);
            let ran = ran_ns.load(Ordering::Relaxed).clamp(clock_ns, debt_max);
            ran_ns.store(ran, Ordering::Relaxed);
            Waiting::new(Arc::clone(ran_ns))
        });
        waiting.line.push_back((self.tickets, waker));
        self.tickets
    }

    /// The guest with `ticket` is to be woken by `waker` from now on.
    pub(super) fn wake_with(&mut self, lane: u64, ticket: u64, waker: &Waker) {
        if let Some(known) = self.lanes.get_mut(&lane).and_then(|one| one.waker(ticket)) {
            known.clone_from(waker);
        }
    }

    /// Takes note that `ticket` has its turn, if so.
    pub(super) fn claim(&mut self, ticket: u64) -> bool {
        let granted = self.granted.iter().position(|&one| one == ticket);
        granted.map(|place| self.granted.swap_remove(place)).is_some()
    }

    /// The guest with `ticket` waits no longer.
    pub(super) fn leave(&mut self, lane: u64, ticket: u64) {
        let Some(waiting) = self.lanes.get_mut(&lane) else { return };
        waiting.line.retain(|&(one, _)| one != ticket);
        if waiting.line.is_empty() {
            self.lanes.remove(&lane);
        }
    }
}

impl Waiting {
    fn new(ran_ns: Arc<AtomicU64>) -> Self {
        Self { ran_ns, line: VecDeque::new() }
    }

    fn waker(&mut self, ticket: u64) -> Option<&mut Waker> {
        self.line.iter_mut().find(|(one, _)| *one == ticket).map(|(_, waker)| waker)
    }
}
