//! When an instance has grown so far that it is replaced between two calls.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Growth that ends an instance, whatever its limit is: some runtimes (StarlingMonkey) collect
/// so lazily that they die on the way to a limit that is far away.
const GROWTH_BYTES_MAX: usize = 48 << 20;
/// An instance that grew so far within fewer calls needs what it took: its successors get more.
/// Replacing one after more calls than this costs little.
const CALLS_MIN: u32 = 8;

/// How far the instances of a plugin may grow: rises when replacing them would happen all the time.
#[derive(Debug)]
pub(crate) struct Grown(AtomicUsize);

impl Default for Grown {
    fn default() -> Self {
        Self(AtomicUsize::new(GROWTH_BYTES_MAX))
    }
}

/// How far one instance may grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// Bytes at which it is replaced.
    replace_at: usize,
    /// Growth that this is, if it is not a share of the limit.
    bound: Option<usize>,
    calls: u32,
}

impl Growth {
    /// For an instance that takes `at_rest` bytes of `limit`. The end is half way from there to the
    /// limit, so that a guest which is large from the start is not replaced after every call.
    pub(crate) fn new(at_rest: usize, limit: u64, grown: &Grown) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let share = limit.saturating_sub(at_rest) / 2;
        let bound = Some(grown.0.load(Ordering::Relaxed)).filter(|bound| *bound < share);
        Self { replace_at: at_rest.saturating_add(bound.unwrap_or(share)), bound, calls: 0 }
    }

    /// Whether an instance that takes `used` bytes after one more call must be replaced.
    pub(crate) fn passed(&mut self, used: usize, grown: &Grown) -> bool {
        self.calls = self.calls.saturating_add(1);
        let passed = used > self.replace_at;
        if let (true, true, Some(bound)) = (passed, self.calls < CALLS_MIN, self.bound) {
            grown.0.fetch_max(bound.saturating_mul(2), Ordering::Relaxed);
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn growth_ends_half_way_to_the_limit_and_below_what_lazy_collectors_survive() {
        let grown = Grown::default();
        let mut small = Growth::new(10 * MIB, 30 << 20, &grown);
        assert!(!small.passed(20 * MIB, &grown) && small.passed(20 * MIB + 1, &grown));
        let mut large = Growth::new(10 * MIB, 4 << 30, &grown);
        assert!(!large.passed(58 * MIB, &grown));
        (0..CALLS_MIN).for_each(|_| assert!(!large.passed(MIB, &grown)));
        assert!(large.passed(58 * MIB + 1, &grown));
        assert!(Growth::new(10 * MIB, 4 << 30, &grown).passed(58 * MIB + 1, &grown));
    }

    #[test]
    fn who_needs_much_at_once_is_given_more_until_it_is_not_replaced_all_the_time() {
        let grown = Grown::default();
        let replaced =
            (0..10).take_while(|_| Growth::new(0, 4 << 30, &grown).passed(700 * MIB, &grown));
        assert_eq!(replaced.count(), 4);
        let grown = Grown::default();
        let limit = 100 << 20;
        let mut at_limit = (0..10).map(|_| Growth::new(0, limit, &grown).passed(60 * MIB, &grown));
        assert!(at_limit.all(|passed| passed), "a share of the limit stays the end");
    }
}
