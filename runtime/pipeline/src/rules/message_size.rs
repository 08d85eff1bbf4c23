//! MS0309: a topic must have room for the largest message it takes.

use super::Context;
use crate::code::Code;
use crate::defaults;
use crate::forms::{Bytes, format_bytes};
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, topic) in context.topics() {
        // Only what was written: with the default a small topic merely refuses large messages.
        let Some(Bytes(message)) = topic.max_message else { continue };
        let Bytes(bytes) = topic.max_bytes.unwrap_or(Bytes(defaults::MAX_BYTES));
        if message > bytes && !report.is_broken(&route.key("max_bytes")) {
            let text = format!(
                "a message of {} never fits into a topic of {}",
                format_bytes(message),
                format_bytes(bytes)
            );
            report.add(
                Code::MessageLargerThanTopic,
                route.key("max_message"),
                text,
                "raise `max_bytes` or lower `max_message`",
            );
        }
    }
}
