//! Publishes its configuration as `wasi:config` gives it: one `key=value` a line, in order of keys.

wit_bindgen::generate!({
    path: ["../../../../sdk/wit", "wit/config"],
    inline: "
        package millstream:guests;

        world configured {
            include millstream:plugin/consumer@0.1.0;
            import wasi:config/store@0.2.0-rc.1;
        }
    ",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure", "error"],
    generate_all,
});

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};
use wasi::config::store;

struct Config;

impl Guest for Config {
    fn handle(_: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        let mut all = store::get_all().unwrap();
        all.sort();
        let lines: Vec<String> = all.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        Ok(vec![OutgoingMessage { payload: lines.join("\n").into_bytes(), ..Default::default() }])
    }
}

export!(Config);
