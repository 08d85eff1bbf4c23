//! One guest's share of memory.

use wasmtime::ResourceLimiter;

/// Which limit refused more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// `limits.memory`.
    Memory,
    /// `limits.tables`.
    Tables,
}

/// Sums all memories and tables of one instance against its limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    bytes: Share,
    elements: Share,
    /// What was refused since the field was last cleared: the trap that follows is then the
    /// limit's doing.
    pub(crate) refused: Option<Refused>,
}

impl Limiter {
    /// `memory_max` bytes in all, and `elements_max` elements of tables, which count as memory too.
    pub(crate) fn new(memory_max: u64, elements_max: u64) -> Self {
        Self { bytes: Share::new(memory_max), elements: Share::new(elements_max), refused: None }
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.bytes.used
    }

    fn grant(&mut self, bytes: usize, elements: usize) -> bool {
        self.refused = if !self.elements.fits(elements) {
            Some(Refused::Tables)
        } else if !self.bytes.fits(bytes) {
            Some(Refused::Memory)
        } else {
            self.elements.take(elements);
            self.bytes.take(bytes);
            return true;
        };
        false
    }

    /// The engine could not make the latest grant good.
    fn take_back(&mut self, refused: Refused) {
        self.bytes.take_back();
        self.elements.take_back();
        self.refused = Some(refused);
    }
}

/// So much of something, and the latest part of it that was granted.
#[derive(Debug)]
struct Share {
    max: usize,
    used: usize,
    granted: usize,
}

impl Share {
    fn new(max: u64) -> Self {
        Self { max: usize::try_from(max).unwrap_or(usize::MAX), used: 0, granted: 0 }
    }

    fn fits(&self, more: usize) -> bool {
        self.used.checked_add(more).is_some_and(|used| used <= self.max)
    }

    fn take(&mut self, more: usize) {
        self.used += more;
        self.granted = more;
    }

    fn take_back(&mut self) {
        self.used -= std::mem::take(&mut self.granted);
    }
}

/// A guest that asks for more than its own module declares is refused by itself, not by a limit.
fn declared(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_none_or(|maximum| desired <= maximum)
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(declared(desired, maximum) && self.grant(desired.saturating_sub(current), 0))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back(Refused::Memory);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements = desired.saturating_sub(current);
        let bytes = elements.saturating_mul(size_of::<usize>());
        Ok(declared(desired, maximum) && self.grant(bytes, elements))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back(Refused::Tables);
        Ok(())
    }
}
