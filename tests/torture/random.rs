//! Random numbers that a seed repeats.

/// SplitMix64: any seed will do, also 0 and 1.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of `seed` for one of those that draw from it.
    pub(crate) fn of(seed: u64, drawer: u64) -> Self {
        let mut random = Self(seed ^ drawer.wrapping_mul(0xd129_0d3a_7f2b_9c15));
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
