use serde_json::json;

use crate::host::{AUDIT, BILL, Host, KEPT, LEDGER, ORDERS, accepted, ok, refused};

#[tokio::test]
async fn a_paused_subscription_gets_nothing_until_it_is_resumed() {
    let host = Host::start().await;
    let answer = ok(host.post("/v1/subscriptions/bill/pause")).await;
    assert_eq!(answer, json!({ "subscription": "bill", "paused": true }));
    accepted(host.orders("1")).await;
    assert_eq!(ok(host.get("/v1/subscriptions/bill")).await["paused"], true);
    assert_eq!(ok(host.get("/v1/subscriptions/audit")).await["paused"], false);
    host.handle(AUDIT).await;
    let mut lease = std::pin::pin!(host.lease(BILL));
    // A lease that found something would be ready at its first poll.
    assert!(futures::poll!(lease.as_mut()).is_pending());
    let answer = ok(host.post("/v1/subscriptions/bill/resume")).await;
    assert_eq!(answer, json!({ "subscription": "bill", "paused": false }));
    assert_eq!(lease.await.batch.len(), 1);
}

#[tokio::test]
async fn a_seek_offers_again_what_the_topic_kept() {
    let host = Host::start().await;
    accepted(host.keep("1")).await;
    accepted(host.keep("2")).await;
    host.handle(LEDGER).await;
    let seek = |to: &str| host.post("/v1/subscriptions/ledger/seek").json(&json!({ "to": to }));
    let answer = ok(seek("earliest")).await;
    assert_eq!(answer, json!({ "subscription": "ledger", "waiting": 2 }));
    assert_eq!(host.subscription_figures(LEDGER).lag, 2);
    assert_eq!(ok(seek("now")).await["waiting"], 0);
    assert_eq!(ok(seek("1970-01-01T00:00:01+01:00")).await["waiting"], 2);
    assert_eq!(ok(seek("2999-01-01T00:00:00Z")).await["waiting"], 0);
    assert_eq!(ok(seek("1900-01-01T00:00:00Z")).await["waiting"], 2);
}

#[tokio::test]
async fn a_seek_to_a_time_begins_with_the_first_message_of_that_time() {
    let host = Host::start().await;
    accepted(host.keep("1")).await;
    let first = host.kept(KEPT).published_at()[0];
    while host.broker_now() <= first {
        tokio::task::yield_now().await;
    }
    accepted(host.keep("2")).await;
    let second = millstream_formats::rfc3339(host.kept(KEPT).published_at()[1]);
    let seek = host.post("/v1/subscriptions/ledger/seek").json(&json!({ "to": second }));
    assert_eq!(ok(seek).await["waiting"], 1);
    assert_eq!(host.lease(LEDGER).await.batch.get(0).payload(), b"2");
}

#[tokio::test]
async fn a_seek_to_nowhere_says_what_is_accepted() {
    let host = Host::start().await;
    let seek = |sub: &str, body: &'static str| {
        host.post(&format!("/v1/subscriptions/{sub}/seek")).body(body)
    };
    for body in ["", "{}", "[]", r#"{"to":"yesterday"}"#, r#"{"to":"now","at":1}"#, r#"{"to":5}"#] {
        refused(seek("bill", body), 400, "malformed").await;
    }
    refused(seek("bil", r#"{"to":"now"}"#), 404, "unknown-subscription").await;
}

#[tokio::test]
async fn a_purged_topic_is_empty_for_everybody() {
    let host = Host::start().await;
    accepted(host.ndjson("1\n2\n3\n")).await;
    let delivery = host.lease(BILL).await;
    let answer = ok(host.post("/v1/topics/orders/purge")).await;
    assert_eq!(answer["topic"], "orders");
    let audit = host.subscription_figures(AUDIT);
    assert_eq!((audit.lag, audit.purged), (0, 3));
    // What is under lease stays: its worker may be done with it already.
    assert_eq!(host.subscription_figures(BILL).in_flight, delivery.batch.len() as u64);
    assert_eq!(ok(host.get("/v1/subscriptions/audit")).await["purged"], 3);
    refused(host.post("/v1/topics/order/purge"), 404, "unknown-topic").await;
    assert_eq!(ok(host.post("/v1/topics/small/purge")).await["purged"], 0);
    assert_eq!(host.broker_figures(ORDERS).depth, 3);
}

#[tokio::test]
async fn who_is_steered_must_exist() {
    let host = Host::start().await;
    for what in ["pause", "resume"] {
        refused(host.post(&format!("/v1/subscriptions/x/{what}")), 404, "unknown-subscription")
            .await;
        refused(host.get(&format!("/v1/subscriptions/bill/{what}")), 405, "method-not-allowed")
            .await;
    }
}
