//! The messages that all are measured with.

/// Messages of a batch.
pub(crate) const BATCH: usize = 256;

/// One message, as `tests/bench` has them.
pub(crate) const PAYLOAD: [u8; 200] = [b'x'; 200];

/// The key of each, where there is room for one.
pub(crate) const KEY: &str = "customer-4711";
