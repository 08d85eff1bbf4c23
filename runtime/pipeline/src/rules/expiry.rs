//! MS0317: a message must become visible before it is given up.

use super::Context;
use crate::code::Code;
use crate::forms::{Period, format_period};
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, topic) in context.topics() {
        let (Some(Period(expires)), Some(Period(delay))) = (topic.expires_in, topic.delay) else {
            continue;
        };
        if expires <= delay && !expires.is_zero() {
            let message = format!(
                "messages are given up after {}, but become visible only after {}",
                format_period(expires),
                format_period(delay)
            );
            let help = format!("set `expires_in` above {}, or lower `delay`", format_period(delay));
            report.add(Code::ExpiresBeforeDue, route.key("expires_in"), message, help);
        }
    }
}
