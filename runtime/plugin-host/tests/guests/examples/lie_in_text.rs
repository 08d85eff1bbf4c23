//! Returns a reason that is not UTF-8 where the contract asks for text.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};

struct LieInText;

impl Guest for LieInText {
    fn handle(_: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        // As a C program does that passes payload bytes on as text.
        Err(Failure::Reject(unsafe { String::from_utf8_unchecked(vec![b'a', 0xff]) }))
    }
}

export!(LieInText);
