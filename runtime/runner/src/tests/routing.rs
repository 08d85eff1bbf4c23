use millstream_message::{
    Answers, Batch, BatchBuilder, Column, ColumnBuilder, FailureKind, HeaderColumns, MessageId,
    Outcome, Outgoing, Settlement, TopicId, Verdict, Verdicts,
};

use super::plan;
use crate::routing::Routing;
use crate::wiring::Wiring;

const NOW: u64 = 1_700_000_000_000;

fn routing() -> Routing {
    let text = "pipeline: p\n\
        topics:\n  in: { kind: event }\n  out: { kind: command, max_message: 10 }\n  other: { kind: event }\n  \
        secret: { kind: event }\n  dead: { kind: dead_letter }\n\
        plugins:\n  echo: { source: echo.wasm }\n\
        subscriptions:\n  \
        work: { topic: in, plugin: echo, output: out, routes: [other], dead_letter: dead }\n  \
        read: { topic: out, sink: { stdout: {} }, dead_letter: dead }\n";
    let plan = plan(text, std::path::Path::new("."));
    let wiring = Wiring::new(plan, String::new());
    Routing::new(&wiring, &wiring.plan().subscriptions[0])
}

fn inputs(n: usize) -> Batch {
    let mut builder = BatchBuilder::with_capacity(n, 0);
    for i in 0..n as u128 {
        builder.push(MessageId::published(1, i), 1, None, [], b"in").unwrap();
    }
    builder.build()
}

fn column(items: &[&str]) -> Column {
    let mut builder = ColumnBuilder::with_capacity(items.len(), 0);
    items.iter().for_each(|item| builder.push(item.as_bytes()));
    builder.build()
}

/// Answers whose message `i` has `outcomes[i]` and puts out `outputs[i]`: pairs of topic and body.
fn answers(outcomes: &[Outcome], outputs: &[&[(&str, &str)]]) -> Answers {
    let flat: Vec<(&str, &str)> = outputs.iter().copied().flatten().copied().collect();
    let mut starts = vec![0];
    outputs.iter().for_each(|one| starts.push(starts[starts.len() - 1] + one.len() as u32));
    let topics: Vec<&str> = flat.iter().map(|(topic, _)| *topic).collect();
    let bodies: Vec<&str> = flat.iter().map(|(_, body)| *body).collect();
    let named = topics.iter().any(|topic| !topic.is_empty());
    Answers {
        outcomes: outcomes.to_vec(),
        reasons: column(&vec!["because"; outcomes.len()]),
        retry_delays_ms: vec![],
        outgoing: Outgoing {
            starts,
            topics: named.then(|| column(&topics)),
            keys: Column::empty(flat.len()),
            headers: HeaderColumns::empty(flat.len()),
            payloads: column(&bodies),
            delays_ms: vec![],
        },
    }
}

fn bodies(settlement: &Settlement, topic: TopicId) -> Vec<String> {
    let of = settlement.outputs.iter().filter(|output| output.topic == topic);
    of.flat_map(|output| {
        output
            .batch
            .iter()
            .map(|one| String::from_utf8_lossy(one.payload()).into_owned())
            .collect::<Vec<_>>()
    })
    .collect()
}

fn verdicts(settlement: &Settlement) -> Vec<Verdict> {
    match &settlement.verdicts {
        Verdicts::AllHandled => panic!("each was expected"),
        Verdicts::Each(verdicts) => verdicts.clone(),
    }
}

#[test]
fn outputs_without_a_topic_go_to_the_output_as_one_batch() {
    let settlement = routing().settlement(
        &inputs(2),
        answers(&[Outcome::Ok; 2], &[&[("", "a"), ("", "b")], &[("", "c")]]),
        NOW,
    );
    assert!(matches!(settlement.verdicts, Verdicts::AllHandled));
    assert_eq!(bodies(&settlement, TopicId(1)), ["a", "b", "c"]);
    assert_eq!(settlement.outputs[0].batch.published_at(), [NOW; 3]);
}

#[test]
fn an_output_has_the_same_id_whether_its_batch_is_handled_whole_or_singly() {
    let (batch, routing) = (inputs(2), routing());
    let whole = routing.settlement(
        &batch,
        answers(&[Outcome::Ok; 2], &[&[("", "a")], &[("", "b"), ("", "c")]]),
        NOW,
    );
    let single = routing.settlement(
        &batch.slice(1..2),
        answers(&[Outcome::Ok], &[&[("", "b"), ("other", "c")]]),
        NOW,
    );
    let ids = |settlement: &Settlement| -> Vec<MessageId> {
        settlement.outputs.iter().flat_map(|output| output.batch.ids().to_vec()).collect()
    };
    assert_eq!(ids(&whole)[1..], ids(&single)[..]);
}

#[test]
fn outputs_of_a_message_that_was_not_handled_are_dropped() {
    let outcomes = [Outcome::Reject, Outcome::Ok, Outcome::Retry];
    let settlement = routing().settlement(
        &inputs(3),
        answers(&outcomes, &[&[("", "a")], &[("", "b")], &[("", "c")]]),
        NOW,
    );
    assert_eq!(bodies(&settlement, TopicId(1)), ["b"]);
    let verdicts = verdicts(&settlement);
    assert!(
        matches!(&verdicts[0], Verdict::Rejected(failure) if failure.to_string() == "reject: because")
    );
    assert_eq!(verdicts[1], Verdict::Handled);
    assert!(
        matches!(&verdicts[2], Verdict::Failed { failure, .. } if failure.kind == FailureKind::Retry)
    );
}

#[test]
fn an_output_goes_only_to_topics_that_are_listed() {
    let outputs: &[&[(&str, &str)]] =
        &[&[("other", "a"), ("out", "b")], &[("", "c"), ("secret", "d")]];
    let settlement = routing().settlement(&inputs(2), answers(&[Outcome::Ok; 2], outputs), NOW);
    assert_eq!(bodies(&settlement, TopicId(2)), ["a"]);
    assert_eq!(bodies(&settlement, TopicId(1)), ["b"], "what fails publishes nothing");
    let verdicts = verdicts(&settlement);
    let Verdict::Failed { failure, .. } = &verdicts[1] else { panic!("{verdicts:?}") };
    assert_eq!(
        failure.to_string(),
        "route: an output names topic `secret`: list it in the subscription's `routes`"
    );
}

#[test]
fn an_output_larger_than_its_topic_allows_fails_its_message_alone() {
    let outputs: &[&[(&str, &str)]] = &[&[("", "0123456789")], &[("", "0123456789x")]];
    let settlement = routing().settlement(&inputs(2), answers(&[Outcome::Ok; 2], outputs), NOW);
    assert_eq!(bodies(&settlement, TopicId(1)), ["0123456789"]);
    let verdicts = verdicts(&settlement);
    assert_eq!(verdicts[0], Verdict::Handled);
    assert!(
        matches!(&verdicts[1], Verdict::Failed { failure, .. } if failure.kind == FailureKind::OutputLimit)
    );
}

/// Two handled messages, each with one output, the second of which has `key` and a header.
fn with_header(key: &str, name: &str, value: &str) -> Settlement {
    let mut answers = answers(&[Outcome::Ok; 2], &[&[("", "a")], &[("", "b")]]);
    answers.outgoing.keys = column(&["", key]);
    let (names, values) = (column(&[name]), column(&[value]));
    answers.outgoing.headers = HeaderColumns::new(vec![0, 0, 1], names, values).unwrap();
    routing().settlement(&inputs(2), answers, NOW)
}

#[test]
fn an_output_whose_headers_no_broker_could_carry_fails_its_message_alone() {
    assert_eq!(bodies(&with_header("k", "trace", "a\tb é"), TopicId(1)), ["a", "b"]);
    for (name, value) in
        [("trace", "a\r\nb"), ("trace", "\x7f"), ("", "a"), ("a b", "c"), ("é", "c")]
    {
        let settlement = with_header("k", name, value);
        assert_eq!(bodies(&settlement, TopicId(1)), ["a"], "{name:?} {value:?}");
        let Verdict::Failed { failure, .. } = &verdicts(&settlement)[1] else { panic!() };
        assert_eq!(failure.kind, FailureKind::InvalidResult, "{failure}");
    }
}

#[test]
fn an_output_with_too_long_a_key_or_headers_fails_its_message_alone() {
    let long = "x".repeat(64 << 10);
    assert_eq!(bodies(&with_header(&long[4..], "name", ""), TopicId(1)), ["a", "b"]);
    for (key, value) in [(&*long, ""), ("", &*long)] {
        let settlement = with_header(key, "name", value);
        assert_eq!(bodies(&settlement, TopicId(1)), ["a"]);
        let Verdict::Failed { failure, .. } = &verdicts(&settlement)[1] else { panic!() };
        assert_eq!(failure.kind, FailureKind::OutputLimit, "{failure}");
    }
}

#[test]
fn an_answer_that_does_not_fit_the_batch_fails_all_of_it() {
    let settlement = routing().settlement(&inputs(3), answers(&[Outcome::Ok; 2], &[&[], &[]]), NOW);
    let verdicts = verdicts(&settlement);
    assert_eq!(verdicts.len(), 3);
    assert!(verdicts.iter().all(|verdict| {
        matches!(verdict, Verdict::Failed { failure, .. } if failure.kind == FailureKind::InvalidResult)
    }));
}
