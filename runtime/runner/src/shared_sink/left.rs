//! Sinks of subscriptions that are gone, for as long as a worker of theirs has something in hand.

use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;

use super::{Open, SharedSink, SinkRules};

/// A sink that its subscription has left.
pub(crate) struct LeftSink {
    rules: SinkRules,
    open: Weak<Open>,
    closed: CancellationToken,
}

impl SharedSink {
    /// What is known of it once its subscription is gone.
    pub(crate) fn left(&self) -> LeftSink {
        let (open, closed) = (Arc::downgrade(&self.open), self.open.closed.clone());
        LeftSink { rules: self.rules.clone(), open, closed }
    }
}

impl LeftSink {
    /// Whether nobody has anything to do with it any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// The sink as long as a worker has it; none where it is closed. Who asks while it is being
    /// closed waits for that: till then its file is locked, and nobody has it.
    pub(crate) async fn held(&self) -> Option<SharedSink> {
        let Some(open) = self.open.upgrade() else {
            self.closed.cancelled().await;
            return None;
        };
        Some(SharedSink { rules: self.rules.clone(), open })
    }
}
