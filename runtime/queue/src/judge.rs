//! From a handler's verdicts to what the core commits.
//!
//! Runs on the worker's thread, before the step: here failed messages are copied out and dead
//! letters are written, so that the step touches indexes only. A pure function of its arguments:
//! time and randomness are parameters.

use std::time::Duration;

use millstream_message::{
    Batch, BatchBuilder, BatchTooLarge, Failure, Output, Settlement, TopicId, Verdict, Verdicts,
};

use crate::backoff::spread_random;
use crate::clock::Now;
use crate::core::{Histories, History};
use crate::dead_letter::{self, DeadLetterReason, Story};
use crate::publication::Publication;
use crate::rules::{Exhausted, Handler, SubscriptionRules};

/// What the core commits for one delivery.
#[derive(Clone, Debug)]
pub enum Judged {
    /// All messages wait again, as if never delivered.
    GivenBack,
    /// Each message got a verdict.
    Verdicted(Verdicted),
}

/// What became of a delivery's messages. Those not named were handled.
#[derive(Clone, Debug, Default)]
pub struct Verdicted {
    /// Messages that wait for another delivery.
    pub parked: Vec<Parking>,
    /// Dead letters and their topic.
    pub dead_letters: Option<(TopicId, Batch)>,
    /// What is published with the settle.
    pub outputs: Vec<(TopicId, Publication)>,
    /// Deliveries that count as failures.
    pub failed: u64,
    /// Messages given up because they were refused.
    pub rejected: u64,
    /// Messages given up because their attempts are used up.
    pub exhausted: u64,
    /// Messages dropped instead of dead-lettered.
    pub dropped: u64,
}

/// A message that waits for another delivery.
#[derive(Clone, Debug)]
pub struct Parking {
    /// A batch of this one message, copied out.
    pub message: Batch,
    /// What happened to it so far.
    pub history: History,
    /// Whether it travels alone from now on.
    pub alone: bool,
    /// When it is due: monotonic time.
    pub due: Duration,
}

/// Judges a delivery of `batch`.
///
/// # Errors
/// The dead letters do not fit into one batch.
pub fn judge(
    rules: &SubscriptionRules,
    handler: &Handler,
    batch: &Batch,
    histories: &Histories,
    settlement: Settlement,
    now: Now,
    random: u64,
) -> Result<Judged, BatchTooLarge> {
    let outputs = settlement.outputs.into_iter().map(|output| published(output, now)).collect();
    let verdicts = match settlement.verdicts {
        Verdicts::AllHandled => {
            return Ok(Judged::Verdicted(Verdicted { outputs, ..Verdicted::default() }));
        }
        Verdicts::Each(verdicts) => verdicts,
    };
    if verdicts.iter().all(|verdict| *verdict == Verdict::Returned) {
        return Ok(Judged::GivenBack);
    }
    let mut judge =
        Judge { rules, handler, now, random, letters: None, verdicted: Verdicted::default() };
    // A message without a verdict was not judged.
    let verdicts = verdicts.into_iter().chain(std::iter::repeat(Verdict::Returned));
    for (i, verdict) in verdicts.enumerate().take(batch.len()) {
        judge.message(&batch.slice(i..i + 1), histories.of(i), verdict, i as u64)?;
    }
    Ok(Judged::Verdicted(Verdicted { outputs, ..judge.finish() }))
}

fn published((topic, batch, delays): Output, now: Now) -> (TopicId, Publication) {
    (topic, Publication::with_delays(batch, &delays, now.wall_ms))
}

struct Judge<'a> {
    rules: &'a SubscriptionRules,
    handler: &'a Handler,
    now: Now,
    random: u64,
    letters: Option<BatchBuilder>,
    verdicted: Verdicted,
}

impl Judge<'_> {
    fn message(
        &mut self,
        message: &Batch,
        history: History,
        verdict: Verdict,
        index: u64,
    ) -> Result<(), BatchTooLarge> {
        match verdict {
            Verdict::Handled => Ok(()),
            Verdict::Returned => {
                self.park(message, history, false, Duration::ZERO);
                Ok(())
            }
            Verdict::Rejected(failure) => {
                self.give_up(message, self.failed(history), &failure, DeadLetterReason::Rejected)
            }
            Verdict::Failed { failure, delay_ms } => {
                self.verdicted.failed += 1;
                let history = self.failed(history);
                if history.failures >= self.rules.max_attempts {
                    return self.give_up(message, history, &failure, DeadLetterReason::Exhausted);
                }
                let delay = self.delay(history.failures, delay_ms, index);
                self.park(message, history, failure.alone, delay);
                Ok(())
            }
        }
    }

    fn failed(&self, history: History) -> History {
        let first_failed_ms = match history.first_failed_ms {
            0 => self.now.wall_ms,
            earlier => earlier,
        };
        History { failures: history.failures + 1, first_failed_ms, ..history }
    }

    fn delay(&self, failures: u32, given_ms: u32, index: u64) -> Duration {
        match given_ms {
            0 => self.rules.backoff.delay(failures, spread_random(self.random, index)),
            given => Duration::from_millis(u64::from(given)),
        }
    }

    fn park(&mut self, message: &Batch, history: History, alone: bool, delay: Duration) {
        let due = self.now.monotonic + delay;
        self.verdicted.parked.push(Parking { message: message.copy_out(), history, alone, due });
    }

    fn give_up(
        &mut self,
        message: &Batch,
        history: History,
        failure: &Failure,
        reason: DeadLetterReason,
    ) -> Result<(), BatchTooLarge> {
        if self.rules.exhausted == Exhausted::Drop {
            self.verdicted.dropped += 1;
            return Ok(());
        }
        match reason {
            DeadLetterReason::Rejected => self.verdicted.rejected += 1,
            DeadLetterReason::Exhausted | DeadLetterReason::Expired => {
                self.verdicted.exhausted += 1
            }
        }
        let story = Story { reason, failure, history, failed_at_ms: self.now.wall_ms };
        let letters = self.letters.get_or_insert_with(|| BatchBuilder::with_capacity(1, 0));
        dead_letter::append(letters, message.get(0), self.rules, self.handler, &story)
    }

    fn finish(mut self) -> Verdicted {
        if let (Exhausted::DeadLetter(topic), Some(letters)) = (self.rules.exhausted, self.letters)
        {
            self.verdicted.dead_letters = Some((topic, letters.build()));
        }
        self.verdicted
    }
}
