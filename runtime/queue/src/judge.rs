//! From a handler's verdicts to what the core commits.
//!
//! Runs on the worker's thread, before the step: here failed messages are copied out and dead
//! letters are written, so that the step touches indexes only. A pure function of its arguments:
//! time and randomness are parameters.

mod judged;

use std::collections::HashSet;
use std::time::Duration;

use millstream_message::{
    Batch, BatchBuilder, BatchTooLarge, Failure, FailureKind, Output, Settlement, TopicId, Verdict,
    Verdicts,
};

pub use self::judged::{Fate, Fates, Judged, Outcome, Parking, Withholding};
use crate::backoff::spread_random;
use crate::clock::Now;
use crate::core::{Histories, History};
use crate::dead_letter::{self, DeadLetterReason, Story};
use crate::publication::Publication;
use crate::rules::{Exhausted, Expired, Handler, Ordering, SubscriptionRules};
use crate::stored::nothing;

/// A delivery that ended, and everything that decides what follows.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The subscription's rules.
    pub rules: &'a SubscriptionRules,
    /// Who handled the messages.
    pub handler: &'a Handler,
    /// The messages.
    pub batch: &'a Batch,
    /// What happened to them before.
    pub histories: &'a Histories,
    /// Topics that cannot take an output: messages with an output to them have failed.
    pub full: &'a [TopicId],
    /// Whether the version that handled them is on trial: what it fails on is withheld.
    pub on_trial: bool,
    /// The time.
    pub now: Now,
    /// Random bits for the jitter.
    pub random: u64,
}

/// Judges a delivery.
///
/// Under an ordering, what follows a failed message of its key in the same batch is discarded:
/// such messages wait again, uncounted, and their outputs are not published.
///
/// # Errors
/// The dead letters do not fit into one batch.
pub fn judge(case: Case<'_>, settlement: &Settlement) -> Result<Judged, BatchTooLarge> {
    let Settlement { verdicts, outputs } = settlement;
    match verdicts {
        Verdicts::AllHandled if case.full.is_empty() => {
            return Ok(Judged {
                fates: Fates::AllHandled,
                outputs: outputs.iter().filter_map(|one| published(one, case.now)).collect(),
                revision: case.rules.revision,
                ..Judged::given_back()
            });
        }
        Verdicts::Each(verdicts) if verdicts.iter().all(|one| *one == Verdict::Returned) => {
            return Ok(Judged::given_back());
        }
        Verdicts::AllHandled | Verdicts::Each(_) => {}
    }
    let mut judge = Judge::new(case, outputs);
    for i in 0..case.batch.len() {
        judge.message(i, verdict_of(verdicts, i))?;
    }
    let Judge { fates, letters, failed, .. } = judge;
    let outputs = outputs.iter().filter_map(|one| standing(one, &fates, case.now)).collect();
    let dead_letters = match (case.rules.exhausted, letters) {
        (Exhausted::DeadLetter(topic), Some(letters)) => {
            Some((topic, Publication::now(letters.build())))
        }
        _ => None,
    };
    let revision = case.rules.revision;
    Ok(Judged { fates: Fates::Each(fates), dead_letters, outputs, failed, revision })
}

/// A message without a verdict was not judged.
fn verdict_of(verdicts: &Verdicts, i: usize) -> Verdict {
    match verdicts {
        Verdicts::AllHandled => Verdict::Handled,
        Verdicts::Each(verdicts) => verdicts.get(i).cloned().unwrap_or(Verdict::Returned),
    }
}

/// All of an output; none when it is empty.
fn published(output: &Output, now: Now) -> Option<(TopicId, Publication)> {
    let Output { topic, batch, delays_ms, .. } = output;
    let publication = Publication::with_delays(batch.clone(), delays_ms, now.wall_ms);
    Some((*topic, publication)).filter(|(_, publication)| !publication.is_empty())
}

/// What is published of an output: what comes of messages that were handled.
fn standing(output: &Output, fates: &[Fate], now: Now) -> Option<(TopicId, Publication)> {
    let handled = |i: &usize| matches!(fates.get(*i), Some(Fate::Handled));
    let messages = output.batch.len();
    let stands: usize = (0..fates.len()).filter(handled).map(|i| output.of(i).len()).sum();
    if stands == messages {
        return published(output, now);
    }
    let mut parts = Vec::new();
    let mut delays_ms = Vec::new();
    for range in (0..fates.len()).filter(handled).map(|i| output.of(i)) {
        delays_ms.extend_from_slice(output.delays_ms.get(range.clone()).unwrap_or_default());
        parts.push(output.batch.slice(range));
    }
    // A part of a batch that was built cannot be too large for another.
    let batch = Batch::gather(&parts).ok().filter(|batch| !batch.is_empty())?;
    Some((output.topic, Publication::with_delays(batch, &delays_ms, now.wall_ms)))
}

struct Judge<'a> {
    case: Case<'a>,
    outputs: &'a [Output],
    /// Order hashes of keys whose later messages are discarded.
    stopped: HashSet<u64>,
    fates: Vec<Fate>,
    letters: Option<BatchBuilder>,
    failed: u64,
    /// Messages gone so far, and messages put back into the subscription's own topic.
    gone: usize,
    put_back: usize,
}

impl<'a> Judge<'a> {
    fn new(case: Case<'a>, outputs: &'a [Output]) -> Self {
        Self {
            case,
            outputs,
            stopped: HashSet::new(),
            fates: Vec::with_capacity(case.batch.len()),
            letters: None,
            failed: 0,
            gone: 0,
            put_back: 0,
        }
    }

    fn message(&mut self, i: usize, verdict: Verdict) -> Result<(), BatchTooLarge> {
        let order = self.order(i);
        if order.is_some_and(|hash| self.stopped.contains(&hash)) {
            self.fates.push(Fate::Returned);
            return Ok(());
        }
        let verdict = self.refuse_full(i, verdict);
        let fate = match self.case.on_trial {
            true => self.fate_on_trial(i, verdict)?,
            false => self.fate(i, verdict)?,
        };
        let parks = self.case.rules.parks_keys();
        let stops = match &fate {
            Fate::Parked(_) | Fate::Returned | Fate::Withheld(_) => true,
            Fate::DeadLettered(..) => parks,
            Fate::Handled | Fate::Filtered | Fate::Dropped | Fate::ExpiredDropped => false,
        };
        self.gone += usize::from(!fate.waits());
        self.stopped.extend(order.filter(|_| stops));
        self.fates.push(fate);
        Ok(())
    }

    /// What orders message `i`.
    fn order(&self, i: usize) -> Option<u64> {
        match self.case.rules.ordering {
            Ordering::None => None,
            Ordering::Strict => Some(0),
            Ordering::Key => self.case.batch.get(i).order_key(),
        }
    }

    /// A handled message fails after all when one of its outputs has no room.
    fn refuse_full(&mut self, i: usize, verdict: Verdict) -> Verdict {
        if verdict != Verdict::Handled || self.case.full.is_empty() {
            return verdict;
        }
        let own = self.case.rules.topic;
        let to = |topic: TopicId| -> usize {
            let to_it = self.outputs.iter().filter(|output| output.topic == topic);
            to_it.map(|output| output.of(i).len()).sum()
        };
        let full = self.case.full.iter().copied();
        if full.filter(|topic| *topic != own).any(|topic| to(topic) > 0) {
            return full_output();
        }
        let back = if self.case.full.contains(&own) { to(own) } else { 0 };
        if self.put_back + back > self.gone + 1 {
            return full_output();
        }
        self.put_back += back;
        verdict
    }

    /// A version on trial decides nothing that could not be taken back.
    fn fate_on_trial(&mut self, i: usize, verdict: Verdict) -> Result<Fate, BatchTooLarge> {
        let failed = self.failed;
        let fate = self.fate(i, verdict)?;
        let counted = std::mem::replace(&mut self.failed, failed) > failed;
        let outcome = match fate {
            Fate::Parked(parking) => {
                let Parking { history, alone, due, .. } = *parking;
                Outcome::Retry { history, alone, due }
            }
            Fate::DeadLettered(reason, _) => {
                // What was written last, and alone: no letter of a trial is left in the builder.
                let letter = self.letters.take().map_or_else(nothing, BatchBuilder::build);
                Outcome::Letter { reason, letter, stored: None }
            }
            Fate::Dropped => Outcome::Drop { failed: counted },
            stands => return Ok(stands),
        };
        let message = self.case.batch.slice(i..i + 1).copy_out();
        Ok(Fate::Withheld(Box::new(Withholding { message, stored: None, outcome })))
    }

    fn fate(&mut self, i: usize, verdict: Verdict) -> Result<Fate, BatchTooLarge> {
        let history = self.case.histories.of(i);
        Ok(match verdict {
            Verdict::Handled => Fate::Handled,
            Verdict::Filtered => Fate::Filtered,
            Verdict::Returned => Fate::Returned,
            Verdict::Expired if self.case.rules.expired == Expired::Drop => Fate::ExpiredDropped,
            Verdict::Expired => {
                let failure = Failure::new(FailureKind::Expired, "older than its expires_in");
                self.give_up(i, history, &failure, DeadLetterReason::Expired)?
            }
            Verdict::Rejected(failure) if failure.kind == FailureKind::Crashed => {
                self.give_up(i, history, &failure, DeadLetterReason::Crashed)?
            }
            Verdict::Rejected(failure) => {
                let history = self.failed(history);
                self.give_up(i, history, &failure, DeadLetterReason::Rejected)?
            }
            Verdict::Failed { failure, delay_ms } => {
                self.failed += 1;
                let history = self.failed(history);
                if history.failures >= self.case.rules.max_attempts {
                    return self.give_up(i, history, &failure, DeadLetterReason::Exhausted);
                }
                let due = self.case.now.monotonic + self.delay(history.failures, delay_ms, i);
                let message = self.case.batch.slice(i..i + 1).copy_out();
                let alone = failure.alone;
                Fate::Parked(Box::new(Parking { message, history, alone, due, stored: None }))
            }
        })
    }

    fn failed(&self, history: History) -> History {
        let first_failed_ms = match history.first_failed_ms {
            0 => self.case.now.wall_ms,
            earlier => earlier,
        };
        // Whatever it was that crashed the host: this delivery did not.
        History { failures: history.failures + 1, first_failed_ms, crashes: 0, ..history }
    }

    fn delay(&self, failures: u32, given_ms: u32, i: usize) -> Duration {
        match given_ms {
            0 => {
                let random = spread_random(self.case.random, i as u64);
                self.case.rules.backoff.delay(failures, random)
            }
            given => Duration::from_millis(u64::from(given)),
        }
    }

    fn give_up(
        &mut self,
        i: usize,
        history: History,
        failure: &Failure,
        reason: DeadLetterReason,
    ) -> Result<Fate, BatchTooLarge> {
        let Case { rules, handler, batch, now, .. } = self.case;
        if rules.exhausted == Exhausted::Drop {
            return Ok(match reason {
                DeadLetterReason::Expired => Fate::ExpiredDropped,
                DeadLetterReason::Rejected
                | DeadLetterReason::Exhausted
                | DeadLetterReason::Crashed => Fate::Dropped,
            });
        }
        let story = Story { reason, failure, history, failed_at_ms: now.wall_ms };
        let letters = self.letters.get_or_insert_with(|| BatchBuilder::with_capacity(1, 0));
        dead_letter::append(letters, batch.get(i), rules, handler, &story)?;
        Ok(Fate::DeadLettered(reason, batch.get(i).id().dead_letter(&rules.name)))
    }
}

fn full_output() -> Verdict {
    let failure = Failure::new(FailureKind::Retry, "the topic of an output is full or gone");
    Verdict::Failed { failure, delay_ms: 0 }
}
