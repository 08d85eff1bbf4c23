//! What the environment asks for: how many cases, and which.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The number in an environment variable.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not `{text}`")))
}

/// Plays seed after seed until one says that it is enough; or the one that `MILLSTREAM_SEED` names.
pub(crate) fn on_all_cores(play: impl Fn(u64) -> bool + Sync) {
    if let Some(seed) = number("MILLSTREAM_SEED") {
        play(seed);
        return;
    }
    let next = AtomicU64::new(number("MILLSTREAM_SEED_FROM").unwrap_or(1));
    let stop = AtomicBool::new(false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    match catch_unwind(AssertUnwindSafe(|| play(seed))) {
                        Ok(true) => {}
                        Ok(false) => stop.store(true, Ordering::Relaxed),
                        Err(panic) => {
                            stop.store(true, Ordering::Relaxed);
                            println!("MILLSTREAM_SEED={seed} plays it again");
                            resume_unwind(panic);
                        }
                    }
                }
            });
        }
    });
}

/// A thread's own runtime.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}
