//! Nothing that a guest returns is believed.

use millstream_message::FailureKind;

use crate::support::{batch, call, failure, instance, plugin};

/// The lies that guest `lie` knows, and what must be said about each.
const LIES: [(&str, &str); 24] = [
    ("outcomes short", "outcomes holds 0 items"),
    ("reasons long", "reasons holds 2 items, expected 1"),
    ("reason not UTF-8", "reasons: item 0 is not UTF-8"),
    ("retry delays long", "retry-delays-ms holds 2 items"),
    ("starts long", "outgoing.starts holds 3 items"),
    ("starts decreasing", "outgoing.payloads holds 2 items, expected 0"),
    ("starts missing", "outgoing.payloads holds 2 items, expected 0"),
    ("offsets decreasing", "outgoing.payloads: offset 2 is less than the one before it"),
    ("offsets from 1", "outgoing.payloads: offsets must start with 0"),
    ("offsets past the end", "outgoing.payloads: last offset 9 is not the data's length 2"),
    ("offsets before the end", "outgoing.payloads: last offset 1 is not the data's length 2"),
    ("offsets missing", "outgoing.payloads: offsets must start with 0"),
    ("payloads few", "outgoing.payloads holds 1 items, expected 2"),
    ("keys few", "outgoing.keys holds 1 items, expected 2"),
    ("key not UTF-8", "outgoing.keys: item 1 is not UTF-8"),
    ("key cut in a character", "outgoing.keys: item 0 is not UTF-8"),
    ("topic not UTF-8", "outgoing.topics: item 0 is not UTF-8"),
    ("delays few", "outgoing.delays-ms holds 1 items"),
    ("header starts few", "outgoing.headers holds 1 items"),
    ("header starts decreasing", "outgoing.headers"),
    ("header name not UTF-8", "outgoing.headers.names: item 0 is not UTF-8"),
    ("header value not UTF-8", "outgoing.headers.values: item 0 is not UTF-8"),
    ("headers without starts", "outgoing.headers.names holds 1 items, expected 0"),
    ("no lie", ""),
];

#[tokio::test]
async fn every_broken_answer_is_named_and_none_gets_through() {
    let plugin = plugin("lie").await;
    for (lie, expected) in LIES {
        let mut instance = instance(&plugin).await;
        match call(&mut instance, &batch(&[lie])).await {
            Ok(answers) => assert_eq!((lie, answers.outgoing.len()), ("no lie", 2)),
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::InvalidResult, "{lie}: {failure}");
                assert!(failure.message.contains(expected), "{lie}: {failure}");
                assert!(instance.spent(), "{lie}");
            }
        }
    }
}

#[tokio::test]
async fn a_billion_claimed_items_cost_the_host_nothing() {
    let plugin = plugin("lie").await;
    for lie in ["a billion messages", "a billion headers"] {
        let failure = failure(&plugin, &[lie]).await;
        assert_eq!(failure.kind, FailureKind::OutputLimit, "{lie}: {failure}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused_in_the_message_world() {
    let failure = failure(&plugin("lie_in_text").await, &["x"]).await;
    assert_eq!(failure.kind, FailureKind::InvalidResult);
    assert!(failure.message.contains("utf-8"), "{failure}");
}
