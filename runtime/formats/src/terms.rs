//! What a message asks for beside being published: to be taken once, later, or only for a while.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_128;

use crate::refusal::Reason;

/// The longest dedup id, in bytes: only its hash is kept, but every one is read and hashed.
pub const DEDUP_ID_BYTES_MAX: usize = 1 << 10;

/// What one message asks for; the default asks for nothing, so that its topic decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms<'t> {
    /// The producer's name for the message: a second one within the topic's window is a duplicate.
    /// An empty one is none.
    pub dedup_id: Option<&'t str>,
    /// How long after its publish it becomes visible; 0 is none.
    pub delay: Option<Duration>,
    /// How long after its publish it expires; 0 is none.
    pub expires_in: Option<Duration>,
}

/// What many messages ask for, by column. A column is empty while no message asks for what it
/// holds, else it has one item a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TermColumns {
    pub(crate) dedup: Vec<u128>,
    pub(crate) delays_ms: Vec<u64>,
    pub(crate) expires_in_ms: Vec<u64>,
}

/// What stands for a dedup id in columns, where 0 is none: a hash of its text, never 0.
#[must_use]
pub fn dedup_hash(id: &str) -> u128 {
    xxh3_128(id.as_bytes()).max(1)
}

pub(crate) fn check_dedup_id(id: &str) -> Result<(), Reason> {
    let len = id.len();
    if len > DEDUP_ID_BYTES_MAX {
        let text = format!("a dedup id of {len} bytes, at most {DEDUP_ID_BYTES_MAX} may be");
        return Err(Reason::TooLarge(text));
    }
    Ok(())
}

impl TermColumns {
    /// Adds what message `i` asks for. Its dedup id was checked.
    pub(crate) fn push(&mut self, i: usize, terms: Terms<'_>) {
        let dedup_id = terms.dedup_id.filter(|id| !id.is_empty());
        put(&mut self.dedup, i, dedup_id.map(dedup_hash));
        put(&mut self.delays_ms, i, terms.delay.map(milliseconds));
        put(&mut self.expires_in_ms, i, terms.expires_in.map(milliseconds));
    }

    /// Gives the `n` messages that have no dedup id one made of the request's: `id` itself where
    /// there is one message, else `id/i`.
    pub(crate) fn name_nameless(&mut self, n: usize, id: &str) {
        self.dedup.resize(n, 0);
        for (i, dedup) in self.dedup.iter_mut().enumerate().filter(|(_, dedup)| **dedup == 0) {
            *dedup = if n == 1 { dedup_hash(id) } else { dedup_hash(&format!("{id}/{i}")) };
        }
    }

    /// Ends the columns at `n` messages.
    pub(crate) fn end(&mut self, n: usize) {
        end(&mut self.dedup, n);
        end(&mut self.delays_ms, n);
        end(&mut self.expires_in_ms, n);
    }
}

fn put<T: Clone + Default + PartialEq>(column: &mut Vec<T>, i: usize, value: Option<T>) {
    if let Some(value) = value.filter(|value| *value != T::default()) {
        column.resize(i, T::default());
        column.push(value);
    }
}

fn end<T: Clone + Default>(column: &mut Vec<T>, n: usize) {
    if !column.is_empty() {
        column.resize(n, T::default());
    }
}

/// Rounded up, so that no delay becomes none; saturates.
fn milliseconds(period: Duration) -> u64 {
    u64::try_from(period.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
