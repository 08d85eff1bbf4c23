//! What a guest hands to the host's functions: bounded for each call, whatever function takes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a guest may still hand over in the running call. Clones share it: streams keep one.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostData(Arc<AtomicU64>);

/// The call handed over more than `limits.host_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much was handed to the host's functions")]
pub(crate) struct HostDataSpent;

impl HostData {
    /// Begins a call that may hand over `bytes`.
    pub(crate) fn begin(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Whether a call may hand over any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes `bytes` of what is left; of too little, all.
    ///
    /// # Errors
    /// They are more than what was left. A function that must fail then hands this on as a trap.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), HostDataSpent> {
        let bytes = bytes as u64;
        let left = |left: u64| Some(left.saturating_sub(bytes));
        // The closure never refuses.
        let had = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).unwrap_or(0);
        if bytes > had { Err(HostDataSpent) } else { Ok(()) }
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
}
