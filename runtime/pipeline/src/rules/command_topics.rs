//! MS0301: a command is handled by exactly one subscription.

use std::collections::HashMap;

use super::Context;
use crate::code::Code;
use crate::declaration::Kind;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let mut readers: HashMap<&str, &str> = HashMap::new();
    for (route, name, subscription) in context.subscriptions() {
        let Some(topic) = subscription.topic.as_deref() else { continue };
        if context.kind(topic) != Some(Kind::Command) {
            continue;
        }
        match readers.get(topic) {
            None => {
                readers.insert(topic, name);
            }
            Some(first) => {
                let message =
                    format!("the command topic `{topic}` already has the subscription `{first}`");
                let help = "make the topic `kind: event` so that each gets its own copy, or raise `concurrency` of the one";
                report.add(Code::SecondCommandSubscription, route.key("topic"), message, help);
            }
        }
    }
}
