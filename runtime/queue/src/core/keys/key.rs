//! One key: who holds it, and what waits behind it.

use std::collections::VecDeque;

use crate::codec::codec_struct;
use crate::core::lease::LeaseId;
use crate::core::pending::Pending;

/// One key.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// The lease that holds messages of it.
    pub(super) holder: Option<LeaseId>,
    /// Messages of it that are parked for a retry.
    pub(super) retries: u32,
    /// Dead letters that must be redriven or purged before it goes on.
    pub(super) letters: u32,
    pub(super) in_ready: bool,
    /// Redriven messages, then what was passed over, in order.
    pub(super) queue: VecDeque<Pending>,
}

impl Key {
    /// What of the queue may go now: everything, only redriven messages, or nothing.
    pub(super) fn leasable(&self) -> usize {
        if self.holder.is_some() {
            return 0;
        }
        if self.retries == 0 && self.letters == 0 {
            return self.queue.len();
        }
        self.queue.iter().take_while(|pending| pending.redriven).count()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.holder.is_none() && self.retries == 0 && self.letters == 0 && self.queue.is_empty()
    }
}

codec_struct!(Key { holder, retries, letters, in_ready, queue });
