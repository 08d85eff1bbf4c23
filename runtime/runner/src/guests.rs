//! The threads that guests run on: apart from HTTP, timers and sources, so that a busy guest
//! delays nobody who only waits.

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

/// Guests take turns (`plugin-host`), as many at once as there are cores. One thread more, so that a
/// worker that leases or settles need not wait until one of them yields.
const THREADS_BESIDE_GUESTS: usize = 1;

/// A runtime of its own.
#[derive(Debug)]
pub(crate) struct GuestThreads(Option<Runtime>);

impl GuestThreads {
    pub(crate) fn start() -> io::Result<Self> {
        let threads = available_parallelism().map_or(1, NonZero::get);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads + THREADS_BESIDE_GUESTS)
            .thread_name("guest")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for GuestThreads {
    fn drop(&mut self) {
        // Waiting is not allowed where we may be dropped; a guest past its grace is abandoned.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
