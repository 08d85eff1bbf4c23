//! When a failed message is due again.

use std::time::Duration;

use crate::rules::Backoff;

impl Backoff {
    /// The delay after the `failures`-th failure (from 1). `random` decides the jitter.
    #[must_use]
    pub fn delay(&self, failures: u32, random: u64) -> Duration {
        let exponent = failures.saturating_sub(1).min(1_000) as i32;
        let plain = self.initial.as_secs_f64() * self.factor.powi(exponent);
        let capped = plain.min(self.max.as_secs_f64());
        Duration::try_from_secs_f64(capped * self.spread(random)).unwrap_or(self.max)
    }

    /// Between `1 - jitter` and `1 + jitter`.
    fn spread(&self, random: u64) -> f64 {
        let unit = (random >> 11) as f64 / (1u64 << 53) as f64;
        1.0 - self.jitter + 2.0 * self.jitter * unit
    }
}

/// The next number of the splitmix64 sequence: independent jitter for each message of a batch
/// from one random number.
pub(crate) fn spread_random(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
