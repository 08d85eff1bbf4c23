//! Many places in the journal, packed: a backlog of messages that were published one by one has one
//! for each of them.
//!
//! ```text
//!   all but the last, each:
//!     varint  distance << 1 | plain     distance: zigzag, from the position of the run before (from 0)
//!     varint  index, first, len         unless plain: index 0, first 0, len 1
//!   the last, unpacked
//! ```
//!
//! A varint has 7 bits a byte, the lowest first; the highest bit says that more follow.

use bytes::Bytes;

use super::Stored;
use crate::codec::{Codec, Malformed};

/// Bytes of the longest number that is packed: 65 bits.
const VARINT_BYTES_MAX: usize = 10;

/// Runs of messages in order: two or three bytes for a message that was published alone, and no
/// memory of its own for a single run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// All but the last, packed.
    packed: Vec<u8>,
    last: Option<Stored>,
    messages: u32,
    /// Position of the last one that is packed.
    position: u64,
}

impl Runs {
    /// Adds a run at the end.
    pub(crate) fn push(&mut self, run: Stored) {
        self.messages = self.messages.saturating_add(run.len);
        if let Some(before) = self.last.replace(run) {
            pack(&mut self.packed, self.position, before);
            self.position = before.position;
        }
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Stored> + '_ {
        let (mut packed, mut position) = (&self.packed[..], 0);
        let earlier = std::iter::from_fn(move || {
            let run = unpack(&mut packed, position)?;
            position = run.position;
            Some(run)
        });
        earlier.chain(self.last)
    }

    /// All of them, in order.
    pub(crate) fn to_vec(&self) -> Vec<Stored> {
        self.iter().collect()
    }

    pub(crate) fn first(&self) -> Option<Stored> {
        self.iter().next()
    }

    pub(crate) fn last(&self) -> Option<Stored> {
        self.last
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Messages of all runs.
    pub(crate) fn messages(&self) -> u32 {
        self.messages
    }

    /// Gives back the memory that was there for more.
    pub(crate) fn shrink(&mut self) {
        self.packed.shrink_to_fit();
    }
}

impl FromIterator<Stored> for Runs {
    fn from_iter<I: IntoIterator<Item = Stored>>(all: I) -> Self {
        let mut runs = Self::default();
        all.into_iter().for_each(|run| runs.push(run));
        runs
    }
}

impl From<Stored> for Runs {
    fn from(run: Stored) -> Self {
        Self::from_iter([run])
    }
}

/// As a checkpoint has them: the packed bytes with their length, then the last.
impl Codec for Runs {
    fn put(&self, out: &mut Vec<u8>) {
        (self.packed.len() as u32).put(out);
        out.extend_from_slice(&self.packed);
        self.last.put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let packed = Bytes::get(from)?;
        let mut rest = &packed[..];
        let mut runs = Self::default();
        while !rest.is_empty() {
            let position = runs.last.map_or(0, |last| last.position);
            runs.push(unpack(&mut rest, position).ok_or(Malformed("no such place"))?);
        }
        let last: Option<Stored> = Codec::get(from)?;
        match last {
            None if !runs.is_empty() => return Err(Malformed("the last place is missing")),
            last => last.into_iter().for_each(|last| runs.push(last)),
        }
        runs.shrink();
        Ok(runs)
    }
}

fn pack(out: &mut Vec<u8>, from: u64, run: Stored) {
    let Stored { position, index, first, len } = run;
    let plain = (index, first, len) == (0, 0, 1);
    let distance = position.wrapping_sub(from) as i64;
    let zigzag = (distance << 1 ^ distance >> 63) as u64;
    put_varint(out, u128::from(zigzag) << 1 | u128::from(plain));
    if !plain {
        [index, first, len].into_iter().for_each(|number| put_varint(out, number.into()));
    }
}

/// Takes a run off the front; none where it ends or says what no run does.
fn unpack(from: &mut &[u8], position: u64) -> Option<Stored> {
    let number = varint(from)?;
    let zigzag = u64::try_from(number >> 1).ok()?;
    let distance = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
    let position = position.wrapping_add(distance);
    if number & 1 == 1 {
        return Some(Stored { position, index: 0, first: 0, len: 1 });
    }
    let mut number = || u32::try_from(varint(from)?).ok();
    Some(Stored { position, index: number()?, first: number()?, len: number()? })
}

fn put_varint(out: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn varint(from: &mut &[u8]) -> Option<u128> {
    let mut number = 0;
    for place in 0..VARINT_BYTES_MAX {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u128::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn run() -> impl Strategy<Value = Stored> {
        let number = || prop_oneof![0..3u32, any::<u32>()];
        let position = prop_oneof![0..100_000u64, any::<u64>()];
        (position, number(), number(), number()).prop_map(|(position, index, first, len)| Stored {
            position,
            index,
            first,
            len,
        })
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out(all in vec(run(), 0..20)) {
            let runs: Runs = all.iter().copied().collect();
            prop_assert_eq!(runs.to_vec(), all.clone());
            prop_assert_eq!((runs.first(), runs.last()), (all.first().copied(), all.last().copied()));
            let mut bytes = Vec::new();
            runs.put(&mut bytes);
            let mut bytes = Bytes::from(bytes);
            prop_assert_eq!(Runs::get(&mut bytes), Ok(runs));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn any_bytes_are_refused_or_read_whole(bytes in vec(any::<u8>(), 0..60)) {
            let mut all = Vec::new();
            Bytes::from(bytes).put(&mut all);
            None::<Stored>.put(&mut all);
            let last = Some(Stored { position: 1, index: 2, first: 3, len: 4 });
            let mut with_last = Vec::from(&all[..all.len() - 1]);
            last.put(&mut with_last);
            for bytes in [all, with_last] {
                if let Ok(runs) = Runs::get(&mut Bytes::from(bytes)) {
                    let read: Runs = runs.iter().collect();
                    prop_assert_eq!(read, runs);
                }
            }
        }
    }

    #[test]
    fn a_message_published_alone_takes_three_bytes_at_most() {
        let alone =
            |i: u64| Stored { position: (1 << 40) | (i * 2_000), index: 0, first: 0, len: 1 };
        let runs: Runs = (0..256).map(alone).collect();
        assert!(runs.packed.len() < 3 * 256, "{} bytes", runs.packed.len());
        assert_eq!(runs.messages(), 256);
    }
}
