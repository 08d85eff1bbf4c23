//! What the fuzzer does with its bytes (`tests/fuzz`): panics when a promise is broken. For nobody
//! else, so it is there in tests and with the feature `fuzzing` only.

use arbitrary::{Arbitrary, Result, Unstructured};
use millstream_message::Answers;
use wasmparser::Validator;

use crate::compile::in_parts;
use crate::componentize::component;
use crate::inspect;
use crate::wire::{BatchResult, Collector, MessageResult, OutputMax, decode};

/// Answers a fuzzed call may claim to answer: more would only cost time.
const MESSAGES_MAX: usize = 16;

/// Bytes that claim to be a plugin: inspected as any file is.
pub fn inspect(bytes: &[u8]) {
    // Either answer is fine, as long as there is one.
    let _ = inspect::inspect(bytes);
    if let Ok(component) = component(bytes) {
        assert_valid_in_parts(&component);
    }
}

/// What is done to a component before it is compiled leaves a valid one valid.
fn assert_valid_in_parts(component: &[u8]) {
    let valid = |component: &[u8]| Validator::new().validate_all(component).is_ok();
    if let Ok(parts) = in_parts(component) {
        assert!(valid(&parts) || !valid(component), "it was valid before");
    }
}

/// Bytes as the source of what a guest returned, in either world: whatever is believed of it holds.
pub fn answers(bytes: &[u8]) {
    // Bytes that do not suffice make no claim.
    let _ = Claim::arbitrary_take_rest(Unstructured::new(bytes)).map(Claim::check);
}

/// What a guest claims.
struct Claim {
    messages: u8,
    bytes_max: u16,
    outputs_max: u8,
    result: Returned,
}

/// By the world of the guest.
enum Returned {
    Batch(Box<BatchResult>),
    Messages(Vec<MessageResult>),
}

impl<'a> Arbitrary<'a> for Claim {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let (messages, bytes_max, outputs_max) = bytes.arbitrary()?;
        let result = match bytes.arbitrary()? {
            true => Returned::Batch(bytes.arbitrary()?),
            false => Returned::Messages(bytes.arbitrary()?),
        };
        Ok(Self { messages, bytes_max, outputs_max, result })
    }
}

impl Claim {
    fn check(self) {
        let output_max =
            OutputMax { bytes: self.bytes_max.into(), messages: self.outputs_max.into() };
        let (messages, answers) = match self.result {
            Returned::Batch(result) => {
                let messages = usize::from(self.messages) % MESSAGES_MAX;
                (messages, decode(*result, messages, output_max))
            }
            Returned::Messages(results) => {
                let messages = results.len();
                let mut collector = Collector::new(messages, output_max);
                let pushed = results.into_iter().try_for_each(|result| collector.push(result));
                (messages, pushed.map(|()| collector.finish()))
            }
        };
        if let Ok(answers) = answers {
            assert!(answers.outgoing.len() <= usize::from(self.outputs_max), "too many");
            assert_believable(&answers, messages);
        }
    }
}

/// Reads all of `answers` as the runner does.
fn assert_believable(answers: &Answers, messages: usize) {
    assert_eq!(answers.check(messages), Ok(()), "believed answers fit their batch");
    let outgoing = &answers.outgoing;
    let is_text = |bytes: &[u8]| assert!(std::str::from_utf8(bytes).is_ok(), "{bytes:?}");
    for i in 0..messages {
        is_text(answers.reasons.get(i));
        for output in outgoing.of(i) {
            is_text(outgoing.keys.get(output));
            outgoing.topics.iter().for_each(|topics| is_text(topics.get(output)));
            let _ = outgoing.payloads.get(output);
        }
    }
    let headers = outgoing.headers.slice(0..outgoing.len());
    let (names, values) = (headers.names(), headers.values());
    for i in 0..names.len() {
        is_text(names.get(i));
        assert!(!names.get(i).iter().any(u8::is_ascii_uppercase), "header names are lower case");
        is_text(values.get(i));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The committed inputs of target `name`: sound ones, and damaged copies of them to begin from.
    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
        let entries = std::fs::read_dir(folder.join(name)).unwrap();
        let inputs: Vec<_> =
            entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
        assert!(inputs.len() >= 20, "{} inputs are no corpus", inputs.len());
        inputs
    }

    #[test]
    fn bytes_that_the_fuzzer_kept_are_inspected_without_harm() {
        corpus("inspect").iter().for_each(|bytes| super::inspect(bytes));
    }

    #[test]
    fn answers_that_the_fuzzer_kept_are_believed_only_as_far_as_they_hold() {
        corpus("answers").iter().for_each(|bytes| super::answers(bytes));
    }
}
