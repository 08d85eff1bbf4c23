//! MS0309: a topic must have room for the largest message it takes, and take what a schedule sends.

use super::Context;
use crate::code::Code;
use crate::defaults;
use crate::forms::{Bytes, format_bytes};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    of_topics(context, report);
    of_schedules(context, report);
}

fn of_topics(context: &Context<'_>, report: &mut Report) {
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

fn of_schedules(context: &Context<'_>, report: &mut Report) {
    for (route, _, source) in context.sources() {
        let payload = source.schedule.as_ref().and_then(|schedule| schedule.payload.as_deref());
        let (Some(payload), Some(name)) = (payload, source.topic.as_deref()) else { continue };
        let Some(topic) = context.topic(name) else { continue };
        let Bytes(max) = topic.max_message.unwrap_or(Bytes(defaults::MAX_MESSAGE));
        let broken = report.is_broken(&Route::of(["topics", name, "max_message"]));
        if payload.len() as u64 > max && !broken {
            let message = format!(
                "a payload of {} bytes is refused by `{name}`, which takes at most {}",
                payload.len(),
                format_bytes(max)
            );
            let help = format!("shorten it, or raise `max_message` of `topics.{name}`");
            let route = route.key("schedule").key("payload");
            report.add(Code::MessageLargerThanTopic, route, message, help);
        }
    }
}
