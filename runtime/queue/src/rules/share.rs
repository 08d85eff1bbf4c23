//! Which keys a worker serves.

use crate::codec::{Codec, Malformed, codec_struct};

/// The keys that a version on trial gets, in percent of all: always the same ones for the same
/// number, and those of a smaller number among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u8);

/// An inclusive range of key hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Lowest hash.
    pub first: u64,
    /// Highest hash.
    pub last: u64,
}

impl Share {
    /// All keys.
    pub const ALL: Self = Self(100);

    /// So many percent of the keys: 1 to 100.
    #[must_use]
    pub fn percent(percent: u8) -> Option<Self> {
        (1..=100).contains(&percent).then_some(Self(percent))
    }

    /// The percentage.
    #[must_use]
    pub fn as_percent(self) -> u8 {
        self.0
    }

    /// The hashes of the keys in the share.
    #[must_use]
    pub fn keys(self) -> KeyRange {
        let last = if self == Self::ALL { u64::MAX } else { u64::MAX / 100 * u64::from(self.0) };
        KeyRange { first: 0, last }
    }

    /// The hashes of all other keys; none where there are no others.
    #[must_use]
    pub fn rest(self) -> Option<KeyRange> {
        let first = self.keys().last.checked_add(1)?;
        Some(KeyRange { first, last: u64::MAX })
    }
}

impl KeyRange {
    /// Every key.
    pub const ALL: Self = Self { first: 0, last: u64::MAX };

    /// What lies in both ranges; none when nothing does.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }

    /// Whether `hash` lies in the range.
    #[must_use]
    pub fn contains(&self, hash: u64) -> bool {
        (self.first..=self.last).contains(&hash)
    }
}

codec_struct!(KeyRange { first, last });

impl Codec for Share {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        Self::percent(u8::get(from)?).ok_or(Malformed("no such share of the keys"))
    }
}
