//! Which messages a subscription handles at all.

use millstream_formats::{Condition, Subject};
use millstream_message::{Batch, Failure, FailureKind, Output, Settlement, Verdict, Verdicts};
use millstream_queue::{Delivery, Histories};

/// A condition that each message must meet to be handled.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) condition: Condition,
    /// The name of the subscription's topic.
    pub(crate) topic: String,
}

/// A delivery whose messages are not all to be handled.
pub(crate) struct Sieved {
    /// What is left to handle, under the same lease; none when nothing is.
    pub(crate) rest: Option<Delivery>,
    /// The verdict on each message of the delivery that is not in the rest.
    verdicts: Vec<Option<Verdict>>,
}

impl Filter {
    /// Takes out of `delivery` what does not meet the condition; none when all of it does.
    pub(crate) fn sieve(&self, delivery: &Delivery) -> Option<Sieved> {
        let batch = &delivery.batch;
        let verdicts: Vec<_> = (0..batch.len()).map(|i| self.verdict(batch, i)).collect();
        if verdicts.iter().all(Option::is_none) {
            return None;
        }
        let kept: Vec<usize> = (0..batch.len()).filter(|&i| verdicts[i].is_none()).collect();
        let parts: Vec<Batch> = kept.iter().map(|&i| batch.slice(i..i + 1)).collect();
        // A part of a batch that was built cannot be too large for another.
        let batch = Batch::gather(&parts).ok().filter(|batch| !batch.is_empty());
        let histories = Histories::Each(kept.iter().map(|&i| delivery.histories.of(i)).collect());
        let rest = batch.map(|batch| Delivery { batch, histories, ..delivery.clone() });
        Some(Sieved { rest, verdicts })
    }

    /// None for a message that is to be handled. Where the condition cannot be answered, the
    /// message is rejected: passing it over in silence would lose it.
    fn verdict(&self, batch: &Batch, i: usize) -> Option<Verdict> {
        let subject = Subject { topic: &self.topic };
        match self.condition.matches(batch.get(i), &subject) {
            Ok(true) => None,
            Ok(false) => Some(Verdict::Filtered),
            Err(error) => {
                let message = format!("filter `{}`: {error}", self.condition.as_str());
                Some(Verdict::Rejected(Failure::new(FailureKind::Reject, message)))
            }
        }
    }
}

impl Sieved {
    /// The settlement of the whole delivery, from that of its rest.
    pub(crate) fn settlement(self, rest: Option<Settlement>) -> Settlement {
        let messages = self.verdicts.len();
        let kept: Vec<usize> = (0..messages).filter(|&i| self.verdicts[i].is_none()).collect();
        let Settlement { verdicts, outputs } = rest.unwrap_or_else(Settlement::all_handled);
        let mut of_rest = match verdicts {
            Verdicts::AllHandled => vec![Verdict::Handled; kept.len()],
            Verdicts::Each(verdicts) => verdicts,
        }
        .into_iter();
        let verdict = |own: Option<Verdict>| {
            own.unwrap_or_else(|| of_rest.next().unwrap_or(Verdict::Returned))
        };
        let verdicts = self.verdicts.into_iter().map(verdict).collect();
        let outputs = outputs.into_iter().map(|output| spread(output, &kept, messages)).collect();
        Settlement { verdicts: Verdicts::Each(verdicts), outputs }
    }
}

/// An output of some messages of a delivery as one of all `messages`: `kept` are their places.
pub(crate) fn spread(output: Output, kept: &[usize], messages: usize) -> Output {
    let start = |i: usize| {
        let before = kept.partition_point(|&place| place < i);
        output.starts.get(before).copied().unwrap_or(0)
    };
    Output { starts: (0..=messages).map(start).collect(), ..output }
}
