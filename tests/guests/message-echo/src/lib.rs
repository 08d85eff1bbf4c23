//! Hands every message on, in the per-message world and from plain bindings: what a language
//! without an SDK gives.

wit_bindgen::generate!({ path: "../../../sdk/wit", world: "consumer" });

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};

struct Echo;

impl Guest for Echo {
    fn handle(message: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        let Message { key, headers, payload, .. } = message;
        Ok(vec![OutgoingMessage { topic: None, key, headers, payload, delay_ms: None }])
    }
}

export!(Echo);
