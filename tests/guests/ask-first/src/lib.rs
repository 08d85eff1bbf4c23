//! Asks the server that its settings name whether it may start, and waits for the answer: as long as
//! the server takes its time, so does whoever starts it. Then hands messages on.
#![forbid(unsafe_code)]

use hostile::http::get;
use millstream_sdk::{Message, Outputs, handler};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    ask: String,
}

handler!(pass, configure = ask);

fn ask(settings: Settings) -> Result<Settings, String> {
    match get(&settings.ask, "/") {
        Ok(answer) if answer.status() == 200 => Ok(settings),
        Ok(answer) => Err(format!("the server answered {}", answer.status())),
        Err(code) => Err(format!("{code:?}")),
    }
}

fn pass(_: &Settings, message: Message<'_>, out: &mut Outputs<'_>) {
    out.forward(message);
}
