//! Sends each message to the topic that its header `to` names, after `delay-ms` if there is such a
//! header; rejects a message that names no topic.
#![forbid(unsafe_code)]

use std::time::Duration;

use millstream_sdk::{Failure, Message, OrFail, Outputs, handler};

handler!(route);

fn route(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let to = message.header("to").or_reject("no header `to`")?;
    let delay_ms =
        message.header("delay-ms").unwrap_or("0").parse().or_reject("header `delay-ms`")?;
    let output = out.push(message.payload()).to(to).delay(Duration::from_millis(delay_ms));
    if let Some(key) = message.key() {
        output.key(key);
    }
    Ok(())
}
