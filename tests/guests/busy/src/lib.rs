//! Works hard on every message and hands it on: what an honest plugin with much to do looks like to
//! its neighbours. `{"turns": N}` says how hard.
#![forbid(unsafe_code)]

use std::hint::black_box;

use millstream_sdk::{Message, Outputs, handler};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    turns: u64,
}

handler!(work, configure = settings);

fn settings(settings: Settings) -> Result<Settings, &'static str> {
    Ok(settings)
}

fn work(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) {
    let mut sum = 0u64;
    for turn in 0..settings.turns {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(turn));
    }
    out.forward(message);
}
