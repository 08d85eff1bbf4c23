//! How values look as bytes in the journal: little-endian, length before content, no padding.
//!
//! One trait, one direction a method. Reading trusts nothing: every length is checked against what
//! is left before anything is allocated.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::{Buf, Bytes};
use millstream_message::{MessageId, SubscriptionId, TopicId};

/// Bytes that are not the value they should be: what was wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

const ENDS_EARLY: Malformed = Malformed("it ends too early");

/// A value that is written to and read from the journal.
pub(crate) trait Codec: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Takes the value off the front.
    fn get(from: &mut Bytes) -> Result<Self, Malformed>;
}

/// Takes `len` bytes off the front; they share their memory with the rest.
pub(crate) fn take(from: &mut Bytes, len: usize) -> Result<Bytes, Malformed> {
    if from.len() < len { Err(ENDS_EARLY) } else { Ok(from.split_to(len)) }
}

/// Takes a few bytes off the front, as a copy: cheaper than to share them.
fn take_into(from: &mut Bytes, into: &mut [u8]) -> Result<(), Malformed> {
    from.try_copy_to_slice(into).map_err(|_| ENDS_EARLY)
}

/// Takes a count of things off the front that take at least `size` bytes each.
pub(crate) fn count(from: &mut Bytes, size: usize) -> Result<usize, Malformed> {
    let count = u32::get(from)? as usize;
    if count.saturating_mul(size.max(1)) > from.len() {
        return Err(Malformed("it counts more than it holds"));
    }
    Ok(count)
}

/// Fields of a struct, in this order.
macro_rules! codec_struct {
    ($name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::codec::Codec for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $( $crate::codec::Codec::put(&self.$field, out); )*
            }

            fn get(from: &mut bytes::Bytes) -> Result<Self, $crate::codec::Malformed> {
                $( let $field = $crate::codec::Codec::get(from)?; )*
                Ok(Self { $($field),* })
            }
        }
    };
}

/// Variants of an enum without fields, by their numbers.
macro_rules! codec_enum {
    ($name:ident { $($variant:ident = $number:literal),* $(,)? }) => {
        impl $crate::codec::Codec for $name {
            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self { $( Self::$variant => $number ),* });
            }

            fn get(from: &mut bytes::Bytes) -> Result<Self, $crate::codec::Malformed> {
                match u8::get(from)? {
                    $( $number => Ok(Self::$variant), )*
                    _ => Err($crate::codec::Malformed(concat!("no such ", stringify!($name)))),
                }
            }
        }
    };
}

pub(crate) use {codec_enum, codec_struct};

macro_rules! codec_integer {
    ($($integer:ty),*) => { $(
        impl Codec for $integer {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn get(from: &mut Bytes) -> Result<Self, Malformed> {
                let mut bytes = [0; size_of::<Self>()];
                take_into(from, &mut bytes)?;
                Ok(Self::from_le_bytes(bytes))
            }
        }
    )* };
}

codec_integer!(u8, u16, u32, u64, u128);

impl Codec for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        match u8::get(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("neither true nor false")),
        }
    }
}

impl Codec for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_bits().put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        u64::get(from).map(Self::from_bits)
    }
}

impl Codec for Duration {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_secs().put(out);
        self.subsec_nanos().put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let (seconds, nanos) = (u64::get(from)?, u32::get(from)?);
        if nanos >= 1_000_000_000 {
            Err(Malformed("no such duration"))
        } else {
            Ok(Self::new(seconds, nanos))
        }
    }
}

impl Codec for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let len = count(from, 1)?;
        let bytes = take(from, len)?;
        Self::from_utf8(bytes.into()).map_err(|_| Malformed("text that is not UTF-8"))
    }
}

impl Codec for Bytes {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        out.extend_from_slice(self);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let len = count(from, 1)?;
        take(from, len)
    }
}

impl<T: Codec> Codec for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        if bool::get(from)? { T::get(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Codec> Codec for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        T::get(from).map(Self::new)
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        Ok((A::get(from)?, B::get(from)?))
    }
}

macro_rules! codec_collection {
    ($($collection:ident<$($item:ident: $bound:ident),*> of $element:ty),* $(,)?) => { $(
        impl<$($item: Codec + $bound),*> Codec for $collection<$($item),*> {
            fn put(&self, out: &mut Vec<u8>) {
                (self.len() as u32).put(out);
                self.iter().for_each(|element| element.put(out));
            }

            fn get(from: &mut Bytes) -> Result<Self, Malformed> {
                let count = count(from, 1)?;
                (0..count).map(|_| <$element>::get(from)).collect()
            }
        }
    )* };
}

codec_collection!(Vec<T: Sized> of T, VecDeque<T: Sized> of T, BTreeSet<T: Ord> of T);

impl<K: Codec + Ord, V: Codec> Codec for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let count = count(from, 1)?;
        (0..count).map(|_| <(K, V)>::get(from)).collect()
    }
}

impl<T: Codec> Codec for std::ops::Range<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.start.put(out);
        self.end.put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        Ok(T::get(from)?..T::get(from)?)
    }
}

impl Codec for MessageId {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        let mut bytes = [0; 16];
        take_into(from, &mut bytes)?;
        Ok(Self::from_bytes(bytes))
    }
}

impl Codec for TopicId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        u32::get(from).map(Self)
    }
}

impl Codec for SubscriptionId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(from: &mut Bytes) -> Result<Self, Malformed> {
        u32::get(from).map(Self)
    }
}
