use serde_json::{Value, json};

use crate::host::{AUDIT, BILL, Host, accepted, ok, refused};

/// Two subscriptions that each gave up `messages` messages, into one topic.
async fn rejected_twice(body: &'static [u8]) -> (Host, Value) {
    let host = Host::start().await;
    let request = host.post("/v1/topics/orders/messages?format=lines").body(body);
    let answer = accepted(request.header("Millstream-Key", "k")).await;
    host.reject_all(AUDIT, "audit says no").await;
    host.reject_all(BILL, "bill says no: 5 % off").await;
    (host, answer["ids"].clone())
}

#[tokio::test]
async fn a_subscription_lists_only_its_own_oldest_first() {
    let (host, ids) = rejected_twice(b"one\ntwo\n\xff\n").await;
    let list = ok(host.get("/v1/subscriptions/bill/dead-letters")).await;
    assert_eq!(list["next"], json!(null));
    let items = list["items"].as_array().unwrap();
    let originals: Vec<&Value> = items.iter().map(|item| &item["dead_letter"]["id"]).collect();
    assert_eq!(json!(originals), ids);
    assert_eq!((&items[0]["payload"], &items[0]["key"]), (&json!("one"), &json!("k")));
    assert_eq!(items[0]["topic"], "dead");
    let story = &items[0]["dead_letter"];
    assert_eq!((&story["reason"], &story["subscription"]), (&json!("rejected"), &json!("bill")));
    assert_eq!(story["error"], "reject: bill says no: 5 % off");
    assert_eq!(story["topic"], "orders");
    assert_eq!((&items[2]["payload_base64"], &items[2]["payload"]), (&json!("/w=="), &json!(null)));
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let (host, ids) = rejected_twice(b"1\n2\n3\n4\n5\n").await;
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut path = "/v1/subscriptions/audit/dead-letters?limit=2".to_owned();
    loop {
        let page = ok(host.get(&path)).await;
        pages += 1;
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["dead_letter"]["id"].clone()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/subscriptions/audit/dead-letters?limit=2&after={next}");
    }
    assert_eq!(json!(seen), ids);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn one_is_found_by_the_id_it_had_before() {
    let (host, ids) = rejected_twice(b"1\n2\n").await;
    let id = ids[1].as_str().unwrap();
    let found = ok(host.get(&format!("/v1/subscriptions/bill/dead-letters/{id}"))).await;
    assert_eq!((&found["payload"], &found["dead_letter"]["id"]), (&json!("2"), &ids[1]));
    assert_eq!(found["dead_letter"]["subscription"], "bill");
    assert_ne!(found["id"], ids[1]);
}

#[tokio::test]
async fn what_cannot_be_browsed_says_why() {
    let host = Host::start().await;
    let unknown = "/v1/subscriptions/bill/dead-letters/01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7";
    refused(host.get(unknown), 404, "unknown-dead-letter").await;
    refused(host.get("/v1/subscriptions/bill/dead-letters/5"), 400, "malformed").await;
    refused(host.get("/v1/subscriptions/bil/dead-letters"), 404, "unknown-subscription").await;
    refused(host.get("/v1/subscriptions/ship/dead-letters"), 409, "no-dead-letters").await;
    refused(host.get("/v1/subscriptions/bill/dead-letters?limit=0"), 400, "malformed").await;
    refused(host.get("/v1/subscriptions/bill/dead-letters?after=x"), 400, "malformed").await;
    let past = "/v1/subscriptions/bill/dead-letters?after=18446744073709551615";
    assert_eq!(ok(host.get(past)).await, json!({ "items": [], "next": null }));
}
