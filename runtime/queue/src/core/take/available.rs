//! Taking runs of the log that wait again.

use super::Haul;
use crate::core::MAX_STEP_MESSAGES;
use crate::core::lease::History;
use crate::core::pending::Pending;
use crate::core::spans::{Budget, Taken};
use crate::core::subscription::{Span, Subscription};
use crate::core::topic::Topic;

/// Runs that wait again, in order, as far as they have the same history.
pub(super) fn take_available(
    subscription: &mut Subscription,
    topic: &Topic,
    budget: Budget,
) -> Haul {
    let mut haul = Haul::default();
    let mut all = Taken::default();
    let mut looked_at = 0;
    let mut from = budget.lane.map_or(0, |lane| subscription.begin_behind(lane));
    while looked_at < MAX_STEP_MESSAGES as u64 {
        let Some((&start, &span)) = subscription.available.range(from..).next() else {
            return haul.with_runs(all);
        };
        // What was under lease in a crash may have caused it: it travels alone.
        let alone = span.crashes > 0;
        let joins = !alone && !budget.strict && haul.deliveries == span.deliveries + 1;
        if !all.parts.is_empty() && !joins {
            return haul.with_runs(all);
        }
        let of_one = if alone { Budget { messages: 1, ..budget } } else { budget };
        let mut taken = Taken::beside(&all);
        taken.add_run(topic, start..span.end, topic.entry_of(start), of_one, false);
        let looked_to = taken.end.unwrap_or(start);
        looked_at += (looked_to - start).max(1);
        from = looked_to.max(start + 1);
        let Span { deliveries, crashes, .. } = span;
        let history = History { deliveries, crashes, ..History::default() };
        let expired = taken.expired.iter();
        haul.expired.extend(expired.map(|&at| Pending { history, ..Pending::of_log(at, 0) }));
        if !taken.parts.is_empty() || !taken.expired.is_empty() {
            take_out(subscription, start, span, &taken);
        }
        if let Some(lane) = budget.lane.filter(|_| looked_to > start) {
            subscription.passed[lane] = looked_to;
        }
        if taken.parts.is_empty() {
            if taken.cut || (budget.strict && taken.expired.is_empty()) {
                return haul.with_runs(all);
            }
            continue;
        }
        haul.deliveries = deliveries + 1;
        let cut = taken.cut;
        all.join(taken);
        if alone {
            let history = History { deliveries: deliveries + 1, ..history };
            let one = |at| Pending { history, alone, ..Pending::of_log(at, 0) };
            haul.items = Some(all.runs.iter().cloned().flatten().map(one).collect());
        }
        if alone || cut || budget.strict {
            return haul.with_runs(all);
        }
    }
    haul.unfinished = all.parts.is_empty();
    haul.with_runs(all)
}

/// Leaves of a run what was not taken out of it.
fn take_out(subscription: &mut Subscription, start: u64, span: Span, taken: &Taken) {
    subscription.available.remove(&start);
    subscription.available_messages -= span.end - start;
    let rest = taken.end.unwrap_or(start)..span.end;
    for left in taken.left.iter().cloned().chain([rest]).filter(|left| !left.is_empty()) {
        subscription.available_messages += left.end - left.start;
        subscription.available.insert(left.start, Span { end: left.end, ..span });
    }
}
