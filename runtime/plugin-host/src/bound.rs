//! One entry into a guest: what it may take, and how it ended.

use std::time::Duration;

use millstream_message::FailureKind;
use tokio::time::Instant;
use tokio::time::error::Elapsed;
use wasmtime::Store;

use crate::failure::{CallFailure, Size, blame, failure, with_words};
use crate::guest::Guest;
use crate::limits::Limits;
use crate::wire::{ALLOWANCE_PER_MESSAGE, OutputMax};

/// How late a guest that awaits the host may be: one that also computes is then likely stopped by the
/// engine's clock, which can say where it was.
const GRACE_MAX: Duration = Duration::from_millis(2);
/// What a guest may always hand over in one piece, such as a write to a stream, however small its
/// output limit is.
const PIECE_BYTES_MIN: u64 = 1 << 20;

/// What one call may take, with the names of the settings that say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) timeout: Duration,
    /// The setting that `timeout` is from, or what is left of it.
    timeout_setting: (&'static str, Duration),
    pub(crate) output: OutputMax,
    output_names: (&'static str, &'static str),
    host_data: u64,
}

impl Bound {
    /// How long to wait for a guest that this gives its time to.
    pub(crate) fn patience(&self, tick: Duration) -> Duration {
        self.timeout + tick.min(GRACE_MAX)
    }

    /// A failure by the time limit.
    pub(crate) fn timed_out(&self, words: Option<String>) -> CallFailure {
        let (name, timeout) = self.timeout_setting;
        failure(FailureKind::Timeout, with_words(format!("{name} {timeout:?}"), words), None)
    }

    /// This for a part of what `whole` bounds, of whose time so much is `left`.
    pub(crate) fn within(self, whole: &Self, left: Duration) -> Self {
        if self.timeout <= left {
            return self;
        }
        Self { timeout: left, timeout_setting: whole.timeout_setting, ..self }
    }

    /// A failure by the output limit.
    pub(crate) fn too_much(&self, words: Option<String>) -> CallFailure {
        let setting = format!("{} {}", self.output_names.0, Size(self.output.bytes));
        failure(FailureKind::OutputLimit, with_words(setting, words), None)
    }

    /// A failure by the limit on messages to publish.
    pub(crate) fn too_many(&self) -> CallFailure {
        let setting = format!("{} {}", self.output_names.1, self.output.messages);
        failure(FailureKind::OutputLimit, setting, None)
    }

    /// A failure by the limit on what is handed to the host's functions.
    pub(crate) fn too_much_for_host(&self, words: Option<String>) -> CallFailure {
        let setting = format!("limits.host_data {}", Size(self.host_data));
        failure(FailureKind::OutputLimit, with_words(setting, words), None)
    }

    /// A failure by one piece, handed to a host's function, that is larger than may be copied at
    /// once: than what a call may return.
    pub(crate) fn too_large_a_piece(&self, words: Option<String>) -> CallFailure {
        let setting = format!("limits.host_data {}, too much in one piece", Size(self.host_data));
        failure(FailureKind::OutputLimit, with_words(setting, words), None)
    }
}

impl Limits {
    /// What a call of `messages` messages may take.
    pub(crate) fn bound(&self, messages: usize) -> Bound {
        if messages == 1 {
            return Bound {
                timeout: self.timeout,
                timeout_setting: ("limits.timeout", self.timeout),
                output: OutputMax { bytes: self.output, messages: self.output_messages },
                output_names: ("limits.output", "limits.output_messages"),
                host_data: self.host_data,
            };
        }
        Bound {
            timeout: self.batch_timeout,
            timeout_setting: ("limits.batch_timeout", self.batch_timeout),
            output: OutputMax { bytes: self.batch_output, messages: self.batch_output_messages },
            output_names: ("limits.batch_output", "limits.batch_output_messages"),
            host_data: self.host_data,
        }
    }
}

/// Sets what holds for one call into the guest.
pub(crate) fn begin(store: &mut Store<Guest>, bound: &Bound, messages: usize) {
    let copied_max = bound.output.bytes.saturating_add(messages as u64 * ALLOWANCE_PER_MESSAGE);
    store.set_hostcall_fuel(copied_max.max(PIECE_BYTES_MIN) as usize);
    store.set_epoch_deadline(1);
    let guest = store.data_mut();
    guest.deadline = Instant::now() + bound.timeout;
    guest.limiter.refused = None;
    guest.host_data.begin(bound.host_data);
    guest.seat.begin();
}

/// Judges how a call into the guest ended.
pub(crate) fn end<R>(
    store: &mut Store<Guest>,
    bound: &Bound,
    outcome: Result<wasmtime::Result<R>, Elapsed>,
) -> Result<R, CallFailure> {
    let guest = store.data_mut();
    let result = match outcome {
        Ok(Ok(_)) if guest.host_data.is_overdrawn() => Err(bound.too_much_for_host(guest.words())),
        Ok(Ok(result)) => Ok(result),
        Ok(Err(error)) => Err(blame(&error, guest, bound)),
        Err(Elapsed { .. }) => Err(bound.timed_out(guest.words())),
    };
    if result.is_err() {
        let due = guest.deadline + guest.seat.waited();
        guest.seat.meter.stopped_late(Instant::now().saturating_duration_since(due));
    }
    guest.http.end();
    for (name, tail) in [("stdout", &guest.stdout), ("stderr", &guest.stderr)] {
        if let Some(text) = tail.take() {
            guest.log.stream(name, &text);
        }
    }
    guest.seat.meter.log_dropped(guest.log.end());
    result
}
