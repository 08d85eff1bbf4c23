//! Panics with a text of a megabyte.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

handler!(tell);

fn tell(_: Message<'_>, _: &mut Outputs<'_>) {
    panic!("{} the end", "and then ".repeat(1 << 17));
}
