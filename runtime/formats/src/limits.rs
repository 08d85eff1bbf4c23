//! How large one message may be.

use crate::refusal::Reason;
use crate::terms::DEDUP_ID_BYTES_MAX;

/// Bounds on one message, in bytes. They keep one producer from filling a topic, and one message
/// from being larger than a guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageLimits {
    /// Largest payload.
    pub payload_max: usize,
    /// Largest sum of key, header names and header values.
    pub key_and_headers_max: usize,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { payload_max: 1 << 20, key_and_headers_max: 64 << 10 }
    }
}

impl MessageLimits {
    /// The longest line that can be the envelope of a message within these limits.
    #[must_use]
    pub fn envelope_max(&self) -> usize {
        /// Any byte can be written `\u0000`.
        const ESCAPED_MAX: usize = 6;
        /// The least header counts one byte and is written `["\u0061",""],`.
        const HEADER_BYTE_MAX: usize = 14;
        /// The names of the members, their punctuation and durations.
        const MEMBERS_MAX: usize = 512;
        let payload = self.payload_max.saturating_mul(ESCAPED_MAX);
        let key_and_headers = self.key_and_headers_max.saturating_mul(HEADER_BYTE_MAX);
        let dedup_id = DEDUP_ID_BYTES_MAX * ESCAPED_MAX;
        let message = payload.saturating_add(key_and_headers);
        message.saturating_add(dedup_id + MEMBERS_MAX)
    }

    pub(crate) fn check(&self, payload: usize, key_and_headers: usize) -> Result<(), Reason> {
        if payload > self.payload_max {
            let max = self.payload_max;
            let text =
                format!("a payload of {payload} bytes is larger than max_message, {max} bytes");
            return Err(Reason::TooLarge(text));
        }
        if key_and_headers > self.key_and_headers_max {
            let max = self.key_and_headers_max;
            let text = format!("key and headers of {key_and_headers} bytes, at most {max} may be");
            return Err(Reason::TooLarge(text));
        }
        Ok(())
    }
}
