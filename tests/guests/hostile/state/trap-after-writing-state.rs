//! Writes to its state and traps: what it wrote must go with the call.
#![forbid(unsafe_code)]

use hostile::store;
use millstream_sdk::{Message, Outputs, handler};

handler!(count);

fn count(message: Message<'_>, _: &mut Outputs<'_>) {
    let written = store::open("").and_then(|bucket| bucket.set("last", message.payload()));
    panic!("after writing state: {written:?}");
}
