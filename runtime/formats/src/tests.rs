//! Claims about what comes in and goes out.

mod condition;
mod condition_texts;
mod cron;
mod envelope;
mod header;
mod intake;
mod json;
mod lines;
mod period;
mod pointer;

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use millstream_message::{Batch, BatchBuilder, MessageId};

/// A batch of one message.
fn one(key: Option<&str>, headers: &[(&str, &str)], payload: &[u8]) -> Batch {
    let mut builder = BatchBuilder::with_capacity(1, payload.len());
    let id = MessageId::published(1_357_034_400_123, 7);
    builder.push(id, 1_357_034_400_123, key, headers.iter().copied(), payload).unwrap();
    builder.build()
}

/// How many panics this process has seen, those that were caught included.
fn panics() -> usize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            told(panic);
        }));
    });
    PANICS.load(Ordering::Relaxed)
}
