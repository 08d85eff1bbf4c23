use std::fmt::Write;

use serde_json::json;

use crate::host::{BILL, Host, KEPT, ORDERS, SMALL, accepted, ok, refused};

#[tokio::test]
async fn any_body_is_one_message_byte_for_byte() {
    let host = Host::start().await;
    let answer = accepted(host.orders(&b"\xff\n\n{\r\n"[..])).await;
    let kept = host.kept(ORDERS);
    assert_eq!(answer["ids"], json!([kept.ids()[0].to_string()]));
    assert_eq!(answer["duplicates"], 0);
    assert_eq!(answer["durability"], "memory");
    assert_eq!(kept.get(0).payload(), b"\xff\n\n{\r\n");
}

#[tokio::test]
async fn an_empty_body_is_one_empty_message_but_no_line() {
    let host = Host::start().await;
    assert_eq!(accepted(host.orders("")).await["ids"].as_array().unwrap().len(), 1);
    assert_eq!(accepted(host.ndjson("")).await["ids"], json!([]));
    assert_eq!(host.kept(ORDERS).len(), 1);
}

#[tokio::test]
async fn each_line_of_ndjson_is_a_message_and_empty_ones_are_counted() {
    let host = Host::start().await;
    let answer = accepted(host.ndjson("{\"a\":1}\r\n\n2\n\r\n\"x\"\n\r")).await;
    let kept = host.kept(ORDERS);
    let ids: Vec<String> = kept.ids().iter().map(ToString::to_string).collect();
    assert_eq!(answer["ids"], json!(ids));
    assert_eq!(answer["skipped_empty"], 3);
    let payloads: Vec<&[u8]> = kept.iter().map(|message| message.payload()).collect();
    assert_eq!(payloads, [&b"{\"a\":1}"[..], b"2", b"\"x\""]);
    assert!(kept.ids().is_sorted());
}

#[tokio::test]
async fn lines_are_opaque() {
    let host = Host::start().await;
    let request = host.post("/v1/topics/orders/messages?format=lines");
    // What the query says goes before the content type.
    let request = request.header("content-type", "application/x-ndjson").body(&b"{no\n\xff"[..]);
    accepted(request).await;
    let kept = host.kept(ORDERS);
    assert_eq!((kept.get(0).payload(), kept.get(1).payload()), (&b"{no"[..], &b"\xff"[..]));
}

#[tokio::test]
async fn envelopes_carry_key_headers_and_any_payload() {
    let host = Host::start().await;
    let body = concat!(
        r#"{"key":"k","headers":[["A","1"],["a","2"]],"payload":"text"}"#,
        "\n",
        r#"{"payload_base64":"/w=="}"#,
    );
    let media_type = "application/vnd.millstream.messages+ndjson; charset=utf-8";
    accepted(host.orders(body).header("content-type", media_type)).await;
    let kept = host.kept(ORDERS);
    let first = kept.get(0);
    assert_eq!((first.key(), first.payload()), (Some("k"), &b"text"[..]));
    assert_eq!(first.headers().collect::<Vec<_>>(), [("a", "1"), ("a", "2")]);
    assert_eq!((kept.get(1).key(), kept.get(1).payload()), (None, &b"\xff"[..]));
}

#[tokio::test]
async fn request_headers_hold_for_every_message() {
    let host = Host::start().await;
    let request = host.ndjson("1\n2\n").header("Millstream-Key", "k");
    let request = request.header("Millstream-Header-Shop", "Zürich").header("traceparent", "00-1");
    accepted(request).await;
    for message in &host.kept(ORDERS) {
        assert_eq!(message.key(), Some("k"));
        assert_eq!(message.header("shop"), Some("Zürich"));
        assert_eq!(message.header("traceparent"), Some("00-1"));
    }
}

#[tokio::test]
async fn the_key_can_come_from_the_payload() {
    let host = Host::start().await;
    let body = "{\"a\":{\"b\":\"x\"}}\n{\"a\":{\"b\":12}}\n{}\n";
    accepted(host.ndjson(body).header("Millstream-Key-From", "/a/b")).await;
    let kept = host.kept(ORDERS);
    let keys: Vec<Option<&str>> = kept.iter().map(|message| message.key()).collect();
    assert_eq!(keys, [Some("x"), Some("12"), None]);
}

#[tokio::test]
async fn a_delayed_message_is_not_visible_yet() {
    let host = Host::start().await;
    let answer = accepted(host.ndjson("1\n2\n").header("Millstream-Delay", "1h")).await;
    assert_eq!(answer["ids"].as_array().unwrap().len(), 2);
    assert_eq!(host.kept(ORDERS).len(), 0);
    assert_eq!(host.broker_figures(ORDERS).delayed, 2);
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_id_of_what_came_first() {
    let host = Host::start().await;
    let first = accepted(host.keep("1").header("Millstream-Dedup-Id", "a")).await;
    assert_eq!(first["duplicates"], 0);
    let again = accepted(host.keep("2").header("Millstream-Dedup-Id", "a")).await;
    assert_eq!((&again["ids"], &again["duplicates"]), (&first["ids"], &json!(1)));
    assert_eq!(host.kept(KEPT).len(), 1);
    assert_eq!(host.broker_figures(KEPT).duplicates, 1);
    assert_eq!(ok(host.get("/v1/topics/kept")).await["duplicates"], 1);
}

#[tokio::test]
async fn each_message_of_a_request_has_a_dedup_id_of_its_own() {
    let host = Host::start().await;
    let lines = |body: &'static str| {
        let request = host.post("/v1/topics/kept/messages?format=lines").body(body);
        request.header("Millstream-Dedup-Id", "a")
    };
    let first = accepted(lines("1\n2\n")).await;
    let again = accepted(lines("1\n2\n")).await;
    assert_eq!((&again["ids"], &again["duplicates"]), (&first["ids"], &json!(2)));
}

#[tokio::test]
async fn a_repeat_among_new_messages_keeps_its_place_in_the_answer() {
    let host = Host::start().await;
    let body = concat!(
        r#"{"payload":"1","dedup_id":"a"}"#,
        "\n",
        r#"{"payload":"2","dedup_id":"a","delay":"1h"}"#,
        "\n",
        r#"{"payload":"3"}"#,
    );
    let media_type = "application/vnd.millstream.messages+ndjson";
    let answer = accepted(host.keep(body).header("content-type", media_type)).await;
    let kept = host.kept(KEPT);
    let ids: Vec<String> = [0, 0, 1].map(|i| kept.ids()[i].to_string()).into();
    assert_eq!((&answer["ids"], &answer["duplicates"]), (&json!(ids), &json!(1)));
}

#[tokio::test]
async fn the_dedup_id_can_come_from_the_payload() {
    let host = Host::start().await;
    let publish = |body: &'static str| host.keep(body).header("Millstream-Dedup-From", "/id");
    accepted(publish(r#"{"id":7}"#)).await;
    assert_eq!(accepted(publish(r#"{"id":7,"x":1}"#)).await["duplicates"], 1);
    let through_source = host.post("/till").body(r#"{"id":7,"x":2}"#);
    assert_eq!(accepted(through_source).await["duplicates"], 1);
    let own = host.post("/till").header("Millstream-Dedup-Id", "8").body(r#"{"id":7}"#);
    assert_eq!(accepted(own).await["duplicates"], 0);
}

#[tokio::test]
async fn a_topic_that_takes_repeats_says_so() {
    let host = Host::start().await;
    let answer = accepted(host.orders("1").header("Millstream-Dedup-Id", "a")).await;
    assert!(answer["warning"].as_str().unwrap().contains("no `dedup`"), "{answer}");
    assert!(accepted(host.orders("1")).await["warning"].is_null());
}

#[tokio::test]
async fn a_message_that_is_too_old_is_given_up() {
    let host = Host::start().await;
    accepted(host.orders("1").header("Millstream-Expires-In", "1ms")).await;
    accepted(host.orders("2").header("Millstream-Expires-In", "1h")).await;
    while host.subscription_figures(BILL).expired == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ok(host.get("/v1/subscriptions/bill")).await["expired"], 1);
    let letters = ok(host.get("/v1/subscriptions/bill/dead-letters")).await;
    let letter = &letters["items"][0];
    assert_eq!(
        (&letter["payload"], &letter["dead_letter"]["reason"]),
        (&json!("1"), &json!("expired"))
    );
    assert_eq!(host.lease(BILL).await.batch.get(0).payload(), b"2");
}

#[tokio::test]
async fn in_one_request_each_message_has_an_age_of_its_own() {
    let host = Host::start().await;
    let body = "{\"payload\":\"1\",\"expires_in\":\"1ms\"}\n{\"payload\":\"2\"}";
    let media_type = "application/vnd.millstream.messages+ndjson";
    accepted(host.orders(body).header("content-type", media_type)).await;
    while host.subscription_figures(BILL).expired == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.lease(BILL).await.batch.get(0).payload(), b"2");
}

#[tokio::test]
async fn an_http_source_publishes_under_the_key_its_pipeline_names() {
    let host = Host::start().await;
    let path = "/hooks/{any}";
    accepted(host.post(path).body("{\"customer\":\"c\"}")).await;
    accepted(host.post(path).header("Millstream-Key", "own").body("{\"customer\":\"c\"}")).await;
    let kept = host.kept(ORDERS);
    assert_eq!((kept.get(0).key(), kept.get(1).key()), (Some("c"), Some("own")));
    refused(host.get(path), 405, "method-not-allowed").await;
    refused(host.post("/hooks/other"), 404, "not-found").await;
}

#[tokio::test]
async fn a_long_body_is_read_whole_and_in_order() {
    let host = Host::start().await;
    let mut body = String::new();
    for i in 0..1_000 {
        writeln!(body, "{{\"i\":{i},\"fill\":\"{}\"}}", "x".repeat(1_000)).unwrap();
    }
    let answer = accepted(host.ndjson(body)).await;
    assert_eq!(answer["ids"].as_array().unwrap().len(), 1_000);
    let kept = host.kept(ORDERS);
    assert!(kept.get(999).payload().starts_with(b"{\"i\":999,"));
    assert!(host.kept(SMALL).is_empty());
}
