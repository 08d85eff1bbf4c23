//! What a settlement must become: the fate of each message, and what is published.

mod fated;
mod judged;

use std::rc::Rc;
use std::time::Duration;

use millstream_message::{FailureKind, TopicId, Verdict};
use millstream_queue::core::{Answer, Refusal};
use millstream_queue::{
    DeadLetterReason, Exhausted, Fate, Fates, History, Judged, LeaseId, Now, Outcome, WhenFull,
};

pub(super) use self::fated::{Fated, Kept};
use super::{Check, Model, Place, Posted, State, Told, ensure};

/// How a delivery ended: what the worker says, and what comes of it.
pub(crate) struct Ended<'a> {
    pub(crate) lease: LeaseId,
    pub(crate) verdicts: &'a [Verdict],
    /// By topic, the outputs of each message.
    pub(crate) outputs: &'a [(TopicId, Vec<Vec<Posted>>)],
    /// Topics that were found full.
    pub(crate) full: &'a [TopicId],
    pub(crate) judged: &'a Judged,
    pub(crate) now: Now,
}

impl Model {
    /// A worker settles, and was answered.
    pub(crate) fn settle(&mut self, ended: &Ended<'_>, answer: &Answer) -> Check {
        let lease = ended.lease;
        if !self.leases.contains_key(&lease) {
            let refused = matches!(answer, Answer::Refused(Refusal::LeaseEnded));
            ensure!(refused, "{lease:?} has ended, and its settle was answered {answer:?}");
            return Ok(());
        }
        let fates = self.fates(ended);
        self.check_judged(ended, &fates)?;
        let refusing = self.refusing(ended, &fates);
        match answer {
            Answer::OutputsFull(topics) if !refusing.is_empty() => {
                ensure!(*topics == refusing, "{topics:?} refuse outputs, not {refusing:?}");
                Ok(())
            }
            Answer::Done if refusing.is_empty() => self.commit(ended, &fates),
            other => Err(format!("{refusing:?} refuse outputs; a settle was answered {other:?}")),
        }
    }

    /// What must become of each message of the lease.
    fn fates(&self, ended: &Ended<'_>) -> Vec<Fated> {
        let lease = &self.leases[&ended.lease];
        let subscription = &self.subscriptions[lease.subscription];
        let parks = subscription.rules.parks_keys();
        let (mut stopped, mut fates) = (Vec::new(), Vec::new());
        let (mut gone, mut put_back) = (0, 0);
        for (i, place) in lease.items.iter().enumerate() {
            let key = subscription.order_key(&subscription.items[place]);
            if key.is_some_and(|key| stopped.contains(&key)) {
                fates.push(Fated::Returned);
                continue;
            }
            let fate = match self.fails_for_room(lease.subscription, ended, i, gone, &mut put_back)
            {
                true => self.failed(lease.subscription, *place, false, 0, ended.now),
                false => self.fate(lease.subscription, *place, ended.verdicts.get(i), ended.now),
            };
            let failed = counts_as_failure(ended, i, &fate);
            let fate = if lease.on_trial { fate.on_trial(failed) } else { fate };
            let waits = fate.waits();
            let stops = waits || (parks && matches!(fate, Fated::DeadLettered(..)));
            stopped.extend(key.filter(|_| stops));
            gone += usize::from(!waits);
            fates.push(fate);
        }
        fates
    }

    /// An output without room fails its input; a timer may take the place of what is gone.
    fn fails_for_room(
        &self,
        s: usize,
        ended: &Ended<'_>,
        i: usize,
        gone: usize,
        put_back: &mut usize,
    ) -> bool {
        if ended.verdicts.get(i) != Some(&Verdict::Handled) {
            return false;
        }
        let own = self.subscriptions[s].rules.topic;
        let outputs = ended.outputs.iter().filter(|(to, _)| ended.full.contains(to));
        let outputs = || outputs.clone().filter(|(_, each)| !each[i].is_empty());
        if outputs().any(|(to, _)| *to != own) {
            return true;
        }
        let back: usize = outputs().map(|(_, each)| each[i].len()).sum();
        let fails = *put_back + back > gone + 1;
        *put_back += if fails { 0 } else { back };
        fails
    }

    fn fate(&self, s: usize, place: Place, verdict: Option<&Verdict>, now: Now) -> Fated {
        let rules = &self.subscriptions[s].rules;
        let history = self.subscriptions[s].items[&place].history;
        match verdict {
            None | Some(Verdict::Returned) => Fated::Returned,
            Some(Verdict::Handled) => Fated::Handled,
            Some(Verdict::Filtered) => Fated::Filtered,
            Some(Verdict::Expired) if crate::world::drops_expired(rules) => Fated::ExpiredDropped,
            Some(Verdict::Expired) => Fated::DeadLettered(DeadLetterReason::Expired, history),
            Some(Verdict::Rejected(_)) if rules.exhausted == Exhausted::Drop => Fated::Dropped,
            Some(Verdict::Rejected(failure)) if failure.kind == FailureKind::Crashed => {
                Fated::DeadLettered(DeadLetterReason::Crashed, history)
            }
            Some(Verdict::Rejected(_)) => {
                Fated::DeadLettered(DeadLetterReason::Rejected, once_more(history, now))
            }
            Some(Verdict::Failed { failure, delay_ms }) => {
                self.failed(s, place, failure.alone, *delay_ms, now)
            }
        }
    }

    fn failed(&self, s: usize, place: Place, alone: bool, delay_ms: u32, now: Now) -> Fated {
        let rules = &self.subscriptions[s].rules;
        let history = once_more(self.subscriptions[s].items[&place].history, now);
        match history.failures < rules.max_attempts {
            true => Fated::Parked { history, alone, delay_ms },
            false if rules.exhausted == Exhausted::Drop => Fated::Dropped,
            false => Fated::DeadLettered(DeadLetterReason::Exhausted, history),
        }
    }

    /// Topics that must refuse what is published to them.
    fn refusing(&self, ended: &Ended<'_>, fates: &[Fated]) -> Vec<TopicId> {
        let s = self.leases[&ended.lease].subscription;
        let waits = |fate: &&Fated| fate.waits();
        let gone = (fates.len() - fates.iter().filter(waits).count()) as u64;
        let own = self.subscriptions[s].rules.topic;
        let refuses = |to: TopicId, messages: u64, resident: u64| {
            let t = to.0 as usize;
            match self.topics[t].rules.when_full {
                _ if messages == 0 => false,
                _ if to == own && self.topics[t].readers.len() == 1 => {
                    self.is_full(t) && messages > gone
                }
                WhenFull::Reject => !self.has_room(t, messages, resident),
                WhenFull::Block | WhenFull::DropOldest => false,
            }
        };
        let outputs = ended.judged.outputs.iter();
        outputs
            .filter(|(to, more)| refuses(*to, more.len() as u64, more.resident_bytes()))
            .map(|(to, _)| *to)
            .collect()
    }

    /// The settlement is committed.
    fn commit(&mut self, ended: &Ended<'_>, fates: &[Fated]) -> Check {
        let Some(lease) = self.leases.remove(&ended.lease) else { return Ok(()) };
        let s = lease.subscription;
        self.subscriptions[s].counts.failed += ended.judged.failed;
        self.tally(s, lease.generation, fates, ended);
        let stands = !self.subscriptions[s].is_on_trial(lease.generation);
        let mut letters = Vec::new();
        let mut refunded = 0;
        for (i, (place, fated)) in lease.items.iter().zip(fates).enumerate() {
            refunded += u64::from(matches!(fated, Fated::Returned | Fated::Filtered));
            let fate = fate_of(&ended.judged.fates, i);
            let letter = match fated {
                Fated::Withheld(kept) if stands => {
                    self.subscriptions[s].counts.failed += u64::from(kept.is_failure());
                    self.end(s, *place, &kept.stands(), due_of(fate.as_ref()))
                }
                Fated::Withheld(kept) => {
                    self.withhold(s, *place, *kept, due_of(fate.as_ref()), ended.now);
                    None
                }
                fated => self.end(s, *place, fated, due_of(fate.as_ref())),
            };
            letters.extend(letter);
        }
        if let Some(rate) = &mut self.subscriptions[s].rate {
            rate.give_back(refunded);
        }
        for (to, _) in ended.outputs {
            let posted = standing(ended, fates, *to);
            if !posted.is_empty() {
                self.accept(to.0 as usize, posted, ended.now);
            }
        }
        self.bury(s, letters, ended.now.wall_ms, ended.now)?;
        let topic = self.subscriptions[s].rules.topic.0 as usize;
        self.admit(topic, ended.now)
    }

    /// What becomes of one message; answers what its dead letter must tell.
    pub(super) fn end(
        &mut self,
        s: usize,
        place: Place,
        fated: &Fated,
        due: Duration,
    ) -> Option<Told> {
        let subscription = &mut self.subscriptions[s];
        match fated {
            Fated::Returned => {
                self.wait_again(s, place);
                return None;
            }
            Fated::Parked { history, alone, .. } => {
                if let Some(item) = subscription.items.get_mut(&place) {
                    (item.history, item.alone, item.copied) = (*history, *alone, true);
                    item.state = State::Parked(due);
                }
                return None;
            }
            gone => gone.count(&mut subscription.counts),
        }
        let item = subscription.items.remove(&place)?;
        let Fated::DeadLettered(reason, history) = *fated else { return None };
        let parks = subscription.rules.parks_keys();
        let stops = subscription.order_key(&item).filter(|_| parks);
        Some(Told {
            subscription: s,
            original: item.parcel,
            reason,
            history,
            stops,
            is_seen: false,
        })
    }

    /// An unjudged message waits again; one that had failed is due at once.
    pub(crate) fn wait_again(&mut self, s: usize, place: Place) {
        if let Some(item) = self.subscriptions[s].items.get_mut(&place) {
            // A copy that is not simply a dead letter on its way back is due at once.
            let redriven = place.is_redriven() && !item.alone;
            item.state = match item.history.failures == 0 && (!item.copied || redriven) {
                true => State::Waiting,
                false => State::Parked(Duration::ZERO),
            };
        }
    }

    /// Dead letters move to their topic.
    pub(super) fn bury(&mut self, s: usize, letters: Vec<Told>, wall_ms: u64, now: Now) -> Check {
        let Exhausted::DeadLetter(dead) = self.subscriptions[s].rules.exhausted else {
            ensure!(letters.is_empty(), "sub-{s}: a dead letter without a topic");
            return Ok(());
        };
        let t = dead.0 as usize;
        let name = self.subscriptions[s].rules.name.clone();
        for letter in letters {
            let sequence = self.topics[t].next;
            let parcel = letter.buried(&name, wall_ms);
            let posted = Posted { parcel: Rc::new(parcel), due_ms: None, dedup: 0 };
            self.accept(t, vec![posted], now);
            self.topics[t].kept.insert(sequence, Some(letter));
        }
        Ok(())
    }
}

/// When the core says that a retry is due.
fn due_of(fate: Option<&Fate>) -> Duration {
    match fate {
        Some(Fate::Parked(parking)) => parking.due,
        Some(Fate::Withheld(one)) => match one.outcome {
            Outcome::Retry { due, .. } => due,
            _ => Duration::ZERO,
        },
        _ => Duration::ZERO,
    }
}

fn once_more(history: History, now: Now) -> History {
    let first_failed_ms = match history.first_failed_ms {
        0 => now.wall_ms,
        earlier => earlier,
    };
    History { failures: history.failures + 1, first_failed_ms, crashes: 0, ..history }
}

fn fate_of(fates: &Fates, i: usize) -> Option<Fate> {
    match fates {
        Fates::AllHandled => Some(Fate::Handled),
        Fates::AllReturned => Some(Fate::Returned),
        Fates::Each(fates) => fates.get(i).cloned(),
    }
}

/// A rejection is the last word of a handler and no failed delivery.
pub(super) fn counts_as_failure(ended: &Ended<'_>, i: usize, fated: &Fated) -> bool {
    match fated {
        Fated::Parked { .. } | Fated::DeadLettered(DeadLetterReason::Exhausted, _) => true,
        Fated::Dropped => !matches!(ended.verdicts.get(i), Some(Verdict::Rejected(_))),
        _ => false,
    }
}

/// What is published to a topic: the outputs of what was handled, those at once first.
fn standing(ended: &Ended<'_>, fates: &[Fated], to: TopicId) -> Vec<Posted> {
    let each = ended.outputs.iter().filter(|(topic, _)| *topic == to).map(|(_, each)| each);
    let handled = |i: usize| fates.get(i) == Some(&Fated::Handled);
    let all = each.flat_map(|each| each.iter().enumerate());
    let stands: Vec<Posted> =
        all.filter(|(i, _)| handled(*i)).flat_map(|(_, posted)| posted.iter().cloned()).collect();
    let (later, now): (Vec<Posted>, Vec<Posted>) =
        stands.into_iter().partition(|one| one.due_ms.is_some());
    now.into_iter().chain(later).collect()
}
