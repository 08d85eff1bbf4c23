//! MS0119: a filter must be an expression that can be asked of every message.

use std::collections::HashSet;

use millstream_formats::{Condition, ConditionError};

use super::Context;
use crate::code::Code;
use crate::report::Report;
use crate::route::Route;

const HELP: &str = "write CEL over `id`, `topic`, `key`, `headers`, `payload`, `text`, `size` and `published_at`, such as `payload.total > 10`; `millstream explain MS0119` names all variables";

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    // An alias of YAML repeats a filter for nothing; reading it takes a millisecond.
    let mut understood: HashSet<&str> = HashSet::new();
    for (route, _, subscription) in context.subscriptions() {
        let Some(text) = &subscription.filter else { continue };
        if report.is_full() || understood.contains(text.as_str()) {
            continue;
        }
        match Condition::parse(text) {
            Ok(_) => {
                understood.insert(text);
            }
            Err(error) => add(report, route.key("filter"), text, &error),
        }
    }
}

fn add(report: &mut Report, route: Route, text: &str, error: &ConditionError) {
    let message = format!("the filter is not understood: {error}");
    match error.offset {
        Some(at) => report.add_within((text, at), Code::BadCondition, route, message, HELP),
        None => report.add(Code::BadCondition, route, message, HELP),
    }
}
