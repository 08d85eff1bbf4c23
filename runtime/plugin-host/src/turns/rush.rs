//! Whether the engine's clock has to tick faster.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

/// Goes on while somebody waits for a turn.
#[derive(Debug, Default)]
pub(crate) struct Rush {
    on: AtomicBool,
    /// Somebody began to wait since the last tick.
    joined: AtomicBool,
    ticker: OnceLock<Thread>,
}

impl Rush {
    /// Tells whose thread to wake.
    pub(crate) fn ticked_by(&self, ticker: Thread) {
        // A host has one clock; a second one would only tick later.
        let _ = self.ticker.set(ticker);
    }

    /// The first to wait makes the clock tick now. Those who join while it ticks fast do not, or
    /// everybody who yields to a tick would cause the next one.
    pub(super) fn begin(&self) {
        self.joined.store(true, Ordering::Release);
        if !self.on.swap(true, Ordering::AcqRel)
            && let Some(ticker) = self.ticker.get()
        {
            ticker.unpark();
        }
    }

    /// Whether the next tick is to come soon, at the time of a tick.
    pub(crate) fn goes_on(&self, contended: bool) -> bool {
        let joined = self.joined.swap(false, Ordering::AcqRel);
        let on = self.on.load(Ordering::Acquire) && (joined || contended);
        self.on.store(on, Ordering::Release);
        on
    }
}
