//! SHA-256 as registries write it.

use sha2::{Digest, Sha256};

/// How a digest begins.
pub(crate) const SHA256: &str = "sha256:";

/// `sha256:` and the hexadecimal digest of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(SHA256.to_owned(), |mut text, byte| {
        // A string takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
