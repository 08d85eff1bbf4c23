//! Asks for another delivery the first time it sees a message, at once; hands it on the next time.
#![forbid(unsafe_code)]

use std::time::Duration;

use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(retry_once);

fn retry_once(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    if message.attempt() == 1 {
        return Err(Failure::retry("not the first time").after(Duration::ZERO));
    }
    out.forward(message);
    Ok(())
}
