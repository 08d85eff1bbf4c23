//! What tells a run to stop.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that comes twice within this time is meant once: `timeout` signals the process and then
/// its whole group. No one presses a key twice as fast.
const ECHO_MAX: Duration = Duration::from_millis(10);

/// SIGINT and SIGTERM. From the first listening on they no longer end the process by themselves.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    last: Option<(&'static str, Instant)>,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, last: None })
    }

    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        loop {
            let name = tokio::select! {
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
            };
            let last = self.last.replace((name, Instant::now()));
            if last.is_none_or(|(before, at)| before != name || at.elapsed() > ECHO_MAX) {
                return name;
            }
        }
    }
}
