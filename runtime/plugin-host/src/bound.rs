//! One entry into a guest: what it may take, and how it ended.

use std::time::Duration;

use millstream_message::FailureKind;
use tokio::time::Instant;
use tokio::time::error::Elapsed;
use wasmtime::Store;

use crate::failure::{CallFailure, Size, blame, failure, with_words};
use crate::guest::Guest;
use crate::load::Limits;
use crate::wire::ALLOWANCE_PER_MESSAGE;

/// How many ticks a guest that awaits the host may be late: one that computes is stopped by the
/// engine's clock before, which can say where it was.
const GRACE_TICKS: u32 = 2;
/// What a guest may always hand over in one piece, such as a write to stderr, however small its
/// output limit is.
const PIECE_BYTES_MIN: u64 = 64 << 10;

/// What one call may take, with the names of the settings that say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) timeout: Duration,
    pub(crate) timeout_name: &'static str,
    pub(crate) output: u64,
    pub(crate) output_name: &'static str,
}

impl Bound {
    /// How long to wait for a guest that this gives its time to.
    pub(crate) fn patience(&self, tick: Duration) -> Duration {
        self.timeout + tick * GRACE_TICKS
    }

    /// A failure by the time limit.
    pub(crate) fn timed_out(&self, words: Option<String>) -> CallFailure {
        let setting = format!("{} {:?}", self.timeout_name, self.timeout);
        failure(FailureKind::Timeout, with_words(setting, words), None)
    }

    /// A failure by the output limit.
    pub(crate) fn too_much(&self, words: Option<String>) -> CallFailure {
        let setting = format!("{} {}", self.output_name, Size(self.output));
        failure(FailureKind::OutputLimit, with_words(setting, words), None)
    }
}

impl Limits {
    /// What a call of `messages` messages may take.
    pub(crate) fn bound(&self, messages: usize) -> Bound {
        if messages == 1 {
            return Bound {
                timeout: self.timeout,
                timeout_name: "limits.timeout",
                output: self.output,
                output_name: "limits.output",
            };
        }
        Bound {
            timeout: self.batch_timeout,
            timeout_name: "limits.batch_timeout",
            output: self.batch_output,
            output_name: "limits.batch_output",
        }
    }
}

/// Sets what holds for one call into the guest.
pub(crate) fn begin(store: &mut Store<Guest>, bound: &Bound, messages: usize) {
    let copied_max = bound.output.saturating_add(messages as u64 * ALLOWANCE_PER_MESSAGE);
    store.set_hostcall_fuel(copied_max.max(PIECE_BYTES_MIN) as usize);
    store.set_epoch_deadline(1);
    let guest = store.data_mut();
    guest.deadline = Instant::now() + bound.timeout;
    guest.limiter.refused = false;
}

/// Judges how a call into the guest ended.
pub(crate) fn end<R>(
    store: &mut Store<Guest>,
    bound: &Bound,
    outcome: Result<wasmtime::Result<R>, Elapsed>,
) -> Result<R, CallFailure> {
    let guest = store.data_mut();
    let result = match outcome {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(error)) => Err(blame(&error, guest, bound)),
        Err(Elapsed { .. }) => Err(bound.timed_out(guest.words())),
    };
    for (name, tail) in [("stdout", &guest.stdout), ("stderr", &guest.stderr)] {
        if let Some(text) = tail.take() {
            guest.log.stream(name, &text);
        }
    }
    guest.log.end();
    result
}
