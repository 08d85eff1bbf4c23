//! Calls the host of its message, which its grant lists, and reads an answer that never ends.
#![forbid(unsafe_code)]

use hostile::http::get;
use millstream_sdk::{Failure, Message, Outputs, handler};

handler!(call);

fn call(message: Message<'_>, _: &mut Outputs<'_>) -> Result<(), Failure> {
    let answer = get(message.text()?, "/").map_err(|code| Failure::reject(format!("{code:?}")))?;
    let body = answer.consume().expect("it has a body");
    let stream = body.stream().expect("nobody reads it yet");
    let mut read = 0;
    while let Ok(bytes) = stream.blocking_read(1 << 16) {
        read += bytes.len();
    }
    Err(Failure::reject(format!("ended after {read} bytes")))
}
