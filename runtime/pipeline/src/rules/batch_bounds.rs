//! MS0905: a bound on batches that the topic makes pointless.

use super::Context;
use crate::code::Code;
use crate::defaults;
use crate::forms::{Bytes, format_bytes};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let batch = subscription.batch.as_ref().and_then(|batch| batch.max_bytes);
        let (Some(Bytes(batch)), Some(name)) = (batch, &subscription.topic) else { continue };
        let Some((message, whole)) = topic_bounds(context, report, name) else { continue };
        let text = if batch < message.min(whole) {
            format!(
                "`{name}` takes messages of up to {}, more than a batch of {}: such a message travels alone",
                format_bytes(message),
                format_bytes(batch)
            )
        } else if batch > whole {
            format!(
                "a batch of {} is never reached: `{name}` holds at most {}",
                format_bytes(batch),
                format_bytes(whole)
            )
        } else {
            continue;
        };
        let route = route.key("batch").key("max_bytes");
        report.add(Code::BatchBoundVersusTopic, route, text, HELP);
    }
}

const HELP: &str = "set it between the topic's `max_message` and its `max_bytes`, or change those";

/// The bytes of the largest message and of the whole topic, if both are known.
fn topic_bounds(context: &Context<'_>, report: &Report, name: &str) -> Option<(u64, u64)> {
    let topic = context.topic(name)?;
    let route = Route::of(["topics", name]);
    if report.is_broken(&route.key("max_message")) || report.is_broken(&route.key("max_bytes")) {
        return None;
    }
    let Bytes(message) = topic.max_message.unwrap_or(Bytes(defaults::MAX_MESSAGE));
    let Bytes(whole) = topic.max_bytes.unwrap_or(Bytes(defaults::MAX_BYTES));
    Some((message, whole))
}
