//! Writes one record at each severity for every message, with its payload as a field.
#![forbid(unsafe_code)]

use millstream_sdk::{Failure, Message, Outputs, handler, log};

handler!(say);

fn say(message: Message<'_>, _out: &mut Outputs<'_>) -> Result<(), Failure> {
    let text = message.text()?;
    log::trace!("trace", said = text);
    log::debug!("debug", said = text);
    log::info!("info", said = text);
    log::warn!("warn", said = text);
    log::error!("error", said = text);
    Ok(())
}
