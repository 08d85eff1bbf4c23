//! What a host and its compiling child say to each other, over the child's stdin and stdout.
//!
//! The host: one line of JSON ([`Task`]), then the plugin's bytes; it then keeps the pipe open for
//! as long as it wants an answer. The child: one line that says what they are, and if it was asked
//! for code, a second that says how long it is, then the code.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::inspect::{Inspection, LoadError};
use crate::limits::CompileLimits;

/// A line of either side: stops a file that names millions of interfaces from filling the host.
pub(super) const LINE_BYTES_MAX: u64 = 1 << 20;

/// What the child is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) timeout: Duration,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Bytes of machine code.
    pub(super) size: u64,
    /// Whether code is wanted, or only to know what the bytes are.
    pub(super) compile: bool,
    /// How many bytes follow.
    pub(super) bytes: u64,
}

/// The child's first line.
pub(super) type Read = Result<Inspection, LoadError>;
/// Its second: the length of the code that follows.
pub(super) type Made = Result<u64, LoadError>;

impl Task {
    pub(super) fn new(limits: &CompileLimits, compile: bool, bytes: &[u8]) -> Self {
        let CompileLimits { timeout, memory, size } = *limits;
        Self { timeout, memory, size, compile, bytes: bytes.len() as u64 }
    }
}
