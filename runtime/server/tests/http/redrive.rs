use millstream_runner::JobState;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::host::{AUDIT, BILL, Host, LEDGER, accepted, ok, refused};

const REDRIVE: &str = "/v1/subscriptions/bill/redrive";
const PURGE: &str = "/v1/subscriptions/bill/purge";

/// Messages that `bill` and `audit` each gave up, and the ids they had.
async fn rejected(payloads: &[&'static str]) -> (Host, Vec<String>) {
    let host = Host::start().await;
    let body = payloads.join("\n");
    let answer = accepted(host.ndjson(body).header("Millstream-Key", "k")).await;
    host.reject_all(BILL, "no").await;
    host.reject_all(AUDIT, "no").await;
    let ids = answer["ids"].as_array().unwrap();
    (host, ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect())
}

fn order(host: &Host, path: &str, order: &Value) -> RequestBuilder {
    host.post(path).json(order)
}

async fn left(host: &Host, subscription: &str) -> usize {
    let letters = ok(host.get(&format!("/v1/subscriptions/{subscription}/dead-letters"))).await;
    letters["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_redriven_message_is_as_it_was_and_reaches_only_who_gave_it_up() {
    let (host, ids) = rejected(&["1", "2"]).await;
    let answer = ok(order(&host, REDRIVE, &json!({ "ids": [ids[1]] }))).await;
    assert_eq!(answer, json!({ "matched": 1, "moved": 1, "complete": true }));
    assert_eq!((left(&host, "bill").await, left(&host, "audit").await), (1, 2));
    assert_eq!(host.subscription_figures(AUDIT).redriven, 0);
    let delivery = host.lease(BILL).await;
    let message = delivery.batch.get(0);
    assert_eq!((message.id().to_string(), message.payload()), (ids[1].clone(), &b"2"[..]));
    assert_eq!((message.key(), message.headers().count()), (Some("k"), 0));
    assert_eq!(ok(host.get("/v1/subscriptions/bill")).await["redriven"], 1);
}

#[tokio::test]
async fn a_condition_says_which_are_meant() {
    let (host, _) = rejected(&[r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#]).await;
    let by_payload = json!({ "where": "payload.n >= 2 && reason == 'rejected'", "dry_run": true });
    let answer = ok(order(&host, REDRIVE, &by_payload)).await;
    assert_eq!(answer, json!({ "matched": 2, "moved": 0, "complete": true }));
    assert_eq!(left(&host, "bill").await, 3);
    let path = "/v1/subscriptions/bill/dead-letters?where=payload.n%20%3D%3D%203";
    let listed = ok(host.get(path)).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["payload"], r#"{"n":3}"#);
    let answer = ok(order(&host, REDRIVE, &json!({ "where": "payload.n == 1" }))).await;
    assert_eq!(answer["moved"], 1);
    assert_eq!(left(&host, "bill").await, 2);
}

#[tokio::test]
async fn one_message_may_come_back_with_another_payload() {
    let (host, ids) = rejected(&["1", "2", "3"]).await;
    for (id, member, value) in [(0, "payload", "mended"), (1, "payload_base64", "/w==")] {
        ok(order(&host, REDRIVE, &json!({ "ids": [ids[id]], member: value }))).await;
    }
    let delivery = host.lease(BILL).await;
    let found: Vec<_> =
        delivery.batch.iter().map(|one| (one.id().to_string(), one.payload())).collect();
    assert_eq!(found, [(ids[0].clone(), &b"mended"[..]), (ids[1].clone(), b"\xff")]);
    let two = json!({ "ids": [ids[1], ids[2]], "payload": "x" });
    refused(order(&host, REDRIVE, &two), 400, "malformed").await;
    refused(order(&host, REDRIVE, &json!({ "all": true, "payload": "x" })), 400, "malformed").await;
    let large = json!({ "ids": [ids[2]], "payload": "x".repeat((1 << 20) + 1) });
    refused(order(&host, REDRIVE, &large), 413, "too-large").await;
    assert_eq!(left(&host, "bill").await, 1);
}

#[tokio::test]
async fn purged_letters_are_gone_for_good() {
    let (host, ids) = rejected(&["1", "2", "3"]).await;
    let answer = ok(order(&host, PURGE, &json!({ "ids": [ids[0]], "dry_run": true }))).await;
    assert_eq!(answer, json!({ "matched": 1, "moved": 0, "complete": true }));
    let answer = ok(order(&host, PURGE, &json!({ "ids": [ids[0]] }))).await;
    assert_eq!(answer, json!({ "matched": 1, "moved": 1, "complete": true }));
    assert_eq!(ok(order(&host, PURGE, &json!({ "all": true }))).await["moved"], 2);
    assert_eq!((left(&host, "bill").await, left(&host, "audit").await), (0, 3));
    assert_eq!(host.subscription_figures(BILL).live(), 0);
}

#[tokio::test]
async fn a_redrive_with_a_rate_goes_on_by_itself_until_it_is_stopped() {
    let (host, _) = rejected(&["1", "2", "3"]).await;
    refused(host.get(REDRIVE), 404, "unknown-redrive").await;
    refused(host.client.delete(format!("{}{REDRIVE}", host.url)), 404, "unknown-redrive").await;
    let slow = json!({ "all": true, "rate": "1/h" });
    let started = accepted(order(&host, REDRIVE, &slow)).await;
    assert_eq!((&started["matched"], &started["state"]), (&json!(3), &json!("running")));
    refused(order(&host, REDRIVE, &slow), 409, "redrive-running").await;
    // The first moves at once, the next in an hour.
    while ok(host.get(REDRIVE)).await["moved"] == 0 {}
    let status = ok(host.get(REDRIVE)).await;
    assert_eq!(status, json!({ "matched": 3, "moved": 1, "state": "running" }));
    let stopped = ok(host.client.delete(format!("{}{REDRIVE}", host.url))).await;
    assert_eq!(stopped, json!({ "matched": 3, "moved": 1, "state": "stopped" }));
    assert_eq!(left(&host, "bill").await, 2);
    accepted(order(&host, REDRIVE, &json!({ "all": true, "rate": "1000/s" }))).await;
    while ok(host.get(REDRIVE)).await["state"] != "done" {}
    assert_eq!(left(&host, "bill").await, 0);
}

#[tokio::test]
async fn a_stopping_host_ends_its_redrives() {
    let (mut host, _) = rejected(&["1", "2", "3"]).await;
    accepted(order(&host, REDRIVE, &json!({ "all": true, "rate": "1/h" }))).await;
    host.stop.cancel();
    (&mut host.served).await.unwrap().unwrap();
    assert_eq!(host.dead_letters.job(BILL).map(|job| job.state), Some(JobState::Stopped));
}

#[tokio::test]
async fn an_order_says_exactly_one_thing() {
    let (host, ids) = rejected(&["1"]).await;
    for wrong in [
        json!({}),
        json!({ "all": false }),
        json!({ "all": true, "ids": [ids[0]] }),
        json!({ "all": true, "where": "true" }),
        json!({ "ids": [] }),
        json!({ "ids": ["7"] }),
        json!({ "all": true, "rate": "fast" }),
        json!({ "all": true, "rate": "0/s" }),
        json!({ "all": true, "speed": "1/s" }),
        json!({ "ids": [ids[0]], "payload": "x", "payload_base64": "eA==" }),
        json!({ "ids": [ids[0]], "payload_base64": "%" }),
    ] {
        refused(order(&host, REDRIVE, &wrong), 400, "malformed").await;
    }
    for wrong in [json!({ "all": true, "rate": "1/s" }), json!({ "ids": [ids[0]], "payload": "x" })]
    {
        refused(order(&host, PURGE, &wrong), 400, "malformed").await;
    }
    assert_eq!(left(&host, "bill").await, 1);
}

#[tokio::test]
async fn a_condition_that_makes_no_sense_is_explained() {
    let (host, _) = rejected(&["1"]).await;
    for condition in ["reson == 'x'", "1 +", "'text'", "1 / 0 == 1"] {
        let wrong = json!({ "where": condition });
        let problem = refused(order(&host, REDRIVE, &wrong), 400, "malformed").await;
        assert!(problem["detail"].as_str().unwrap().starts_with("`where`: "), "{problem}");
        refused(order(&host, PURGE, &wrong), 400, "malformed").await;
    }
    let path = "/v1/subscriptions/bill/dead-letters?where=reson";
    refused(host.get(path), 400, "malformed").await;
    assert_eq!(left(&host, "bill").await, 1);
}

#[tokio::test]
async fn who_has_no_dead_letters_says_so() {
    let host = Host::start().await;
    let all = json!({ "all": true });
    for what in ["redrive", "purge"] {
        let at = |sub: &str| format!("/v1/subscriptions/{sub}/{what}");
        refused(order(&host, &at("ship"), &all), 409, "no-dead-letters").await;
        refused(order(&host, &at("shop"), &all), 404, "unknown-subscription").await;
        assert_eq!(ok(order(&host, &at("bill"), &all)).await["matched"], 0);
    }
}

#[tokio::test]
async fn a_stopped_key_is_shown_and_goes_on_when_its_letter_is_gone() {
    let host = Host::start().await;
    let path = "/v1/subscriptions/ledger";
    assert_eq!(ok(host.get(path)).await["stopped_keys"], json!([]));
    let first = accepted(host.keep("1").header("Millstream-Key", "k")).await;
    host.reject_all(LEDGER, "no").await;
    accepted(host.keep("2").header("Millstream-Key", "k")).await;
    let stopped = json!([{ "key": "k", "dead_letter": first["ids"][0] }]);
    assert_eq!(ok(host.get(path)).await["stopped_keys"], stopped);
    assert_eq!(ok(host.get("/v1/subscriptions")).await["items"][3]["stopped_keys"], 1);
    let order = host.post(&format!("{path}/redrive")).json(&json!({ "all": true }));
    assert_eq!(ok(order).await["moved"], 1);
    assert_eq!(ok(host.get(path)).await["stopped_keys"], json!([]));
    assert_eq!(host.lease(LEDGER).await.batch.get(0).payload(), b"1");
}

#[tokio::test]
async fn a_letter_that_two_requests_want_moves_once() {
    let (host, _) = rejected(&["1", "2"]).await;
    let all = json!({ "all": true });
    let (first, second) =
        tokio::join!(order(&host, REDRIVE, &all).send(), order(&host, PURGE, &all).send());
    let mut moved = 0;
    for response in [first.unwrap(), second.unwrap()] {
        assert_eq!(response.status(), StatusCode::OK);
        moved += response.json::<Value>().await.unwrap()["moved"].as_u64().unwrap();
    }
    assert_eq!(moved, 2);
    assert_eq!(left(&host, "bill").await, 0);
}
