use std::time::Duration;

use reqwest::Body;
use serde_json::Value;

use crate::host::{Host, ORDERS, SMALL, SMALL_MAX, accepted, refused};

async fn nothing_accepted(host: &Host) {
    assert_eq!(host.broker_figures(ORDERS).published, 0);
}

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

#[tokio::test]
async fn malformed_json_is_named_by_its_line_and_nothing_is_accepted() {
    let host = Host::start().await;
    let problem = refused(host.ndjson("1\n\n{\"a\":\n4\n"), 400, "malformed").await;
    assert_eq!(problem["line"], 3);
    assert!(detail(&problem).starts_with("line 3: not JSON"), "{problem}");
    let problem = refused(host.ndjson(&b"1\n\"\xff\"\n"[..]), 400, "malformed").await;
    assert_eq!(problem["line"], 2);
    nothing_accepted(&host).await;
}

#[tokio::test]
async fn a_line_of_two_mebibytes_is_named_and_nothing_is_accepted() {
    let host = Host::start().await;
    let body = format!("1\n\"{}\"\n3\n", "x".repeat(2 << 20));
    let problem = refused(host.ndjson(body), 413, "too-large").await;
    assert_eq!(problem["line"], 2);
    nothing_accepted(&host).await;
}

#[tokio::test]
async fn one_message_over_its_limits_is_too_large() {
    let host = Host::start().await;
    let problem = refused(host.orders(vec![0; (1 << 20) + 1]), 413, "too-large").await;
    assert!(problem["line"].is_null());
    accepted(host.orders(vec![0; 1 << 20])).await;
    let wide = "v".repeat(40 << 10);
    let request = host.orders("1").header("Millstream-Header-A", &wide);
    refused(request.header("Millstream-Header-B", &wide), 413, "too-large").await;
    assert_eq!(host.broker_figures(ORDERS).published, 1);
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused_and_the_client_gets_to_read_why() {
    let host = Host::start().await;
    refused(host.ndjson(vec![b'\n'; (64 << 20) + 1]), 413, "too-large").await;
    let chunks = (0..65).map(|_| Ok::<_, std::io::Error>(vec![b'\n'; 1 << 20]));
    let unannounced = Body::wrap_stream(futures::stream::iter(chunks));
    refused(host.ndjson(unannounced), 413, "too-large").await;
}

#[tokio::test]
async fn more_messages_than_the_topic_ever_holds_are_too_large() {
    let host = Host::start().await;
    let request = host.post("/v1/topics/small/messages?format=lines");
    refused(request.body("1\n2\n3\n"), 413, "too-large").await;
}

#[tokio::test]
async fn a_full_topic_says_when_to_come_back() {
    let host = Host::start().await;
    for _ in 0..SMALL_MAX {
        accepted(host.post("/v1/topics/small/messages")).await;
    }
    let problem = refused(host.post("/v1/topics/small/messages"), 503, "topic-full").await;
    assert!(detail(&problem).contains("`small`"), "{problem}");
    assert_eq!(host.broker_figures(SMALL).published, SMALL_MAX);
}

#[tokio::test]
async fn a_full_topic_that_rejects_does_not_wait() {
    let host = Host::start_patient(Duration::from_secs(600)).await;
    let publish = || host.post("/v1/topics/brisk/messages").body("1");
    accepted(publish()).await;
    let problem = refused(publish(), 429, "topic-full").await;
    assert!(detail(&problem).contains("`brisk`"), "{problem}");
}

#[tokio::test]
async fn a_topic_forgets_no_dedup_id_early() {
    let host = Host::start().await;
    let publish = |id: &'static str| host.keep("1").header("Millstream-Dedup-Id", id);
    accepted(publish("a")).await;
    accepted(publish("b")).await;
    let problem = refused(publish("c"), 503, "dedup-full").await;
    assert!(detail(&problem).contains("dedup.max_ids"), "{problem}");
    assert_eq!(accepted(publish("a")).await["duplicates"], 1);
}

#[tokio::test]
async fn an_unknown_topic_names_the_one_that_was_meant() {
    let host = Host::start().await;
    let request = host.post("/v1/topics/ordres/messages").body("1");
    let problem = refused(request, 404, "unknown-topic").await;
    assert_eq!(detail(&problem), "there is no topic `ordres`; did you mean `orders`?");
    let problem = refused(host.get("/v1/topics/zzzzzz"), 404, "unknown-topic").await;
    assert_eq!(detail(&problem), "there is no topic `zzzzzz`");
}

#[tokio::test]
async fn only_the_host_writes_dead_letters() {
    let host = Host::start().await;
    refused(host.post("/v1/topics/dead/messages").body("1"), 409, "dead-letter-topic").await;
}

#[tokio::test]
async fn request_headers_that_cannot_be_meant_are_refused() {
    let host = Host::start().await;
    for (name, value) in [
        ("Millstream-Keys", "k"),
        ("Millstream-Header-", "v"),
        ("Millstream-Key-From", "no-slash"),
        ("Millstream-Delay", "5"),
        ("Millstream-Delay", "5 years"),
        ("Millstream-Delay", "99999999999999999999h"),
        ("Millstream-Expires-In", "soon"),
        ("Millstream-Dedup-From", "no-slash"),
    ] {
        let problem = refused(host.orders("1").header(name, value), 400, "malformed").await;
        assert!(problem["line"].is_null());
    }
    let both = host.orders("1").header("Millstream-Key", "k").header("Millstream-Key-From", "/k");
    refused(both, 400, "malformed").await;
    let both = host.orders("1").header("Millstream-Dedup-Id", "a");
    refused(both.header("Millstream-Dedup-From", "/k"), 400, "malformed").await;
    let long = host.orders("1").header("Millstream-Dedup-Id", "a".repeat(1_025));
    refused(long, 413, "too-large").await;
    let twice = host.orders("1").header("Millstream-Key", "k").header("Millstream-Key", "k");
    refused(twice, 400, "malformed").await;
    refused(host.post("/v1/topics/orders/messages?format=xml"), 400, "malformed").await;
    refused(host.post("/v1/topics/orders/messages?fromat=lines"), 400, "malformed").await;
    nothing_accepted(&host).await;
}

#[tokio::test]
async fn what_publish_cannot_do_yet_says_so() {
    let host = Host::start().await;
    let problem = refused(host.orders("1").header("ce-id", "1"), 501, "not-available-yet").await;
    assert!(detail(&problem).contains("not available yet"), "{problem}");
    for media_type in ["application/cloudevents+json", "application/cloudevents-batch+json"] {
        let request = host.orders("{}").header("content-type", media_type);
        refused(request, 501, "not-available-yet").await;
    }
    nothing_accepted(&host).await;
}

#[tokio::test]
async fn every_endpoint_that_is_not_built_says_so() {
    let host = Host::start().await;
    for path in [
        "/",
        "/metrics",
        "/openapi.json",
        "/v1/messages/01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7/trace",
    ] {
        refused(host.get(path), 501, "not-available-yet").await;
    }
}

#[tokio::test]
async fn a_host_that_nobody_changes_applies_nothing() {
    let host = Host::start().await;
    let put = |query: &str| host.client.put(format!("{}/v1/pipeline{query}", host.url));
    refused(put("").body("pipeline: x"), 409, "not-applied").await;
}

#[tokio::test]
async fn a_swap_that_cannot_be_meant_is_refused_before_it_is_read() {
    let host = Host::start().await;
    for query in ["canary=0", "canary=100", "canary=x", "shadow=10001", "probation=5", "force=1"] {
        let path = format!("/v1/plugins/billing/swap?{query}");
        refused(host.post(&path).body("x"), 400, "malformed").await;
    }
    let canary = host.post("/v1/plugins/billing/swap?canary=5&probation=0").body("x");
    assert!(detail(&refused(canary, 400, "malformed").await).contains("probation"));
    refused(host.post("/v1/plugins/biling/swap").body("x"), 404, "unknown-plugin").await;
    refused(host.post("/v1/plugins/biling/rollback"), 404, "unknown-plugin").await;
    refused(host.get("/v1/plugins/billing/swap"), 404, "not-found").await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let host = Host::start().await;
    refused(host.get("/v1/nothing"), 404, "not-found").await;
    refused(host.get("/v1/topics/%ff"), 400, "malformed").await;
    refused(host.get("/v1/topics/orders/messages"), 405, "method-not-allowed").await;
    let response = host.post("/v1/topics").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    refused(host.post("/v1/topics"), 405, "method-not-allowed").await;
}
