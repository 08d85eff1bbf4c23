//! The messages that are measured with: 200 bytes of payload, a key and two headers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;
use millstream_message::{Batch, BatchBuilder, BatchTooLarge, MessageId};

/// Messages a batch holds unless said otherwise.
pub(crate) const BATCH: usize = 256;

/// Bytes of one payload.
pub(crate) const PAYLOAD: usize = 200;

/// What each message carries beside payload and key.
pub(crate) const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/json"), ("source", "bench-publisher")];

/// A batch of `messages` new messages of one key, as a publisher builds it.
pub(crate) fn batch(messages: usize, serial: u64) -> Result<Batch, BatchTooLarge> {
    batch_of(std::iter::repeat_n("customer-4711", messages), serial)
}

/// A batch of new messages with these keys.
pub(crate) fn batch_of<K: AsRef<str>>(
    keys: impl Iterator<Item = K>,
    serial: u64,
) -> Result<Batch, BatchTooLarge> {
    let messages = keys.size_hint().0;
    let mut builder = BatchBuilder::with_capacity(messages, messages * PAYLOAD);
    let payload = [b'x'; PAYLOAD];
    for (i, key) in (0..).zip(keys) {
        let id = MessageId::published(1_700_000_000_000, u128::from(serial) << 20 | i);
        builder.push(id, 1_700_000_000_000, Some(key.as_ref()), HEADERS, &payload)?;
    }
    Ok(builder.build())
}

/// A batch of one message with this payload.
pub(crate) fn one(payload: &[u8]) -> Result<Batch, BatchTooLarge> {
    let mut builder = BatchBuilder::with_capacity(1, payload.len());
    let id = MessageId::published(1_700_000_000_000, 1);
    builder.push(id, 1_700_000_000_000, None, [], payload)?;
    Ok(builder.build())
}

/// The bytes of the guest `name`.
pub(crate) fn guest(name: &str) -> anyhow::Result<Bytes> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../guests/target/wasm32-unknown-unknown/release")
        .join(format!("{}.wasm", name.replace('-', "_")));
    let bytes = std::fs::read(&path).with_context(|| {
        format!("{}: build the guests first, as `make bench` does", path.display())
    })?;
    Ok(bytes.into())
}
