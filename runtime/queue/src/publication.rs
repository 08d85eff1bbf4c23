//! What a publisher hands in.

use millstream_message::{Batch, BatchBuilder};

/// Messages for one topic: those visible at once, and those that become visible later.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Visible at once, in order.
    pub batch: Option<Batch>,
    /// Visible when due. Each is copied out, so that a long delay keeps no large batch.
    pub delayed: Vec<Delayed>,
}

/// One message that becomes visible later.
#[derive(Clone, Debug)]
pub struct Delayed {
    /// When: milliseconds since the Unix epoch.
    pub due_ms: u64,
    /// A batch of this one message.
    pub message: Batch,
}

impl Publication {
    /// All of `batch`, visible at once.
    #[must_use]
    pub fn now(batch: Batch) -> Self {
        Self { batch: Some(batch).filter(|batch| !batch.is_empty()), delayed: Vec::new() }
    }

    /// `batch` with one delay in milliseconds for each message (or none at all), counted from
    /// `wall_ms`.
    #[must_use]
    pub fn with_delays(batch: Batch, delays_ms: &[u32], wall_ms: u64) -> Self {
        if delays_ms.iter().all(|&delay| delay == 0) {
            return Self::now(batch);
        }
        let mut visible = BatchBuilder::with_capacity(batch.len(), 0);
        let mut delayed = Vec::new();
        for (i, &delay) in delays_ms.iter().enumerate().take(batch.len()) {
            let message = batch.slice(i..i + 1);
            // A part of a batch that was built cannot be too large for another.
            if delay == 0 && visible.extend(&message).is_ok() {
                continue;
            }
            let due_ms = wall_ms.saturating_add(u64::from(delay));
            delayed.push(Delayed { due_ms, message: message.copy_out() });
        }
        Self { delayed, ..Self::now(visible.build()) }
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.as_ref().map_or(0, Batch::len) + self.delayed.len()
    }

    /// Whether there is nothing to publish.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory that the messages hold.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let delayed: usize = self.delayed.iter().map(|one| one.message.resident_bytes()).sum();
        (self.batch.as_ref().map_or(0, Batch::resident_bytes) + delayed) as u64
    }
}
