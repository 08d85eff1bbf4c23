//! Why a call or a start failed: told apart by what the caller does next, in the guest's words.

use std::fmt::Write;

use millstream_message::FailureKind;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::bound::Bound;
use crate::guest::Guest;
use crate::host_data::HostDataSpent;
use crate::limiter::Refused;

/// The most that is told about one failure: it ends up in a header of a dead letter.
pub const FAILURE_BYTES_MAX: usize = 8 << 10;
/// The guest's own words in it: the rest is for the backtrace.
const WORDS_BYTES_MAX: usize = 4 << 10;
/// How the engine begins to say that a guest returned more than the host wants to copy. Its type
/// is private to the engine; a test notices when the words change.
const TOO_MUCH: &str = "too much data is being copied";

/// A call that gave no answers. The instance is spent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct CallFailure {
    /// One of `Trap`, `Timeout`, `MemoryLimit`, `OutputLimit`, `InvalidResult`.
    pub kind: FailureKind,
    /// The setting that was hit, if one was, and the guest's words: the last error it logged, else
    /// the end of its stderr, else what the engine says. A backtrace follows on later lines. At
    /// most [`FAILURE_BYTES_MAX`].
    pub message: String,
    /// Whether the host, not the guest, is to blame: charge nobody.
    pub host_fault: bool,
}

/// Why there is no instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartFailure {
    /// The guest refuses its configuration, in its words.
    #[error("configuration refused: {0}")]
    ConfigRefused(String),
    /// The guest trapped while starting or looking at its configuration.
    #[error("trap while starting: {0}")]
    Trap(String),
    /// Starting took longer than `limits.batch_timeout`.
    #[error("timeout while starting: {0}")]
    Timeout(String),
    /// Starting takes more than `limits.memory`.
    #[error("memory limit while starting: {0}")]
    Memory(String),
    /// All `.0` places for instances are taken: charge nobody, wait for [`crate::Plugin::room`].
    #[error("all {0} places for instances are taken: wait for one, or start the host for more")]
    Pool(u32),
    /// All `.0` instances that `limits.instances` gives the plugin are taken: charge nobody, wait
    /// for [`crate::Plugin::room`].
    #[error("limits.instances {0}: all are taken")]
    Instances(u32),
}

/// An answer that breaks the contract; `what` says where.
pub(crate) fn invalid_result(what: String) -> CallFailure {
    failure(FailureKind::InvalidResult, what, None)
}

/// Finds out who is to blame for `error`, and what there is to say.
pub(crate) fn blame(error: &wasmtime::Error, guest: &mut Guest, bound: &Bound) -> CallFailure {
    let trap = error.downcast_ref::<Trap>();
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let words = guest.words();
    if trap == Some(&Trap::Interrupt) {
        return with_backtrace(bound.timed_out(words), backtrace);
    }
    if let Some(refused) = guest.limiter.refused {
        let setting = match refused {
            Refused::Memory => format!("limits.memory {}", Size(guest.version.limits.memory)),
            Refused::Tables => format!("limits.tables {}", guest.version.limits.tables),
        };
        return failure(FailureKind::MemoryLimit, with_words(setting, words), backtrace);
    }
    if error.is::<HostDataSpent>() || guest.host_data.is_overdrawn() {
        return with_backtrace(bound.too_much_for_host(words), backtrace);
    }
    let root = error.root_cause().to_string();
    if root.starts_with(TOO_MUCH) {
        // Only a guest that is running has a backtrace: it was calling the host, not returning.
        let failure = match backtrace {
            Some(_) => bound.too_large_a_piece(words),
            None => bound.too_much(words),
        };
        return with_backtrace(failure, backtrace);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        let host_fault = true;
        return CallFailure { host_fault, ..failure(FailureKind::Trap, root, None) };
    }
    if let Some(I32Exit(status)) = error.downcast_ref() {
        let exit = format!("the guest exited with status {status}");
        return failure(FailureKind::Trap, words_then(words, exit), backtrace);
    }
    if trap.is_some() || backtrace.is_some() {
        return failure(FailureKind::Trap, words_then(words, root), backtrace);
    }
    // Not from running code, so from reading what it returned.
    failure(FailureKind::InvalidResult, root, None)
}

impl Guest {
    /// What the guest last said about itself: the last error it logged during the call, which begins
    /// with what happened and where; else the end of its stderr, where the last thing written is.
    pub(crate) fn words(&mut self) -> Option<String> {
        let stderr = self.stderr.take();
        match self.log.take_error() {
            Some(error) => Some(truncate(&error, WORDS_BYTES_MAX).to_owned()),
            None => stderr.map(|stderr| end(&stderr).to_owned()),
        }
    }
}

pub(crate) fn with_words(setting: String, words: Option<String>) -> String {
    match words {
        Some(words) => format!("{setting}: {words}"),
        None => setting,
    }
}

/// The guest's words, and on the next line what the engine says.
fn words_then(words: Option<String>, engine: String) -> String {
    match words {
        Some(words) => format!("{words}\n{engine}"),
        None => engine,
    }
}

/// As much of the end of a text as is told.
fn end(words: &str) -> &str {
    let mut start = words.len().saturating_sub(WORDS_BYTES_MAX);
    while !words.is_char_boundary(start) {
        start += 1;
    }
    &words[start..]
}

pub(crate) fn failure(
    kind: FailureKind,
    message: String,
    backtrace: Option<&WasmBacktrace>,
) -> CallFailure {
    with_backtrace(CallFailure { kind, message, host_fault: false }, backtrace)
}

fn with_backtrace(mut failure: CallFailure, backtrace: Option<&WasmBacktrace>) -> CallFailure {
    if let Some(backtrace) = backtrace {
        // Writing to a string cannot fail.
        let _ = write!(failure.message, "\n{backtrace}");
    }
    failure.message.truncate(truncate(&failure.message, FAILURE_BYTES_MAX).len());
    failure
}

/// The longest beginning of `text` of at most `bytes_max` bytes.
pub(crate) fn truncate(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Bytes as a pipeline file writes them.
pub(crate) struct Size(pub(crate) u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let whole = units.iter().find(|(bits, _)| self.0 > 0 && self.0.is_multiple_of(1 << bits));
        match whole {
            Some((bits, unit)) => write!(f, "{}{unit}", self.0 >> bits),
            None => write!(f, "{} bytes", self.0),
        }
    }
}
