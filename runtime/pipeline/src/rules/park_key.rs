//! MS0315: a key is parked only where keys have an order and their dead letters a place.

use super::Context;
use crate::code::Code;
use crate::declaration::{OnDeadLetter, OnExhausted, Ordering};
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        if subscription.on_dead_letter != Some(OnDeadLetter::ParkKey) {
            continue;
        }
        let on_route = route.key("on_dead_letter");
        let ordered = matches!(subscription.ordering, Some(Ordering::Key | Ordering::Strict));
        if !ordered && !report.is_broken(&route.key("ordering")) {
            let message =
                "`park_key` parks nothing, since the subscription keeps no order".to_owned();
            let help = "add `ordering: key`, or write `continue`";
            report.add(Code::NothingToPark, on_route.clone(), message, help);
        }
        if subscription.on_exhausted == Some(OnExhausted::Drop)
            && subscription.dead_letter.is_none()
            && !report.is_broken(&route.key("dead_letter"))
        {
            let message = "`park_key` parks nothing, since no dead letter is kept".to_owned();
            let help =
                "name a `dead_letter` topic instead of `on_exhausted: drop`, or write `continue`";
            report.add(Code::NothingToPark, on_route, message, help);
        }
    }
}
