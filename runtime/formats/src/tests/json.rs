use proptest::prelude::*;
use serde_json::json;

use super::one;
use crate::{MessageJson, rfc3339};

#[test]
fn a_text_message_shows_its_payload_as_text() {
    let batch = one(Some("UA"), &[("trace", "1"), ("trace", "2")], b"{\"a\":1}");
    let shown = serde_json::to_value(MessageJson::new(batch.get(0), "departures")).unwrap();
    assert_eq!(
        shown,
        json!({
            "id": batch.get(0).id().to_string(),
            "topic": "departures",
            "key": "UA",
            "headers": [["trace", "1"], ["trace", "2"]],
            "payload": "{\"a\":1}",
            "published_at": "2013-01-01T10:00:00.123Z",
        })
    );
}

#[test]
fn a_payload_that_is_not_utf8_is_base64_in_its_place() {
    let batch = one(None, &[], b"\xff\x00");
    let shown = serde_json::to_value(MessageJson::new(batch.get(0), "t")).unwrap();
    assert_eq!(shown.get("payload"), None);
    assert_eq!(shown["payload_base64"], "/wA=");
    assert_eq!(shown["key"], json!(null));
}

#[test]
fn a_dead_letter_tells_its_story() {
    let headers = [
        ("traceparent", "kept"),
        ("millstream-dead-letter-reason", "exhausted"),
        ("millstream-dead-letter-subscription", "find-delays"),
        ("millstream-dead-letter-topic", "departures"),
        ("millstream-dead-letter-id", "019"),
        ("millstream-dead-letter-plugin", "delays"),
        ("millstream-dead-letter-plugin-digest", "sha256:ab"),
        ("millstream-dead-letter-error", "trap: 100%25 Zürich%0A  at main"),
        ("millstream-dead-letter-attempts", "5"),
        ("millstream-dead-letter-deliveries", "6"),
        ("millstream-dead-letter-first-failed-at", "2013-01-01T10:00:00.000Z"),
        ("millstream-dead-letter-last-failed-at", "2013-01-01T10:00:09.000Z"),
    ];
    let batch = one(None, &headers, b"x");
    let shown = serde_json::to_value(MessageJson::new(batch.get(0), "dead")).unwrap();
    assert_eq!(shown["topic"], "dead");
    assert_eq!(
        shown["dead_letter"],
        json!({
            "reason": "exhausted",
            "subscription": "find-delays",
            "topic": "departures",
            "id": "019",
            "plugin": "delays",
            "plugin_digest": "sha256:ab",
            "error": "trap: 100% Zürich\n  at main",
            "attempts": 5,
            "deliveries": 6,
            "first_failed_at": "2013-01-01T10:00:00.000Z",
            "last_failed_at": "2013-01-01T10:00:09.000Z",
        })
    );
}

#[test]
fn a_message_without_a_reason_is_no_dead_letter() {
    let batch = one(None, &[("millstream-dead-letter-error", "x")], b"x");
    assert_eq!(MessageJson::new(batch.get(0), "t").dead_letter, None);
}

#[test]
fn times_have_milliseconds_and_no_panic_at_the_end_of_time() {
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
    assert!(rfc3339(u64::MAX).starts_with("9999-12-30T"));
}

proptest! {
    #[test]
    fn a_message_comes_back_from_json_as_it_went(
        payload in prop::collection::vec(any::<u8>(), 0..64),
        key in "\\PC{0,8}",
        value in "[^\\x00-\\x1f]{0,8}",
    ) {
        let batch = one(Some(&key), &[("h", &value)], &payload);
        let shown = MessageJson::new(batch.get(0), "t");
        let text = serde_json::to_string(&shown).unwrap();
        let read: MessageJson = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &shown);
        prop_assert_eq!(&*read.payload_bytes().unwrap(), &payload[..]);
        prop_assert_eq!(read.key.unwrap_or_default(), key);
    }
}
