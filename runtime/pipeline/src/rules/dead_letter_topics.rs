//! MS0314: what is declared for messages that are published does not suit dead letters.

use super::Context;
use crate::code::Code;
use crate::declaration::{Kind, Topic, WhenFull};
use crate::forms::Period;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let dead = |topic: &Topic| topic.kind == Some(Kind::DeadLetter);
    for (route, name, topic) in context.topics().filter(|(_, _, topic)| dead(topic)) {
        for (key, _, why, help) in uses(topic).into_iter().filter(|(_, used, _, _)| *used) {
            let message = format!("`{name}` is a dead-letter topic: {why}");
            report.add(Code::NotForDeadLetters, route.key(key), message, help);
        }
    }
}

/// A key, whether it is used, why it does not suit, and what to do instead.
type Use = (&'static str, bool, &'static str, &'static str);

const LEAVE: &str = "leave it away";

fn uses(topic: &Topic) -> [Use; 4] {
    let delays = topic.delay.is_some_and(|Period(delay)| !delay.is_zero());
    let loses = matches!(topic.when_full, Some(WhenFull::Reject | WhenFull::DropOldest));
    [
        (
            "when_full",
            loses,
            "when it is full, what feeds it waits, so that no dead letter is lost",
            "leave it away, or write `block`; `max_messages` and `max_bytes` say when it is full",
        ),
        ("retain", topic.retains(), "what it holds is kept until it is redriven or purged", LEAVE),
        ("dedup", topic.dedup.is_some(), "nothing is published to it that could repeat", LEAVE),
        ("delay", delays, "what it holds is visible at once", LEAVE),
    ]
}
