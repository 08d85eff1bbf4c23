//! Refuses its configuration, whatever it is.

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "configurable-batch-consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

use exports::millstream::plugin::batch_handler::{Batch, BatchResult, Guest};
use exports::millstream::plugin::lifecycle::Guest as Lifecycle;

struct Refuse;

impl Lifecycle for Refuse {
    fn configure(config_json: String) -> Result<(), String> {
        Err(format!("I do not like {config_json}"))
    }
}

impl Guest for Refuse {
    fn handle(_: Batch) -> BatchResult {
        unreachable!("it never sees a message")
    }
}

export!(Refuse);
