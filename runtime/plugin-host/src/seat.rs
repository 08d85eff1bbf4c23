//! Where an instance meets the rest of the host: its plugin's turns and its meter.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::meter::Meter;
use crate::turns::Lane;

/// One instance among those that take turns, and what is counted for it.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) meter: Arc<Meter>,
    lane: Arc<Lane>,
    /// Time that the guest waited for a turn since its deadline was set.
    waited_ns: AtomicU64,
    /// Whether the guest was made to yield and could go on at once.
    yielded: AtomicBool,
}

impl Seat {
    pub(crate) fn new(meter: Arc<Meter>, lane: Arc<Lane>) -> Arc<Self> {
        Arc::new(Self {
            meter,
            lane,
            waited_ns: AtomicU64::new(0),
            yielded: AtomicBool::new(false),
        })
    }

    /// Runs a guest whenever it has its turn. What it takes is counted.
    pub(crate) async fn run<F: Future>(&self, guest: F) -> F::Output {
        let mut guest = pin!(guest);
        let mut turn = Turn { seat: self, state: State::Out { since: None } };
        std::future::poll_fn(|context| {
            ready!(turn.take(context));
            let taken_up = Instant::now();
            let polled = guest.as_mut().poll(context);
            self.ran(taken_up.elapsed());
            turn.give_back();
            polled
        })
        .await
    }

    /// As tokio's timeout for what runs in [`Seat::run`], but time that the guest waits for a turn
    /// since [`Seat::begin`] does not count: others' guests cannot make it late. A guest that computes
    /// is left to the engine's clock, which can say where it was.
    pub(crate) async fn within<F: Future>(
        &self,
        patience: Duration,
        call: F,
    ) -> Result<F::Output, Elapsed> {
        let mut call = pin!(call);
        // The clock of the timeout, which tests may hold.
        let begun = tokio::time::Instant::now();
        loop {
            let left = (patience + self.waited()).saturating_sub(begun.elapsed());
            match timeout(left, call.as_mut()).await {
                // Its time is over also when it waited for the very turn in which that is seen.
                Err(elapsed) if begun.elapsed() >= patience + self.waited() && !self.goes_on() => {
                    return Err(elapsed);
                }
                Err(_) => {}
                Ok(output) => return Ok(output),
            }
        }
    }

    /// A new deadline is set.
    pub(crate) fn begin(&self) {
        self.waited_ns.store(0, Ordering::Relaxed);
    }

    /// The guest is made to yield: from now on it waits for its next turn.
    pub(crate) fn yields(&self) {
        self.yielded.store(true, Ordering::Relaxed);
    }

    /// Whether the guest was just made to yield and is to go on at once.
    fn goes_on(&self) -> bool {
        self.yielded.swap(false, Ordering::Relaxed)
    }

    /// By how much the deadline has moved.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed))
    }

    fn ran(&self, time: Duration) {
        self.meter.ran(time);
        self.lane.ran(time);
    }

    fn has_waited(&self, time: Duration) {
        self.meter.waited(time);
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.waited_ns.fetch_add(ns, Ordering::Relaxed);
    }
}

/// The turns of one run of a guest. Dropped, it holds none and waits for none.
struct Turn<'a> {
    seat: &'a Seat,
    state: State,
}

enum State {
    /// Neither has a turn nor asks for one; `since` when it could have gone on.
    Out {
        since: Option<Instant>,
    },
    Waits {
        ticket: u64,
        since: Instant,
    },
    Has,
}

impl Turn<'_> {
    fn take(&mut self, context: &Context<'_>) -> Poll<()> {
        let lane = &self.seat.lane;
        if let State::Out { since } = self.state {
            if lane.take() {
                since.into_iter().for_each(|since| self.seat.has_waited(since.elapsed()));
                self.state = State::Has;
                return Poll::Ready(());
            }
            let ticket = lane.wait(context.waker());
            self.state = State::Waits { ticket, since: since.unwrap_or_else(Instant::now) };
        }
        if let State::Waits { ticket, since } = self.state {
            if !lane.has_turn(ticket, context.waker()) {
                return Poll::Pending;
            }
            self.seat.has_waited(since.elapsed());
            self.state = State::Has;
        }
        Poll::Ready(())
    }

    fn give_back(&mut self) {
        let yielded = self.seat.yielded.swap(false, Ordering::Relaxed);
        self.state = State::Out { since: yielded.then(Instant::now) };
        self.seat.lane.give_back();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        match self.state {
            State::Waits { ticket, .. } => self.seat.lane.leave(ticket),
            State::Has => self.seat.lane.give_back(),
            State::Out { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::Turns;

    /// A call that is polled so often until it ends, and does `each` time.
    async fn call(polls: u32, each: impl Fn()) {
        let mut left = polls;
        std::future::poll_fn(|context| {
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
            each();
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn who_computes_is_left_to_the_engines_clock_and_who_waits_is_given_up() {
        let seat = Seat::new(Arc::default(), Arc::new(Turns::new(1).lane()));
        let computing = seat.within(Duration::ZERO, call(5, || seat.yields())).await;
        assert!(computing.is_ok());
        assert!(seat.within(Duration::ZERO, call(5, || {})).await.is_err());
    }

    /// Computes for a moment in each turn, and goes on until `over`.
    async fn compute(seat: Arc<Seat>, over: Arc<AtomicBool>) {
        let turns = std::future::poll_fn(|context| {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(1) {
                std::hint::spin_loop();
            }
            seat.yields();
            context.waker().wake_by_ref();
            if over.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        });
        seat.run(turns).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn who_awaits_the_host_is_given_up_in_its_first_turn_after_its_time_however_many_wait() {
        let (turns, over) = (Turns::new(1), Arc::new(AtomicBool::new(false)));
        let seat = || Seat::new(Arc::default(), Arc::new(turns.lane()));
        let others: Vec<_> =
            (0..3).map(|_| tokio::spawn(compute(seat(), Arc::clone(&over)))).collect();
        let (sleeper, polls) = (seat(), AtomicU64::new(0));
        let sleep = std::future::poll_fn(|_| match polls.fetch_add(1, Ordering::Relaxed) {
            // It would be given up never, or by luck.
            100 => Poll::Ready(()),
            _ => Poll::Pending,
        });
        let ended = sleeper.run(sleeper.within(Duration::from_millis(10), sleep)).await;
        over.store(true, Ordering::Relaxed);
        for other in others {
            other.await.expect("they compute");
        }
        assert!(ended.is_err());
        assert!(polls.into_inner() <= 4, "it had turns after its time");
    }
}
