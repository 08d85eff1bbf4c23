//! What a publisher hands in.

use std::ops::Range;

use bytes::Bytes;
use millstream_message::{Batch, MessageId};

use crate::codec::{Codec, Malformed, codec_struct};
use crate::stored::Stored;

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
    /// How far the source has read with these messages: kept with them, or not at all.
    pub position: Option<SourcePosition>,
}

/// How far a source has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePosition {
    /// The source's name.
    pub source: String,
    /// Where it goes on, in its own words.
    pub at: Bytes,
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
    /// Where a journal keeps them.
    pub stored: Option<Stored>,
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
        Self { visible: Arrival::new(batch).into_iter().collect(), ..Self::default() }
    }

    /// `batch` under `terms`, whose delays count from `wall_ms`.
    #[must_use]
    pub fn on_terms(batch: Batch, terms: &Terms, wall_ms: u64) -> Self {
        let all = Arrival {
            dedup: terms.dedup.clone(),
            expires_ms: terms.expires_ms.clone(),
            hashes: Vec::new(),
            stored: None,
            batch,
        };
        if terms.delays_ms.iter().all(|&delay| delay == 0) {
            let visible = Some(all).filter(|all| !all.is_empty());
            return Self { visible: visible.into_iter().collect(), ..Self::default() };
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

    /// Makes every batch one that is all of its columns.
    pub(crate) fn compact(&mut self) {
        for arrival in self.arrivals_mut().filter(|arrival| !arrival.batch.is_whole()) {
            arrival.batch = arrival.batch.copy_out();
        }
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

    /// Whether there is no message to publish.
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

    pub(crate) fn arrivals_mut(&mut self) -> impl Iterator<Item = &mut Arrival> {
        self.visible.iter_mut().chain(self.delayed.iter_mut().map(|(_, arrival)| arrival))
    }
}

impl Arrival {
    /// `batch` without terms; none when it is empty.
    #[must_use]
    pub fn new(batch: Batch) -> Option<Self> {
        let (dedup, expires_ms, hashes) = (Vec::new(), Vec::new(), Vec::new());
        (!batch.is_empty()).then_some(Self { batch, dedup, expires_ms, hashes, stored: None })
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
            stored: self.stored.map(|stored| stored.slice(range)),
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
        Publication { visible: gather(&visible).into_iter().collect(), delayed, position: None }
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
        stored: None,
    })
}

fn part<T: Copy>(column: &[T], range: &Range<usize>) -> Vec<T> {
    column.get(range.clone()).map(<[T]>::to_vec).unwrap_or_default()
}

codec_struct!(Duplicate { refused, first });
codec_struct!(SourcePosition { source, at });

/// As a checkpoint has them: without the messages, which the journal has.
impl Arrival {
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        self.stored.put(out);
        self.dedup.put(out);
        self.expires_ms.put(out);
    }

    pub(crate) fn load(from: &mut Bytes) -> Result<Self, Malformed> {
        let stored = Option::<Stored>::get(from)?;
        let (dedup, expires_ms) = (Codec::get(from)?, Codec::get(from)?);
        let (batch, hashes) = (crate::stored::nothing(), Vec::new());
        Ok(Self { batch, dedup, expires_ms, hashes, stored })
    }
}

impl Publication {
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        (self.visible.len() as u32).put(out);
        self.visible.iter().for_each(|arrival| arrival.save(out));
        (self.delayed.len() as u32).put(out);
        for (due, arrival) in &self.delayed {
            due.put(out);
            arrival.save(out);
        }
        self.position.put(out);
    }

    pub(crate) fn load(from: &mut Bytes) -> Result<Self, Malformed> {
        let mut loaded = Self::default();
        for _ in 0..crate::codec::count(from, 1)? {
            loaded.visible.push(Arrival::load(from)?);
        }
        for _ in 0..crate::codec::count(from, 1)? {
            loaded.delayed.push((u64::get(from)?, Arrival::load(from)?));
        }
        loaded.position = Codec::get(from)?;
        Ok(loaded)
    }

    /// Number of messages, whether they are fetched or not.
    pub(crate) fn stored_len(&self) -> u64 {
        self.arrivals().filter_map(|arrival| arrival.stored).map(|one| u64::from(one.len)).sum()
    }
}
