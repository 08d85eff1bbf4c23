use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::host::{AUDIT, BILL, Host, KEPT, LEDGER, accepted, refused};

/// The events of one tap, as they arrive.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event or comment, without the line ends; none at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return Some(event);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn message(&mut self) -> Value {
        let event = self.next().await.unwrap();
        serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()
    }

    async fn payloads(&mut self, count: usize) -> Vec<String> {
        let mut payloads = Vec::new();
        for _ in 0..count {
            payloads.push(self.message().await["payload"].as_str().unwrap().to_owned());
        }
        payloads
    }
}

#[tokio::test]
async fn a_tap_shows_what_passes_and_consumes_nothing() {
    let host = Host::start().await;
    accepted(host.orders("before")).await;
    let mut events = Events::of(host.get("/v1/topics/orders/tap")).await;
    let answer = accepted(host.orders("after").header("Millstream-Key", "k")).await;
    let message = events.message().await;
    assert_eq!(message["id"], answer["ids"][0]);
    assert_eq!((&message["payload"], &message["key"]), (&json!("after"), &json!("k")));
    assert_eq!(message["topic"], "orders");
    assert_eq!(host.subscription_figures(BILL).lag, 2);
}

#[tokio::test]
async fn a_tap_from_earliest_goes_on_live_without_gap_or_repeat() {
    let host = Host::start().await;
    for i in 0..10 {
        accepted(host.keep(format!("{i}"))).await;
    }
    host.handle(LEDGER).await;
    let mut events = Events::of(host.get("/v1/topics/kept/tap?from=earliest")).await;
    let mut seen = events.payloads(3).await;
    for i in 10..600 {
        accepted(host.keep(format!("{i}"))).await;
    }
    seen.extend(events.payloads(597).await);
    assert_eq!(seen, (0..600).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_tap_ends_after_its_count() {
    let host = Host::start().await;
    accepted(host.keep("1")).await;
    let mut events = Events::of(host.get("/v1/topics/kept/tap?from=earliest&count=2")).await;
    accepted(host.keep("2")).await;
    accepted(host.keep("3")).await;
    assert_eq!(events.payloads(2).await, ["1", "2"]);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_tap_of_one_key_shows_no_other() {
    let host = Host::start().await;
    let mut mine = Events::of(host.get("/v1/topics/orders/tap?key=a%20b")).await;
    let mut nobodys = Events::of(host.get("/v1/topics/orders/tap?key=")).await;
    for (key, body) in [("x", "1"), ("a b", "2"), ("", "3"), ("a b", "4")] {
        accepted(host.orders(body).header("Millstream-Key", key)).await;
    }
    assert_eq!(mine.payloads(2).await, ["2", "4"]);
    assert_eq!(nobodys.payloads(1).await, ["3"]);
}

#[tokio::test]
async fn a_dead_letter_is_seen_with_its_story() {
    let host = Host::start().await;
    let mut events = Events::of(host.get("/v1/topics/dead/tap?count=1")).await;
    accepted(host.orders("1")).await;
    host.reject_all(BILL, "no").await;
    assert_eq!(events.message().await["dead_letter"]["error"], "reject: no");
}

/// The client reads nothing while the broker shows more runs than it holds for one reader.
#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed_unless_the_topic_keeps_it() {
    let host = Host::start().await;
    let fill = "x".repeat(100 << 10);
    let mut slow = Events::of(host.get("/v1/topics/orders/tap")).await;
    let mut recovers = Events::of(host.get("/v1/topics/kept/tap")).await;
    for i in 0..600 {
        accepted(host.orders(format!("{i} {fill}"))).await;
        accepted(host.keep(format!("{i} {fill}"))).await;
        for subscription in [BILL, AUDIT, LEDGER] {
            host.handle(subscription).await;
        }
    }
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < 600 {
        let event = slow.next().await.unwrap();
        match event.strip_prefix(": missed ") {
            Some(messages) => missed += messages.parse::<u64>().unwrap(),
            None => seen += 1,
        }
    }
    assert!(missed > 0);
    for (i, payload) in recovers.payloads(600).await.into_iter().enumerate() {
        assert!(payload.starts_with(&format!("{i} ")), "{i}: {}", &payload[..8]);
    }
}

#[tokio::test]
async fn a_stopping_host_ends_its_taps() {
    let host = Host::start().await;
    let mut events = Events::of(host.get("/v1/topics/kept/tap")).await;
    host.stop.cancel();
    assert_eq!(events.next().await, None);
    host.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn only_so_many_may_watch_and_who_leaves_makes_room() {
    let host = Host::start().await;
    let taps = (0..64).map(|_| Events::of(host.get("/v1/topics/kept/tap")));
    let mut taps = join_all(taps).await;
    refused(host.get("/v1/topics/kept/tap"), 503, "too-many-taps").await;
    taps.pop();
    let again = async {
        loop {
            let response = host.get("/v1/topics/kept/tap").send().await.unwrap();
            if response.status() == StatusCode::OK {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}

#[tokio::test]
async fn a_tap_that_cannot_be_meant_is_refused() {
    let host = Host::start().await;
    refused(host.get("/v1/topics/keep/tap"), 404, "unknown-topic").await;
    for query in ["from=yesterday", "count=0", "count=x", "form=now"] {
        refused(host.get(&format!("/v1/topics/kept/tap?{query}")), 400, "malformed").await;
    }
}

#[tokio::test]
async fn many_publishers_at_once_are_all_seen_once() {
    let host = Host::start().await;
    let events = Events::of(host.get("/v1/topics/kept/tap?count=800")).await;
    let publishers = (0..8).map(|one| {
        let host = &host;
        async move {
            for i in 0..100 {
                accepted(host.keep(format!("{one}/{i}"))).await;
            }
        }
    });
    join_all(publishers).await;
    let kept = host.kept(KEPT);
    let expected: Vec<String> =
        kept.iter().map(|one| String::from_utf8_lossy(one.payload()).into_owned()).collect();
    let seen = futures::stream::unfold(events, |mut events| async move {
        let payload = events.payloads(1).await.pop()?;
        Some((payload, events))
    });
    assert_eq!(seen.take(800).collect::<Vec<_>>().await, expected);
}
