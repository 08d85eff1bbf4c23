//! Taking what failed before and is due.

use super::Haul;
use crate::clock::Now;
use crate::core::MAX_STEP_MESSAGES;
use crate::core::lease::LeaseId;
use crate::core::pending::{Due, Pending};
use crate::core::spans::Budget;
use crate::core::subscription::Subscription;

/// Parked messages that are due: one that must travel alone, or several others.
pub(super) fn take_parked(
    subscription: &mut Subscription,
    lease: LeaseId,
    budget: Budget,
    now: Now,
) -> Haul {
    let Parked { due, expired, others, unfinished } = due_keys(subscription, budget, now);
    let mut haul = Haul { unfinished, ..Haul::default() };
    if let Some((lane, last)) = budget.lane.zip(others) {
        subscription.parking.pass(lane, last);
    }
    for key in expired {
        if let Some(pending) = subscription.parking.remove(&key) {
            subscription.keys.forget_parked(pending.hash);
            haul.expired.push(pending);
        }
    }
    let mut taken: Vec<Pending> =
        due.iter().filter_map(|key| subscription.parking.remove(key)).collect();
    for pending in &mut taken {
        pending.history.deliveries += 1;
        haul.parts.extend(pending.copy().cloned());
        if pending.hash != 0 {
            subscription.keys.unpark(pending.hash, lease);
            haul.keys.push(pending.hash);
        }
    }
    haul.items = Some(taken);
    haul.look_again = subscription.parking.next_due_after(now.monotonic);
    haul
}

/// Parked messages by their keys, in order of their due times.
struct Parked {
    /// Those that one lease takes.
    due: Vec<Due>,
    /// Those that are too old.
    expired: Vec<Due>,
    /// The last of the first ones, if those are all another version's.
    others: Option<Due>,
    /// Whether there may be more behind those that were looked at.
    unfinished: bool,
}

fn due_keys(subscription: &Subscription, budget: Budget, now: Now) -> Parked {
    let mut held = std::collections::HashSet::new();
    let (mut keys, mut expired, mut bytes, mut looked_at) = (Vec::new(), Vec::new(), 0, 0);
    let (mut last_of_others, mut seen_own) = (None, false);
    let due = subscription.parking.due(now.monotonic, budget.lane);
    for (key, pending) in due.take(MAX_STEP_MESSAGES) {
        looked_at += 1;
        let Some(message) = pending.copy() else { continue };
        if pending.expires_ms() <= budget.wall_ms {
            expired.push(*key);
            continue;
        }
        let hash = pending.hash;
        let others = budget.keys.is_some_and(|keys| !keys.contains(message.get(0).key_hash()));
        if others && budget.strict {
            break;
        }
        seen_own |= !others;
        last_of_others = if seen_own { last_of_others } else { Some(*key) };
        if others || (hash != 0 && (subscription.keys.is_held(hash) || !held.insert(hash))) {
            continue;
        }
        bytes += message.bytes() as u64;
        let is_first = keys.is_empty();
        if !is_first && (pending.alone || bytes > budget.bytes || keys.len() == budget.messages) {
            break;
        }
        keys.push(*key);
        if pending.alone {
            break;
        }
    }
    let unfinished = looked_at == MAX_STEP_MESSAGES;
    Parked { due: keys, expired, others: last_of_others, unfinished }
}
