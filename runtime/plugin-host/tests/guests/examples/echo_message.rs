//! Hands a message back with everything it was told about it; refuses what says so.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};
use millstream::plugin::types::{Header, Retry};

struct Echo;

impl Guest for Echo {
    fn handle(message: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        match message.payload.as_slice() {
            b"retry" => {
                return Err(Failure::Retry(Retry { reason: "later".into(), delay_ms: Some(250) }));
            }
            b"reject" => return Err(Failure::Reject("never".into())),
            b"nothing" => return Ok(vec![]),
            _ => {}
        }
        let mut headers = message.headers;
        headers.push(Header { name: "X-Topic".into(), value: message.topic });
        headers.push(Header { name: "x-id".into(), value: message.id });
        headers.push(Header { name: "x-attempt".into(), value: message.attempt.to_string() });
        headers.push(Header { name: "x-time".into(), value: message.publish_time_ms.to_string() });
        Ok(vec![OutgoingMessage {
            topic: Some("elsewhere".into()),
            key: message.key,
            headers,
            payload: message.payload,
            delay_ms: Some(7),
        }])
    }
}

export!(Echo);
