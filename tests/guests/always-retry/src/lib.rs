//! Asks for another delivery every time and leaves to the backoff when. What it pushes before must
//! never be seen.
#![forbid(unsafe_code)]

use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(always_retry);

fn always_retry(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    out.forward(message);
    Err(Failure::retry("never now"))
}
