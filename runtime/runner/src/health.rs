//! Whether a subscription's handler works, and how long its workers rest when it does not.
//!
//! Two things make workers rest, longer each time, until something works again:
//! - **The handler does not start.** No message is to blame and none is charged. Who has a live
//!   instance goes on; who needs a new one waits.
//! - **Call after call fails**, each of one message alone, and none succeeds. Every failure counts:
//!   the messages may be poison, and poison must end as dead letters. But a plugin that is broken
//!   would push a whole topic into them at full speed, so after every [`FAILURES_PER_REST`]
//!   failures in a row all workers rest for a moment. The rest is short enough that a topic with
//!   that much poison in a row is slowed down, not stalled. One success ends it.
//!
//! Other subscriptions do not notice either. It is shown by `subscriptions`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Calls of single messages that may fail in a row before all workers rest.
const FAILURES_PER_REST: u64 = 64;
/// Failures in a row from which a handler is shown as failing: one poisoned message alone is none.
const FAILING_FROM: u64 = 3;
/// What is kept of a failure's text: dead letters have the rest.
const WHY_BYTES_MAX: usize = 1 << 10;
/// The first rest.
const FIRST_REST: Duration = Duration::from_millis(100);
/// The longest rest of a handler that does not start.
const START_REST_MAX: Duration = Duration::from_secs(30);
/// The longest rest of a handler whose calls fail: it holds up whatever good messages follow.
const CALLS_REST_MAX: Duration = Duration::from_secs(5);

/// How the handler of a subscription is, for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthReport {
    /// Whether it works.
    pub state: HealthState,
    /// The last failure; none while it works.
    pub why: Option<String>,
    /// When the first failure was after which nothing succeeded: milliseconds since the Unix epoch.
    pub since_ms: Option<u64>,
    /// Starts or calls that have failed since then.
    pub failures: u64,
    /// When the next try is due, while it rests: milliseconds since the Unix epoch.
    pub next_try_ms: Option<u64>,
}

/// Whether a handler works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthState {
    /// It does, as far as anybody knows.
    #[default]
    Works,
    /// Its last calls failed, and none has succeeded since.
    Failing,
    /// Its workers wait before they try again.
    Resting,
}

/// What the workers of one subscription know together of their handler.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Whether there is any trouble: all that the ordinary path looks at.
    troubled: AtomicBool,
    troubles: Mutex<Troubles>,
    /// Something works again.
    recovered: Notify,
}

#[derive(Debug, Default)]
struct Troubles {
    starts: Option<Trouble>,
    calls: Option<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    why: String,
    since_ms: u64,
    failures: u64,
    rests: u32,
    next_try: Option<NextTry>,
}

#[derive(Clone, Copy, Debug)]
struct NextTry {
    at: Instant,
    wall_ms: u64,
}

impl Health {
    /// Resolves when a worker may try: at once while all is well. `starting`: it has to start its
    /// handler first. Of many that wait for that, one tries; its luck decides about the others.
    pub(crate) async fn rested(&self, starting: bool) {
        while self.troubled.load(Ordering::Acquire) {
            let recovered = self.recovered.notified();
            let Some(until) = self.lock().claim(starting) else { return };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = recovered => {}
            }
        }
    }

    /// A handler started.
    pub(crate) fn started(&self) {
        self.relieve(|troubles| troubles.starts = None);
    }

    /// A call gave answers.
    pub(crate) fn answered(&self) {
        self.relieve(|troubles| troubles.calls = None);
    }

    /// A handler did not start. Says how long to rest.
    pub(crate) fn start_failed(&self, why: &str, now_ms: u64) -> Duration {
        let mut troubles = self.lock();
        self.troubled.store(true, Ordering::Release);
        let trouble = troubles.starts.get_or_insert_with(|| Trouble::new(now_ms));
        trouble.failed(why, 1);
        trouble.rest(START_REST_MAX, now_ms)
    }

    /// `failures` calls failed, the last of them by `why`, and no call gave answers meanwhile.
    /// `rests`: whether workers rest after too many.
    pub(crate) fn calls_failed(&self, failures: u64, why: &str, now_ms: u64, rests: bool) {
        let mut troubles = self.lock();
        self.troubled.store(true, Ordering::Release);
        let trouble = troubles.calls.get_or_insert_with(|| Trouble::new(now_ms));
        let before = trouble.failures / FAILURES_PER_REST;
        trouble.failed(why, failures);
        if rests && trouble.failures / FAILURES_PER_REST > before {
            let rest = trouble.rest(CALLS_REST_MAX, now_ms);
            tracing::warn!(failures = trouble.failures, why, ?rest, "call after call fails");
        }
    }

    /// How the handler is.
    pub(crate) fn report(&self) -> HealthReport {
        let troubles = self.lock();
        let now = Instant::now();
        let Troubles { starts, calls } = &*troubles;
        let calls = calls.as_ref().filter(|trouble| trouble.failures >= FAILING_FROM);
        let Some(trouble) = starts.as_ref().or(calls) else { return HealthReport::works() };
        let next_try = trouble.next_try.filter(|next| starts.is_some() || next.at > now);
        HealthReport {
            state: next_try.map_or(HealthState::Failing, |_| HealthState::Resting),
            why: Some(trouble.why.clone()),
            since_ms: Some(trouble.since_ms),
            failures: trouble.failures,
            next_try_ms: next_try.map(|next| next.wall_ms),
        }
    }

    /// Most calls find nothing to do.
    fn relieve(&self, end: impl FnOnce(&mut Troubles)) {
        if !self.troubled.load(Ordering::Acquire) {
            return;
        }
        let mut troubles = self.lock();
        end(&mut troubles);
        let troubled = troubles.starts.is_some() || troubles.calls.is_some();
        self.troubled.store(troubled, Ordering::Release);
        drop(troubles);
        self.recovered.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Troubles {
    /// Until when to wait; none: try now. Whoever may try a start puts off the others' next try.
    fn claim(&mut self, starting: bool) -> Option<Instant> {
        let now = Instant::now();
        let until = |trouble: &Trouble| trouble.next_try.map(|next| next.at).filter(|&at| at > now);
        let starts = self.starts.as_mut().filter(|_| starting);
        if let Some(until) =
            starts.as_deref().into_iter().chain(&self.calls).filter_map(until).max()
        {
            return Some(until);
        }
        if let Some(trouble) = starts
            && let Some(next) = &mut trouble.next_try
        {
            let rest = rest_after(trouble.rests, START_REST_MAX);
            *next = NextTry { at: now + rest, wall_ms: next.wall_ms + millis(rest) };
        }
        None
    }
}

impl Trouble {
    fn new(since_ms: u64) -> Self {
        Self { why: String::new(), since_ms, failures: 0, rests: 0, next_try: None }
    }

    fn failed(&mut self, why: &str, times: u64) {
        let mut end = why.len().min(WHY_BYTES_MAX);
        while !why.is_char_boundary(end) {
            end -= 1;
        }
        self.why = why[..end].to_owned();
        self.failures += times;
    }

    /// Puts off the next try, longer each time.
    fn rest(&mut self, rest_max: Duration, now_ms: u64) -> Duration {
        let rest = rest_after(self.rests, rest_max);
        self.rests += 1;
        let wall_ms = now_ms + millis(rest);
        self.next_try = Some(NextTry { at: Instant::now() + rest, wall_ms });
        rest
    }
}

impl HealthReport {
    fn works() -> Self {
        let state = HealthState::Works;
        Self { state, why: None, since_ms: None, failures: 0, next_try_ms: None }
    }
}

impl HealthState {
    /// `works`, `failing` or `resting`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Failing => "failing",
            Self::Resting => "resting",
        }
    }
}

/// The rest after `rests` earlier ones.
fn rest_after(rests: u32, rest_max: Duration) -> Duration {
    FIRST_REST.saturating_mul(1 << rests.min(16)).min(rest_max)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
