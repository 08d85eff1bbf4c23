//! One message as one subscription sees it.

use std::rc::Rc;
use std::time::Duration;

use millstream_message::{Batch, BatchBuilder, MessageId};
use millstream_queue::{History, LeaseId, NEVER};

use super::settling::Kept;

/// What a message is, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) id: MessageId,
    pub(crate) key: Option<String>,
    /// What workers share the messages out by.
    pub(crate) key_hash: u64,
    pub(crate) payload: Vec<u8>,
    pub(crate) published_at: u64,
    pub(crate) expires_ms: u64,
}

/// Where an item stands in its subscription: redriven ones first, then by sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Redriven(u64),
    Log(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    /// It failed, and is due then.
    Parked(Duration),
    Leased(LeaseId),
    /// A version on trial failed on it: it waits for the end of the trial.
    Withheld,
}

/// What becomes of an item if the version on trial is promoted that failed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Withheld {
    pub(crate) fated: Kept,
    /// When a retry is due.
    pub(crate) due: Duration,
    /// When the version failed on it: milliseconds since the Unix epoch.
    pub(crate) wall_ms: u64,
    /// In the order in which they were withheld.
    pub(crate) serial: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) parcel: Rc<Parcel>,
    pub(crate) state: State,
    /// Whether the subscription holds a copy of its own.
    pub(crate) copied: bool,
    pub(crate) history: History,
    pub(crate) alone: bool,
    pub(crate) withheld: Option<Withheld>,
    /// It was too old once, and is not since the wall clock was set back: it lost its place.
    pub(crate) lost_place: bool,
    /// It may have waited behind its key before the ordering changed.
    pub(crate) was_behind: bool,
    /// When it became visible: monotonic time.
    pub(crate) arrived: Duration,
}

impl Parcel {
    pub(crate) fn new(id: MessageId, key: Option<String>, payload: Vec<u8>, wall_ms: u64) -> Self {
        let (published_at, expires_ms) = (wall_ms, NEVER);
        let parcel = Self { id, key, key_hash: 0, payload, published_at, expires_ms };
        Self { key_hash: parcel.batch().get(0).key_hash(), ..parcel }
    }

    /// A batch of this one message.
    pub(crate) fn batch(&self) -> Batch {
        batch_of([self])
    }
}

/// The messages as one batch.
pub(crate) fn batch_of<'a>(parcels: impl IntoIterator<Item = &'a Parcel>) -> Batch {
    let mut builder = BatchBuilder::with_capacity(0, 0);
    for one in parcels {
        let pushed = builder.push(one.id, one.published_at, one.key.as_deref(), [], &one.payload);
        pushed.expect("a few small messages fit into a batch");
    }
    builder.build()
}

impl Item {
    pub(crate) fn new(parcel: Rc<Parcel>, arrived: Duration) -> Self {
        let (state, history) = (State::Waiting, History::default());
        let (copied, alone, lost_place, was_behind) = (false, false, false, false);
        let withheld = None;
        Self { parcel, state, copied, history, alone, withheld, lost_place, was_behind, arrived }
    }

    /// A dead letter that came back, perhaps edited: as if new, and without an age.
    pub(crate) fn redriven(parcel: &Parcel, edited: &Batch, now: Duration) -> Self {
        let payload = edited.get(0).payload().to_vec();
        let parcel = Rc::new(Parcel { expires_ms: NEVER, payload, ..parcel.clone() });
        Self { copied: true, ..Self::new(parcel, now) }
    }

    pub(crate) fn is_leased(&self) -> bool {
        matches!(self.state, State::Leased(_))
    }

    pub(crate) fn is_expired(&self, wall_ms: u64) -> bool {
        self.parcel.expires_ms <= wall_ms
    }
}

impl Place {
    pub(crate) fn sequence(self) -> Option<u64> {
        match self {
            Self::Log(sequence) => Some(sequence),
            Self::Redriven(_) => None,
        }
    }

    pub(crate) fn is_redriven(self) -> bool {
        matches!(self, Self::Redriven(_))
    }
}
