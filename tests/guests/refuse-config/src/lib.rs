//! Refuses every configuration but `{"accept": true}`; then hands messages on.
#![forbid(unsafe_code)]

use millstream_sdk::{Message, Outputs, handler};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    accept: bool,
}

handler!(pass, configure = check);

fn check(settings: Settings) -> Result<Settings, &'static str> {
    if settings.accept { Ok(settings) } else { Err("accept must be true") }
}

fn pass(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) {
    assert!(settings.accept, "a refused configuration came through");
    out.forward(message);
}
