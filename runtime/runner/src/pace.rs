//! How many messages a worker takes at once.

/// What a version begins with that may turn out to be slow, or to fail on everything.
const CAUTIOUS: u32 = 4;

/// Halves after a batch that was too large, for its time or for its order, and grows back with every
/// one that was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    current: u32,
    max: u32,
}

impl Pace {
    pub(crate) fn new(max: u32) -> Self {
        Self { current: max, max }
    }

    /// The same, from few messages on.
    pub(crate) fn cautious(self) -> Self {
        Self { current: self.max.min(CAUTIOUS), ..self }
    }

    pub(crate) fn messages(self) -> u32 {
        self.current
    }

    pub(crate) fn slow_down(&mut self) {
        self.current = (self.current / 2).max(1);
    }

    pub(crate) fn speed_up(&mut self) {
        self.current = self.current.saturating_mul(2).min(self.max);
    }
}
