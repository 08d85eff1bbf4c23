//! What a publisher hands in.

use std::ops::Range;

use millstream_message::{Batch, MessageId};

/// The expire-at time of a message that never expires.
pub const NEVER: u64 = u64::MAX;

/// Messages for one topic: those visible at once, and those that become visible later.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Visible at once, in order.
    pub visible: Vec<Arrival>,
    /// Visible when due: milliseconds since the Unix epoch. A single message among others is
    /// copied out, so that a long delay keeps no large batch.
    pub delayed: Vec<(u64, Arrival)>,
}

/// Messages that become visible together, with what the core needs to know of each.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The messages; at least one.
    pub batch: Batch,
    /// A hash of each message's dedup id, 0 where it has none; or empty.
    pub dedup: Vec<u128>,
    /// When each expires: milliseconds since the Unix epoch, or [`NEVER`]; empty when none does
    /// unless the topic says so.
    pub expires_ms: Vec<u64>,
    /// Each message's [`millstream_message::Message::order_hash`]; or empty, and the core makes
    /// them where it needs them. Publishers make them so that a step has nothing to hash.
    pub hashes: Vec<u64>,
}

/// A message that was not accepted since its topic has it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The message that was refused.
    pub refused: MessageId,
    /// The one that was accepted first.
    pub first: MessageId,
}

/// What a message asks for beside being published. All empty or one item a message.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Milliseconds until it becomes visible; 0: as the topic says.
    pub delays_ms: Vec<u64>,
    /// As [`Arrival::dedup`].
    pub dedup: Vec<u128>,
    /// As [`Arrival::expires_ms`].
    pub expires_ms: Vec<u64>,
}

impl Publication {
    /// All of `batch`, visible at once.
    #[must_use]
    pub fn now(batch: Batch) -> Self {
        Self { visible: Arrival::new(batch).into_iter().collect(), delayed: Vec::new() }
    }

    /// `batch` under `terms`, whose delays count from `wall_ms`.
    #[must_use]
    pub fn on_terms(batch: Batch, terms: &Terms, wall_ms: u64) -> Self {
        let all = Arrival {
            dedup: terms.dedup.clone(),
            expires_ms: terms.expires_ms.clone(),
            hashes: Vec::new(),
            batch,
        };
        if terms.delays_ms.iter().all(|&delay| delay == 0) {
            let visible = Some(all).filter(|all| !all.is_empty());
            return Self { visible: visible.into_iter().collect(), delayed: Vec::new() };
        }
        all.split_by_delay(&terms.delays_ms, wall_ms)
    }

    /// `batch` with one delay in milliseconds for each message (or none at all), counted from
    /// `wall_ms`.
    #[must_use]
    pub fn with_delays(batch: Batch, delays_ms: &[u32], wall_ms: u64) -> Self {
        if delays_ms.iter().all(|&delay| delay == 0) {
            return Self::now(batch);
        }
        let delays_ms = delays_ms.iter().map(|&delay| u64::from(delay)).collect();
        Self::on_terms(batch, &Terms { delays_ms, ..Terms::default() }, wall_ms)
    }

    /// Hashes every key, so that the step has nothing to hash.
    pub fn hash_keys(&mut self) {
        self.arrivals_mut().for_each(Arrival::hash_keys);
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrivals().map(Arrival::len).sum()
    }

    /// Whether there is nothing to publish.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.visible.is_empty() && self.delayed.is_empty()
    }

    /// Memory that the messages hold.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.arrivals().map(|arrival| arrival.batch.resident_bytes() as u64).sum()
    }

    pub(crate) fn arrivals(&self) -> impl Iterator<Item = &Arrival> {
        self.visible.iter().chain(self.delayed.iter().map(|(_, arrival)| arrival))
    }

    fn arrivals_mut(&mut self) -> impl Iterator<Item = &mut Arrival> {
        self.visible.iter_mut().chain(self.delayed.iter_mut().map(|(_, arrival)| arrival))
    }
}

impl Arrival {
    /// `batch` without terms; none when it is empty.
    #[must_use]
    pub fn new(batch: Batch) -> Option<Self> {
        let (dedup, expires_ms, hashes) = (Vec::new(), Vec::new(), Vec::new());
        (!batch.is_empty()).then_some(Self { batch, dedup, expires_ms, hashes })
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there are no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Messages `range`, sharing the columns.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self {
            batch: self.batch.slice(range.clone()),
            dedup: part(&self.dedup, &range),
            expires_ms: part(&self.expires_ms, &range),
            hashes: part(&self.hashes, &range),
        }
    }

    /// As [`Arrival::slice`], but keeping no larger batch in memory.
    pub(crate) fn copy_out(&self, range: Range<usize>) -> Self {
        let whole = range == (0..self.len());
        let part = self.slice(range);
        if whole { part } else { Self { batch: part.batch.copy_out(), ..part } }
    }

    pub(crate) fn hash_keys(&mut self) {
        if self.hashes.len() != self.batch.len() {
            self.hashes = self.batch.iter().map(|message| message.order_hash()).collect();
        }
    }

    /// Runs of undelayed messages stay together as one batch where all are; else they are gathered.
    fn split_by_delay(self, delays_ms: &[u64], wall_ms: u64) -> Publication {
        let mut visible = Vec::new();
        let mut delayed = Vec::new();
        for i in 0..self.len() {
            let one = self.slice(i..i + 1);
            match delays_ms.get(i).copied().unwrap_or(0) {
                0 => visible.push(one),
                delay => {
                    let batch = one.batch.copy_out();
                    delayed.push((wall_ms.saturating_add(delay), Self { batch, ..one }));
                }
            }
        }
        Publication { visible: gather(&visible).into_iter().collect(), delayed }
    }
}

/// One arrival of many.
fn gather(parts: &[Arrival]) -> Option<Arrival> {
    let batches: Vec<Batch> = parts.iter().map(|part| part.batch.clone()).collect();
    // Parts of a batch that was built cannot be too large for another.
    let gathered = match &batches[..] {
        // A lone part would keep all that it is a part of.
        [one] => Ok(one.copy_out()),
        parts => Batch::gather(parts),
    };
    let batch = gathered.ok().filter(|batch| !batch.is_empty())?;
    Some(Arrival {
        batch,
        dedup: parts.iter().flat_map(|part| part.dedup.iter().copied()).collect(),
        expires_ms: parts.iter().flat_map(|part| part.expires_ms.iter().copied()).collect(),
        hashes: parts.iter().flat_map(|part| part.hashes.iter().copied()).collect(),
    })
}

fn part<T: Copy>(column: &[T], range: &Range<usize>) -> Vec<T> {
    column.get(range.clone()).map(<[T]>::to_vec).unwrap_or_default()
}
