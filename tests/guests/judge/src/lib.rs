//! Reads an order, decides whether someone must look at it, and says so in a message of its own: what
//! most plugins do.
#![forbid(unsafe_code)]

mod decision;

use millstream_sdk::{Failure, Message, Outputs, handler};
use serde::Deserialize;

use decision::decide;

handler!(judge, config = Settings);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// An order of so much, or more, is looked at.
    review_from_cents: u64,
}

fn judge(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    if let Some(review) = decide(message.payload(), settings.review_from_cents)? {
        out.json(&review)?.key(&review.customer);
    }
    Ok(())
}
