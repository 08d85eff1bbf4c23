//! The engine's clock: one thread that counts epochs up, so that running guests look at their
//! deadline and let others run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

use crate::turns::Turns;

/// The time between ticks while some guest waits for another to end its turn. A yield costs about a
/// microsecond.
const RUSH_TICK_MAX: Duration = Duration::from_millis(2);

/// Ticks until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(
        engine: &Engine,
        tick: Duration,
        turns: &Arc<Turns>,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (engine, stopped, watched) = (engine.clone(), Arc::clone(&stop), Arc::clone(turns));
        let thread = std::thread::Builder::new().name("epoch-ticker".into()).spawn(move || {
            let mut next = tick;
            while !stopped.load(Ordering::Acquire) {
                std::thread::park_timeout(next);
                engine.increment_epoch();
                let rush = watched.rush().goes_on(watched.contended());
                next = if rush { tick.min(RUSH_TICK_MAX) } else { tick };
            }
        })?;
        turns.rush().ticked_by(thread.thread().clone());
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread does nothing that can panic, and a panic here would hide the first one.
            let _ = thread.join();
        }
    }
}
