//! One guest's share of memory.

use wasmtime::ResourceLimiter;

/// Sums all memories and tables of one instance against its limit.
#[derive(Debug)]
pub(crate) struct Limiter {
    max: usize,
    used: usize,
    /// The latest grant, in case the engine cannot make it good.
    granted: usize,
    /// Whether something was refused since the flag was last cleared: the trap that follows is
    /// then the limit's doing.
    pub(crate) refused: bool,
}

impl Limiter {
    pub(crate) fn new(max: u64) -> Self {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        Self { max, used: 0, granted: 0, refused: false }
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    fn grant(&mut self, bytes: usize, possible: bool) -> bool {
        let fits = possible && self.used.checked_add(bytes).is_some_and(|used| used <= self.max);
        self.granted = if fits { bytes } else { 0 };
        self.used += self.granted;
        self.refused |= !fits;
        fits
    }

    fn take_back(&mut self) {
        self.used -= std::mem::take(&mut self.granted);
        self.refused = true;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let possible = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(self.grant(desired.saturating_sub(current), possible))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let possible = maximum.is_none_or(|maximum| desired <= maximum);
        let elements = desired.saturating_sub(current);
        Ok(self.grant(elements.saturating_mul(size_of::<usize>()), possible))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }
}
