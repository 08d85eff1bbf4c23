//! MS0120: a schedule must be due some day.

use millstream_formats::Cron;

use super::Context;
use crate::code::Code;
use crate::report::Report;

const HELP: &str = "name minute, hour, day of month, month and day of week, in UTC: `*/5 * * * *` is every five minutes, `0 6 * * MON` each Monday at six";

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, source) in context.sources() {
        let cron = source.schedule.as_ref().and_then(|schedule| schedule.cron.as_deref());
        let Some(text) = cron else { continue };
        if report.is_full() {
            return;
        }
        if let Some(message) = fault(text) {
            report.add(Code::BadCron, route.key("schedule").key("cron"), message, HELP);
        }
    }
}

fn fault(text: &str) -> Option<String> {
    match text.parse::<Cron>() {
        // It names no year: what is not due after the epoch is never due.
        Ok(cron) if cron.next_after(0).is_none() => Some(format!("`{text}` is never due")),
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}
