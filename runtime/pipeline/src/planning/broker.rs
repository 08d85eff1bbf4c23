//! Where messages wait.

use super::{Planned, bytes};
use crate::declaration::Journal;
use crate::defaults;
use crate::forms::Sync;
use crate::plan::{BrokerPlan, JournalPlan, SyncPlan};
use crate::route::Route;
use crate::rules::Context;

pub(super) fn plan(context: &Context<'_>) -> Planned<BrokerPlan> {
    match context.journal() {
        Some(typed) => journal(context, typed).map(BrokerPlan::Journal),
        None => Ok(BrokerPlan::Memory),
    }
}

fn journal(context: &Context<'_>, typed: &Journal) -> Planned<JournalPlan> {
    let path = typed.path.as_deref().ok_or_else(|| Route::of(["broker", "journal", "path"]))?;
    Ok(JournalPlan {
        path: context.path(path),
        sync: match typed.sync {
            None | Some(Sync::Always) => SyncPlan::Always,
            Some(Sync::Interval(period)) => SyncPlan::Interval(period),
            Some(Sync::Never) => SyncPlan::Never,
        },
        memory_budget: bytes(typed.memory_budget, defaults::MEMORY_BUDGET),
        reserve: bytes(typed.reserve, defaults::RESERVE),
        segment_bytes: bytes(typed.segment, defaults::SEGMENT),
    })
}
