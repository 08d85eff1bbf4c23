//! What goes in comes out, in both worlds, for whole batches and slices of them.

use millstream_message::{Answers, Batch, BatchBuilder, Outcome};
use millstream_plugin_host::Input;

use crate::support::{batch, call, id, instance, plugin};

/// Messages with and without key and headers, one empty, one not ASCII.
fn mixed(messages: usize) -> Batch {
    let mut builder = BatchBuilder::with_capacity(messages, 0);
    for i in 0..messages {
        let (value, payload) = (format!("wert-ü{i}"), "x".repeat(i % 7));
        let key = format!("kéy-{i}");
        let headers = [("first", value.as_str()), ("second", "")];
        let headers = &headers[..i % 3];
        let key = Some(key.as_str()).filter(|_| i % 2 == 0);
        builder
            .push(id(i), 1_000 + i as u64, key, headers.iter().copied(), payload.as_bytes())
            .unwrap();
    }
    builder.build()
}

/// Asserts that output `i` is input `i`.
fn assert_echoed(answers: &Answers, batch: &Batch) {
    let out = &answers.outgoing;
    answers.check(batch.len()).unwrap();
    assert_eq!(out.len(), batch.len());
    for (i, message) in batch.iter().enumerate() {
        assert_eq!(answers.outcomes[i], Outcome::Ok);
        assert_eq!(out.of(i), i..i + 1);
        assert_eq!(out.keys.get(i), message.key().unwrap_or_default().as_bytes());
        assert_eq!(out.payloads.get(i), message.payload());
        let headers: Vec<_> = out.headers.slice(0..out.len()).of(i).collect();
        assert_eq!(headers, message.headers().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_batch_comes_back_as_it_went_in() {
    let plugin = plugin("echo_batch").await;
    let mut instance = instance(&plugin).await;
    for messages in [1, 2, 256, 1] {
        let batch = mixed(messages);
        assert_echoed(&call(&mut instance, &batch).await.unwrap(), &batch);
    }
    assert!(!instance.spent());
}

#[tokio::test]
async fn a_slice_of_a_batch_comes_back_as_that_slice() {
    let plugin = plugin("echo_batch").await;
    let mut instance = instance(&plugin).await;
    let batch = mixed(20).slice(5..17);
    assert_echoed(&call(&mut instance, &batch).await.unwrap(), &batch);
}

#[tokio::test]
async fn an_answer_without_topics_delays_and_reasons_uses_the_short_forms() {
    let plugin = plugin("echo_batch").await;
    let mut instance = instance(&plugin).await;
    let answers = call(&mut instance, &mixed(3)).await.unwrap();
    assert!(answers.outgoing.topics.is_none());
    assert!(answers.outgoing.delays_ms.is_empty());
    assert_eq!(answers.reasons.len(), 3);
}

#[tokio::test]
async fn header_names_come_back_in_lower_case() {
    let plugin = plugin("echo_batch").await;
    let mut instance = instance(&plugin).await;
    let mut builder = BatchBuilder::with_capacity(1, 0);
    builder.push(id(0), 1_000, None, [("X-Mixed", "Kept As It Is")], b"x").unwrap();
    let answers = call(&mut instance, &builder.build()).await.unwrap();
    let headers: Vec<_> = answers.outgoing.headers.slice(0..1).of(0).collect();
    assert_eq!(headers, [("x-mixed", "Kept As It Is")]);
}

#[tokio::test]
async fn a_message_is_handed_over_with_all_that_belongs_to_it() {
    let plugin = plugin("echo_message").await;
    let mut instance = instance(&plugin).await;
    let batch = mixed(3).slice(1..3);
    let answers = instance.call(Input { batch: &batch, attempts: &[3, 4] }).await.unwrap();
    answers.check(2).unwrap();
    let out = &answers.outgoing;
    let headers: Vec<_> = out.headers.slice(0..2).of(0).collect();
    let (id, time) = (id(1).to_string(), "1001");
    let expected = [
        ("first", "wert-ü1"),
        ("x-topic", "orders"),
        ("x-id", &id),
        ("x-attempt", "3"),
        ("x-time", time),
    ];
    assert_eq!(headers, expected);
    assert_eq!(out.keys.get(0), b"");
    assert_eq!(out.keys.get(1), "kéy-2".as_bytes());
    assert_eq!(out.topics.as_ref().unwrap().get(1), b"elsewhere");
    assert_eq!(out.delays_ms, [7, 7]);
}

#[tokio::test]
async fn outcomes_of_single_messages_keep_their_order() {
    let plugin = plugin("echo_message").await;
    let mut instance = instance(&plugin).await;
    let batch = batch(&["a", "retry", "reject", "nothing", "b"]);
    let answers = call(&mut instance, &batch).await.unwrap();
    answers.check(5).unwrap();
    use Outcome::{Ok, Reject, Retry};
    assert_eq!(answers.outcomes, [Ok, Retry, Reject, Ok, Ok]);
    assert_eq!(answers.reasons.get(1), b"later");
    assert_eq!(answers.reasons.get(2), b"never");
    assert_eq!(answers.retry_delays_ms, [0, 250, 0, 0, 0]);
    assert_eq!(answers.outgoing.starts, [0, 1, 1, 1, 1, 2]);
}

#[tokio::test]
async fn no_message_is_no_call() {
    let plugin = plugin("trap").await;
    let mut instance = instance(&plugin).await;
    assert!(call(&mut instance, &batch(&[])).await.unwrap().outcomes.is_empty());
}

#[tokio::test]
async fn a_call_may_move_to_another_thread() {
    let plugin = plugin("echo_batch").await;
    let mut instance = instance(&plugin).await;
    let called = tokio::spawn(async move { call(&mut instance, &mixed(2)).await });
    assert_eq!(called.await.unwrap().unwrap().outgoing.len(), 2);
}
