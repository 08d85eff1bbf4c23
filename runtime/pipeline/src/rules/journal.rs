//! MS0504, MS0908: a journal that could not work, or that promises little.

use super::Context;
use crate::code::Code;
use crate::declaration::Journal;
use crate::defaults;
use crate::forms::{Bytes, Sync, format_bytes};
use crate::report::Report;
use crate::route::Route;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let Some(journal) = context.journal() else { return };
    let route = Route::of(["broker", "journal"]);
    budget(context, report, &route.key("memory_budget"), journal);
    if journal.sync == Some(Sync::Never) {
        let message = "a power cut takes what the system has not written to the disk by itself, \
                       which may be all of the last half minute"
            .to_owned();
        let help = "write `always`, or `interval(100ms)` to lose no more than that";
        report.add(Code::NeverSynced, route.key("sync"), message, help);
    }
}

/// The largest message that may be published has to be in memory once, or nobody ever gets it.
fn budget(context: &Context<'_>, report: &mut Report, route: &Route, journal: &Journal) {
    let Bytes(budget) = journal.memory_budget.unwrap_or(Bytes(defaults::MEMORY_BUDGET));
    let sizes = context.topics().filter_map(|(route, name, topic)| {
        let Bytes(size) = topic.max_message.unwrap_or(Bytes(defaults::MAX_MESSAGE));
        (!report.is_broken(&route.key("max_message"))).then_some((size, name))
    });
    let Some((size, name)) = sizes.max_by_key(|(size, _)| *size) else { return };
    // One that is out of range by itself has been said to be.
    if budget >= size || budget < super::bounds::MEMORY_BUDGET_MIN || report.is_broken(route) {
        return;
    }
    let message = format!(
        "a message of {} in `{name}` needs more memory than the budget of {}",
        format_bytes(size),
        format_bytes(budget)
    );
    let help = format!("raise `memory_budget`, or lower `max_message` of `topics.{name}`");
    report.add(Code::BudgetTooSmall, route.clone(), message, help);
}
