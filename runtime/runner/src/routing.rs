//! From a handler's answers to a settlement: verdicts, and outputs on their topics.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use millstream_message::{
    Answers, Batch, BatchBuilder, Column, Failure, FailureKind, Message, Outcome, Outgoing, Output,
    OutputIds, Settlement, TopicId, Verdict, Verdicts,
};
use millstream_pipeline::SubscriptionPlan;

use crate::output_rules;
use crate::wiring::Wiring;

/// Where the outputs of one subscription may go, and how they are named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Routing {
    ids: OutputIds,
    output: Option<TopicId>,
    /// Topics that an output may name.
    by_name: HashMap<Box<[u8]>, TopicId>,
    /// Largest payload in bytes that each topic takes.
    message_max: HashMap<TopicId, u64>,
}

impl Routing {
    pub(crate) fn new(wiring: &Wiring, subscription: &SubscriptionPlan) -> Self {
        let plan = wiring.plan();
        let listed = || subscription.output.iter().chain(&subscription.routes).copied();
        let name = |place: usize| Box::from(plan.topics[place].name.as_bytes());
        Self {
            ids: OutputIds::new(&plan.name, &subscription.name),
            output: subscription.output.map(|place| wiring.topic(place)),
            by_name: listed().map(|place| (name(place), wiring.topic(place))).collect(),
            message_max: listed()
                .map(|place| (wiring.topic(place), plan.topics[place].max_message))
                .collect(),
        }
    }

    /// The settlement that follows from `answers` about `batch`, published at `now_ms`
    /// (milliseconds since the Unix epoch).
    pub(crate) fn settlement(&self, batch: &Batch, answers: Answers, now_ms: u64) -> Settlement {
        let all_ok = answers.outcomes.iter().all(|outcome| *outcome == Outcome::Ok);
        if let Err(error) = answers.check(batch.len()) {
            return invalid(batch, &error.to_string());
        }
        if all_ok && answers.outgoing.is_empty() {
            return Settlement::all_handled();
        }
        let Answers { outcomes, reasons, retry_delays_ms, outgoing } = answers;
        let Some(outputs) = self.outputs(batch, outgoing, now_ms) else {
            return invalid(batch, "the columns of the outputs differ in length");
        };
        match self.only_topic(&outputs) {
            Some(topic) if all_ok => outputs.whole(topic),
            _ => self.each(batch, &outcomes, &reasons, &retry_delays_ms, &outputs),
        }
    }

    /// All outputs as one batch, named, without copying a message.
    fn outputs(&self, batch: &Batch, outgoing: Outgoing, now_ms: u64) -> Option<Outputs> {
        let Outgoing { starts, topics, keys, headers, payloads, delays_ms } = outgoing;
        let mut ids = Vec::with_capacity(payloads.len());
        for (input, pair) in batch.ids().iter().zip(starts.windows(2)) {
            ids.extend((0..pair[1] - pair[0]).map(|index| self.ids.id(input, index)));
        }
        let times = vec![now_ms; payloads.len()];
        let batch = Batch::from_columns(ids, times, keys, headers, payloads)?;
        Some(Outputs { starts, topics, batch, delays_ms })
    }

    /// The topic that takes all outputs as they are: the ordinary case.
    fn only_topic(&self, outputs: &Outputs) -> Option<TopicId> {
        let topic = self.output.filter(|_| outputs.topics.is_none())?;
        output_rules::all_pass(&outputs.batch, self.payload_max(topic)).then_some(topic)
    }

    fn each(
        &self,
        batch: &Batch,
        outcomes: &[Outcome],
        reasons: &Column,
        delays: &[u32],
        outputs: &Outputs,
    ) -> Settlement {
        let mut sorted = Sorted::default();
        let verdicts = outcomes.iter().enumerate().map(|(i, outcome)| match outcome {
            Outcome::Ok => match self.sort(outputs, i, &mut sorted) {
                Ok(()) => Verdict::Handled,
                Err(failure) => Verdict::Failed { failure, delay_ms: 0 },
            },
            Outcome::Retry => Verdict::Failed {
                failure: Failure::new(FailureKind::Retry, reason(reasons, i)),
                delay_ms: delays.get(i).copied().unwrap_or(0),
            },
            Outcome::Reject => {
                Verdict::Rejected(Failure::new(FailureKind::Reject, reason(reasons, i)))
            }
        });
        let verdicts = Verdicts::Each(verdicts.take(batch.len()).collect());
        Settlement { verdicts, outputs: sorted.finish(batch.len()) }
    }

    /// Adds one message's outputs to their topics: all of them or none.
    fn sort(&self, outputs: &Outputs, i: usize, sorted: &mut Sorted) -> Result<(), Failure> {
        let range = outputs.of(i);
        let topics: Vec<TopicId> =
            range.clone().map(|j| self.topic(outputs, j)).collect::<Result<_, _>>()?;
        for (j, topic) in range.zip(topics) {
            let delay = outputs.delays_ms.get(j).copied().unwrap_or(0);
            sorted.push(topic, i, outputs.batch.get(j), delay)?;
        }
        Ok(())
    }

    fn topic(&self, outputs: &Outputs, j: usize) -> Result<TopicId, Failure> {
        let named = outputs.topics.as_ref().map_or(&[][..], |topics| topics.get(j));
        let topic = if named.is_empty() { self.output } else { self.by_name.get(named).copied() };
        let topic = topic.ok_or_else(|| unrouted(named))?;
        output_rules::check(outputs.batch.get(j), self.payload_max(topic))?;
        Ok(topic)
    }

    fn payload_max(&self, topic: TopicId) -> u64 {
        self.message_max.get(&topic).copied().unwrap_or(u64::MAX)
    }
}

/// All outputs of a call, before they are sorted by topic.
#[derive(Debug)]
struct Outputs {
    starts: Vec<u32>,
    topics: Option<Column>,
    batch: Batch,
    delays_ms: Vec<u32>,
}

impl Outputs {
    fn whole(self, topic: TopicId) -> Settlement {
        let Self { starts, batch, delays_ms, .. } = self;
        let output = Output { topic, batch, delays_ms, starts };
        Settlement { verdicts: Verdicts::AllHandled, outputs: vec![output] }
    }

    fn of(&self, i: usize) -> Range<usize> {
        match self.starts.get(i..i + 2) {
            Some(pair) => pair[0] as usize..pair[1] as usize,
            None => 0..0,
        }
    }
}

/// Outputs by topic.
#[derive(Debug, Default)]
struct Sorted(BTreeMap<TopicId, OneTopic>);

/// What goes to one topic.
#[derive(Debug)]
struct OneTopic {
    batch: BatchBuilder,
    delays_ms: Vec<u32>,
    /// The input message that gave each output: ascending.
    inputs: Vec<usize>,
}

impl Sorted {
    fn push(
        &mut self,
        topic: TopicId,
        input: usize,
        message: Message<'_>,
        delay_ms: u32,
    ) -> Result<(), Failure> {
        let one = self.0.entry(topic).or_insert_with(OneTopic::new);
        one.batch
            .push_message(message)
            .map_err(|error| Failure::new(FailureKind::OutputLimit, error.to_string()))?;
        one.delays_ms.push(delay_ms);
        one.inputs.push(input);
        Ok(())
    }

    fn finish(self, inputs: usize) -> Vec<Output> {
        self.0.into_iter().map(|(topic, one)| one.finish(topic, inputs)).collect()
    }
}

impl OneTopic {
    fn new() -> Self {
        let batch = BatchBuilder::with_capacity(1, 0);
        Self { batch, delays_ms: Vec::new(), inputs: Vec::new() }
    }

    fn finish(self, topic: TopicId, inputs: usize) -> Output {
        let before = |input: usize| self.inputs.partition_point(|&one| one < input) as u32;
        let starts = (0..=inputs).map(before).collect();
        Output { topic, batch: self.batch.build(), delays_ms: self.delays_ms, starts }
    }
}

fn reason(reasons: &Column, i: usize) -> String {
    String::from_utf8_lossy(reasons.get(i)).into_owned()
}

fn unrouted(named: &[u8]) -> Failure {
    let message = match named {
        [] => "an output names no topic and the subscription has no `output`".to_owned(),
        named => format!(
            "an output names topic `{}`: list it in the subscription's `routes`",
            String::from_utf8_lossy(named)
        ),
    };
    Failure::new(FailureKind::Route, message)
}

/// An answer that does not fit the batch: every message fails.
fn invalid(batch: &Batch, what: &str) -> Settlement {
    let failure = Failure::new(FailureKind::InvalidResult, what);
    let verdict = Verdict::Failed { failure, delay_ms: 0 };
    Settlement { verdicts: Verdicts::Each(vec![verdict; batch.len()]), outputs: Vec::new() }
}
