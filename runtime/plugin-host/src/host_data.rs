//! What a guest hands to the host's functions: bounded for each call, whatever function takes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a guest may still hand over in the running call. Clones share it: streams keep one.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostData(Arc<Left>);

#[derive(Debug, Default)]
struct Left {
    bytes: AtomicU64,
    overdrawn: AtomicBool,
}

/// The call handed over more than `limits.host_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much was handed to the host's functions")]
pub(crate) struct HostDataSpent;

impl HostData {
    /// Begins a call that may hand over `bytes`.
    pub(crate) fn begin(&self, bytes: u64) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
        self.0.overdrawn.store(false, Ordering::Relaxed);
    }

    /// Whether a call may hand over any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.bytes.load(Ordering::Relaxed) == 0
    }

    /// Whether the call handed over more than it may: it has failed, whatever its guest makes of
    /// the error that it was told.
    pub(crate) fn is_overdrawn(&self) -> bool {
        self.0.overdrawn.load(Ordering::Relaxed)
    }

    /// Takes `bytes` of what is left; of too little, all.
    ///
    /// # Errors
    /// They are more than what was left, which fails the call. A function that can, hands this on as
    /// a trap; one that cannot, as an error.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), HostDataSpent> {
        if self.use_up(bytes) {
            return Ok(());
        }
        self.0.overdrawn.store(true, Ordering::Relaxed);
        Err(HostDataSpent)
    }

    /// As [`HostData::take`], for what never fails a call. Says whether there was enough.
    pub(crate) fn use_up(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let left = |left: u64| Some(left.saturating_sub(bytes));
        // The closure never refuses.
        let had = self.0.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        bytes <= had.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_spend_the_same_bytes_and_a_new_call_has_them_again() {
        let data = HostData::default();
        data.begin(10);
        let clone = data.clone();
        assert_eq!((clone.take(4), data.take(6), data.is_spent()), (Ok(()), Ok(()), true));
        assert_eq!((data.take(0), data.take(1)), (Ok(()), Err(HostDataSpent)));
        data.begin(1);
        assert_eq!((data.take(2), data.is_spent()), (Err(HostDataSpent), true));
    }

    #[test]
    fn a_call_has_overdrawn_once_more_was_taken_than_it_had_but_not_by_what_fails_no_call() {
        let data = HostData::default();
        data.begin(10);
        assert!(data.use_up(10) && !data.use_up(1) && !data.is_overdrawn());
        assert_eq!((data.take(1), data.clone().is_overdrawn()), (Err(HostDataSpent), true));
        data.begin(1);
        assert!(!data.is_overdrawn());
    }
}
