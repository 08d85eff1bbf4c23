//! Which messages of a delivery a subscription handles: those that pass its filter, and where a handler
//! gets one message of a key at a time, the first of each.

use std::collections::HashSet;

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

/// Takes out of `delivery` what does not meet the condition of `filter`, and with `one_per_key` what
/// follows another message of its key, which is given back; none when nothing is to be taken out.
pub(crate) fn sieve(
    delivery: &Delivery,
    filter: Option<&Filter>,
    one_per_key: bool,
) -> Option<Sieved> {
    if filter.is_none() && !one_per_key {
        // The ordinary case looks at no message.
        return None;
    }
    let batch = &delivery.batch;
    let mut keys = HashSet::new();
    let mut follows =
        |i| one_per_key && batch.get(i).order_key().is_some_and(|key| !keys.insert(key));
    let verdict = |i| {
        let own = filter.and_then(|filter| filter.verdict(batch, i));
        own.or_else(|| follows(i).then_some(Verdict::Returned))
    };
    Sieved::new(delivery, (0..batch.len()).map(verdict).collect())
}

impl Sieved {
    fn new(delivery: &Delivery, verdicts: Vec<Option<Verdict>>) -> Option<Self> {
        let batch = &delivery.batch;
        if verdicts.iter().all(Option::is_none) {
            return None;
        }
        let kept: Vec<usize> = (0..batch.len()).filter(|&i| verdicts[i].is_none()).collect();
        let parts: Vec<Batch> = kept.iter().map(|&i| batch.slice(i..i + 1)).collect();
        // A part of a batch that was built cannot be too large for another.
        let batch = Batch::gather(&parts).ok().filter(|batch| !batch.is_empty());
        let histories = Histories::Each(kept.iter().map(|&i| delivery.histories.of(i)).collect());
        let rest = batch.map(|batch| Delivery { batch, histories, ..delivery.clone() });
        Some(Self { rest, verdicts })
    }

    /// Whether more is given back than is handled.
    pub(crate) fn gives_back_most(&self) -> bool {
        let given_back = |verdict: &&Option<Verdict>| matches!(verdict, Some(Verdict::Returned));
        self.verdicts.iter().filter(given_back).count() * 2 > self.verdicts.len()
    }
}

impl Filter {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use millstream_message::{BatchBuilder, MessageId, SubscriptionId};
    use millstream_queue::{Handler, LeaseId};

    use super::*;

    /// A delivery of messages with these keys; an empty one is none.
    fn delivery(keys: &[&str]) -> Delivery {
        let mut builder = BatchBuilder::with_capacity(keys.len(), 0);
        for (i, key) in keys.iter().enumerate() {
            let (id, key) = (MessageId::published(1, i as u128), Some(*key));
            builder.push(id, 1, key.filter(|key| !key.is_empty()), [], b"").unwrap();
        }
        Delivery {
            lease: LeaseId(1),
            subscription: SubscriptionId(0),
            on_trial: false,
            handler: Arc::new(Handler { name: String::new(), digest: String::new() }),
            batch: builder.build(),
            histories: Histories::Uniform(1),
            deadline: Duration::ZERO,
        }
    }

    #[test]
    fn the_first_message_of_each_key_is_handled_and_what_follows_is_given_back() {
        let delivery = delivery(&["a", "b", "", "a", "a", "", "b", "c"]);
        let sieved = sieve(&delivery, None, true).unwrap();
        let rest = sieved.rest.clone().unwrap().batch;
        let keys: Vec<_> = rest.iter().map(|message| message.key().unwrap_or("")).collect();
        assert_eq!(keys, ["a", "b", "", "", "c"]);
        assert!(!sieved.gives_back_most());
        let Verdicts::Each(verdicts) = sieved.settlement(None).verdicts else { panic!("all") };
        let back = |i: usize| matches!(verdicts[i], Verdict::Returned);
        assert_eq!((0..8).filter(|&i| back(i)).collect::<Vec<_>>(), [3, 4, 6]);
    }

    #[test]
    fn a_delivery_of_different_keys_is_left_whole_and_one_of_the_same_is_mostly_given_back() {
        assert!(sieve(&delivery(&["a", "b", ""]), None, true).is_none());
        assert!(sieve(&delivery(&["a", "a", "a"]), None, false).is_none());
        assert!(sieve(&delivery(&["a", "a", "a"]), None, true).unwrap().gives_back_most());
    }
}
