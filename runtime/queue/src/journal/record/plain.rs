//! Values without messages.

use crate::codec::{Codec, Malformed, codec_enum};
use crate::core::SeekTo;
use crate::dead_letter::DeadLetterReason;

codec_enum!(DeadLetterReason { Rejected = 1, Exhausted = 2, Expired = 3, Crashed = 4 });

impl Codec for SeekTo {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Earliest => 1_u8.put(out),
            Self::Now => 2_u8.put(out),
            Self::Time(wall_ms) => {
                3_u8.put(out);
                wall_ms.put(out);
            }
        }
    }

    fn get(from: &mut bytes::Bytes) -> Result<Self, Malformed> {
        match u8::get(from)? {
            1 => Ok(Self::Earliest),
            2 => Ok(Self::Now),
            3 => u64::get(from).map(Self::Time),
            _ => Err(Malformed("no such place to seek")),
        }
    }
}
