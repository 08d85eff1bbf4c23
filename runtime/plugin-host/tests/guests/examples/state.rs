//! Opens a store by `wasi:keyvalue` and rejects with what it is told.

wit_bindgen::generate!({
    path: ["../../../../sdk/wit/plugin.wit", "../../wit"],
    inline: "
        package millstream:guests;

        world stateful {
            include millstream:plugin/consumer@0.1.0;
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:keyvalue/atomics@0.2.0-draft;
        }
    ",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure", "error"],
    generate_all,
});

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};
use wasi::keyvalue::{atomics, store};

struct State;

impl Guest for State {
    fn handle(_: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        let failed = |error| Failure::Reject(format!("{error:?}"));
        let bucket = store::open("default").map_err(failed)?;
        let count = atomics::increment(&bucket, "messages", 1).map_err(failed)?;
        Ok(vec![OutgoingMessage { payload: count.to_string().into_bytes(), ..Default::default() }])
    }
}

export!(State);
