//! Both clocks, and the timekeeper who is told when to look.

use std::time::Duration;

use millstream_queue::Now;
use millstream_queue::core::Event;

use super::Driver;
use crate::model::{Check, ensure};

/// Looks of the timekeeper while the clock stands still.
const LOOKS_MAX: usize = 200;

#[derive(Debug)]
pub(super) struct Clocks {
    monotonic: Duration,
    /// What the wall clock shows at monotonic 0: milliseconds since the Unix epoch.
    wall_ms: u64,
    /// The latest time that it ever showed, at monotonic 0.
    latest_ms: u64,
    /// When the timekeeper looks next.
    armed: Option<Duration>,
    /// When the wall clock was set last, if the timekeeper has not looked since.
    set_at: Option<Duration>,
    stalled: bool,
}

impl Clocks {
    pub(super) fn new() -> Self {
        let (monotonic, wall_ms) = (Duration::from_millis(1), 1_700_000_000_000);
        Self { monotonic, wall_ms, latest_ms: wall_ms, armed: None, set_at: None, stalled: false }
    }

    pub(super) fn now(&self) -> Now {
        let wall_ms = self.wall_ms + self.monotonic.as_millis() as u64;
        Now { monotonic: self.monotonic, wall_ms }
    }

    /// As a broker does: looks closer only when something is due before it would look anyway.
    pub(super) fn rearm(&mut self, at: Option<Duration>, next: impl FnOnce() -> Option<Duration>) {
        if at.is_some_and(|at| self.armed.is_none_or(|armed| at < armed)) {
            self.armed = next().or(at);
        }
    }

    pub(super) fn knows_wall(&self) -> bool {
        self.set_at.is_none()
    }

    /// Something is due then: the timekeeper must look by that time.
    pub(super) fn check(&self, look_by: Option<Duration>) -> Check {
        let Some(due) = look_by.filter(|_| !self.stalled) else { return Ok(()) };
        let in_time = self.armed.is_some_and(|armed| armed <= due);
        ensure!(in_time, "something is due at {due:?}, and the next look is at {:?}", self.armed);
        Ok(())
    }

    pub(super) fn armed(&self) -> Option<Duration> {
        self.armed
    }
}

impl Driver {
    /// Time passes, and the timekeeper looks when it said it would.
    pub(super) fn advance(&mut self, ms: u64) -> Check {
        let until = self.clocks.monotonic + Duration::from_millis(ms);
        self.tell(|| format!("{ms} ms pass, until {until:?}"));
        self.advance_until(until)
    }

    pub(super) fn advance_until(&mut self, until: Duration) -> Check {
        let mut looks = 0;
        while let Some(armed) = self.clocks.armed.filter(|armed| *armed <= until) {
            looks = if armed > self.clocks.monotonic { 0 } else { looks + 1 };
            ensure!(looks < LOOKS_MAX, "the timekeeper looks again and again at {armed:?}");
            self.clocks.monotonic = self.clocks.monotonic.max(armed);
            self.look()?;
            self.check_time()?;
        }
        self.clocks.monotonic = until;
        Ok(())
    }

    /// The timekeeper is late.
    pub(super) fn stall(&mut self, ms: u64) -> Check {
        self.clocks.monotonic += Duration::from_millis(ms);
        self.clocks.stalled = true;
        self.tell(|| format!("{ms} ms pass, and nobody looks"));
        Ok(())
    }

    pub(super) fn jump(&mut self, ms: i64) -> Check {
        self.clocks.wall_ms = self.clocks.wall_ms.saturating_add_signed(ms);
        self.clocks.latest_ms = self.clocks.latest_ms.max(self.clocks.wall_ms);
        self.clocks.set_at = Some(self.clocks.monotonic);
        self.tell(|| format!("the wall clock is set by {ms} ms"));
        Ok(())
    }

    /// The wall clock is not behind any more.
    pub(super) fn set_wall_right(&mut self) {
        self.clocks.wall_ms = self.clocks.latest_ms;
    }

    /// Another process looks at the clocks.
    pub(super) fn restart_clocks(&mut self) {
        self.clocks.armed = self.core.next_tick(self.clocks.now());
    }

    pub(super) fn tick(&mut self) -> Check {
        self.tell(|| "tick".to_owned());
        self.look()
    }

    fn look(&mut self) -> Check {
        self.clocks.stalled = false;
        self.clocks.set_at = None;
        self.clocks.armed = None;
        let at = self.clocks.monotonic;
        self.tell(|| format!("  the timekeeper looks at {at:?}"));
        self.step(Event::Tick, |model, _, step| model.tick(step))?;
        self.clocks.armed = self.core.next_tick(self.clocks.now());
        Ok(())
    }
}
