use std::time::Duration;

use millstream_message::{Answers, Batch, BatchBuilder, MessageId, Outcome};
use tokio::net::TcpListener;

use super::batch;
use super::receiver::{Receiver, Reply, status};
use crate::{HTTP_IN_FLIGHT_MAX, HttpSink, HttpSinkRules, Ordered, Sink};

impl Receiver {
    fn rules(&self) -> HttpSinkRules {
        rules(&format!("http://{}/hook?a=b", self.address))
    }

    fn sink(&self, ordered: Ordered) -> HttpSink {
        HttpSink::open(HttpSinkRules { ordered, ..self.rules() }).unwrap()
    }
}

fn rules(url: &str) -> HttpSinkRules {
    HttpSinkRules {
        url: url.to_owned(),
        timeout: Duration::from_secs(10),
        headers: Vec::new(),
        ordered: Ordered::None,
        reject_holds: false,
    }
}

/// A batch of messages `(key, payload)`; an empty key is none.
fn keyed(messages: &[(&str, &str)]) -> Batch {
    let mut builder = BatchBuilder::with_capacity(messages.len(), 0);
    for (i, (key, payload)) in messages.iter().enumerate() {
        let (id, key) = (MessageId::published(1, i as u128), Some(*key));
        builder.push(id, 1, key, [], payload.as_bytes()).unwrap();
    }
    builder.build()
}

fn reason(answers: &Answers, i: usize) -> &str {
    std::str::from_utf8(answers.reasons.get(i)).unwrap()
}

async fn deliver(mut sink: HttpSink, batch: &Batch) -> Answers {
    let answers = sink.deliver(batch).await.unwrap();
    answers.check(batch.len()).unwrap();
    answers
}

#[tokio::test]
async fn a_message_is_a_request_with_its_id_key_and_headers() {
    let receiver = Receiver::start().await;
    let mut builder = BatchBuilder::with_capacity(4, 0);
    let id = |n| MessageId::published(1, n);
    let headers = [("h", "ü"), ("h", "2"), ("traceparent", "00-1")];
    builder.push(id(1), 1, Some("Zürich"), headers, b" {\"a\":1}").unwrap();
    builder.push(id(2), 1, None, [], b"{\"a\":").unwrap();
    builder.push(id(3), 1, Some("5%\n"), [], b"\xff").unwrap();
    builder.push(id(4), 1, Some(" x"), [], b"[1]").unwrap();
    let headers = vec![("Authorization".to_owned(), "Bearer t".to_owned())];
    let rules = HttpSinkRules { headers, ordered: Ordered::Strict, ..receiver.rules() };
    let batch = builder.build();
    let answers = deliver(HttpSink::open(rules).unwrap(), &batch).await;
    assert_eq!(answers.outcomes, [Outcome::Ok; 4]);

    let seen = receiver.seen.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|seen| &seen.body[..]).collect::<Vec<_>>(), batch_bodies(&batch));
    for (i, seen) in seen.iter().enumerate() {
        assert_eq!(seen.header("idempotency-key"), Some(&*batch.ids()[i].to_string()));
        assert_eq!(seen.header("authorization"), Some("Bearer t"));
        assert!(seen.header("user-agent").unwrap().starts_with("millstream/"));
    }
    let of = |name| seen.iter().map(|seen| seen.header(name)).collect::<Vec<_>>();
    let (json, other) = (Some("application/json"), Some("application/octet-stream"));
    assert_eq!(of("content-type"), [json, other, other, json]);
    assert_eq!(of("millstream-key"), [Some("Zürich"), None, Some("5%25%0A"), Some("%20x")]);
    assert_eq!(of("traceparent"), [Some("00-1"), None, None, None]);
    let repeated: Vec<_> = seen[0].headers.get_all("millstream-header-h").iter().collect();
    assert_eq!(repeated, ["ü".as_bytes(), b"2"]);
}

fn batch_bodies(batch: &Batch) -> Vec<&[u8]> {
    batch.iter().map(|message| message.payload()).collect()
}

#[tokio::test]
async fn a_configured_content_type_goes_before_the_guessed_one() {
    let receiver = Receiver::start().await;
    let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    let sink = HttpSink::open(HttpSinkRules { headers, ..receiver.rules() }).unwrap();
    deliver(sink, &batch(&[b"{}"])).await;
    assert_eq!(receiver.seen.lock().unwrap()[0].header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn each_status_has_its_outcome() {
    let receiver = Receiver::start().await;
    let cases = [
        (200, Outcome::Ok),
        (202, Outcome::Ok),
        (204, Outcome::Ok),
        (301, Outcome::Reject),
        (304, Outcome::Reject),
        (400, Outcome::Reject),
        (401, Outcome::Reject),
        (404, Outcome::Reject),
        (408, Outcome::Retry),
        (409, Outcome::Reject),
        (413, Outcome::Reject),
        (425, Outcome::Retry),
        (429, Outcome::Retry),
        (500, Outcome::Retry),
        (503, Outcome::Retry),
        (599, Outcome::Retry),
    ];
    let bodies = cases.map(|(code, _)| code.to_string());
    for ((code, _), body) in cases.iter().zip(&bodies) {
        receiver.reply(body.as_bytes(), status(*code));
    }
    let batch = batch(&bodies.each_ref().map(|body| body.as_bytes()));
    let answers = deliver(receiver.sink(Ordered::None), &batch).await;
    assert_eq!(answers.outcomes, cases.map(|(_, outcome)| outcome));
    assert_eq!(reason(&answers, 7), "HTTP 404 Not Found");
    assert_eq!(reason(&answers, 0), "");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = Receiver::start().await;
    let headers = vec![("location", "/elsewhere")];
    receiver.reply(b"a", Reply { status: 302, headers, body: String::new() });
    let answers = deliver(receiver.sink(Ordered::None), &batch(&[b"a"])).await;
    let expected = "HTTP 302 Found: redirects are not followed, this one leads to /elsewhere";
    assert_eq!(reason(&answers, 0), expected);
    assert_eq!(receiver.bodies(), ["a"], "one request");
}

#[tokio::test]
async fn a_reason_quotes_the_start_of_the_answer() {
    let receiver = Receiver::start().await;
    receiver.reply(b"a", Reply { status: 422, body: " no such city\n".into(), headers: vec![] });
    receiver.reply(b"b", Reply { status: 500, body: "x".repeat(1 << 20), headers: vec![] });
    let answers = deliver(receiver.sink(Ordered::None), &batch(&[b"a", b"b"])).await;
    assert_eq!(reason(&answers, 0), "HTTP 422 Unprocessable Entity: no such city");
    let expected = format!("HTTP 500 Internal Server Error: {}", "x".repeat(512));
    assert_eq!(reason(&answers, 1), expected);
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_an_hour() {
    let receiver = Receiver::start().await;
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let cases = [
        (vec![("retry-after", "7")], 7_000),
        (vec![("retry-after", "0")], 0),
        (vec![("retry-after", "999999999999")], 3_600_000),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), date], 30_000),
        (vec![("retry-after", "Mon, 07 Nov 1994 08:49:37 GMT"), date], 3_600_000),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"), date], 0),
        (vec![("retry-after", "soon")], 0),
        (vec![], 0),
    ];
    for (i, (headers, _)) in cases.iter().enumerate() {
        let reply = Reply { status: 503, headers: headers.clone(), body: String::new() };
        receiver.reply(i.to_string().as_bytes(), reply);
    }
    let bodies: Vec<String> = (0..cases.len()).map(|i| i.to_string()).collect();
    let batch = batch(&bodies.iter().map(|body| body.as_bytes()).collect::<Vec<_>>());
    let answers = deliver(receiver.sink(Ordered::None), &batch).await;
    assert_eq!(answers.retry_delays_ms, cases.map(|(_, delay)| delay));
}

#[tokio::test]
async fn the_idempotency_key_is_the_same_in_every_delivery() {
    let receiver = Receiver::start().await;
    receiver.reply(b"a", status(500));
    let (mut sink, batch) = (receiver.sink(Ordered::None), batch(&[b"a"]));
    sink.deliver(&batch).await.unwrap();
    receiver.reply(b"a", status(200));
    assert_eq!(sink.deliver(&batch).await.unwrap().outcomes, [Outcome::Ok]);
    let seen = receiver.seen.lock().unwrap();
    let ids: Vec<_> = seen.iter().map(|seen| seen.header("idempotency-key").unwrap()).collect();
    assert_eq!(ids, [&batch.ids()[0].to_string(); 2]);
}

#[tokio::test]
async fn no_answer_in_time_is_a_retry_and_costs_only_itself() {
    let receiver = Receiver::start().await;
    let timeout = Duration::from_millis(50);
    let sink = HttpSink::open(HttpSinkRules { timeout, ..receiver.rules() }).unwrap();
    let answers = deliver(sink, &batch(&[b"hang", b"a"])).await;
    assert_eq!(answers.outcomes, [Outcome::Retry, Outcome::Ok]);
    assert_eq!(reason(&answers, 0), "no answer within 50ms");
}

#[tokio::test]
async fn a_refused_connection_is_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let answers = deliver(HttpSink::open(rules(&url)).unwrap(), &batch(&[b"a"])).await;
    assert_eq!(answers.outcomes, [Outcome::Retry]);
    assert!(reason(&answers, 0).starts_with("no answer: Connection refused"), "{answers:?}");
}

#[tokio::test]
async fn https_speaks_tls() {
    let receiver = Receiver::start().await;
    let url = format!("https://{}/", receiver.address);
    let answers = deliver(HttpSink::open(rules(&url)).unwrap(), &batch(&[b"a"])).await;
    assert_eq!(answers.outcomes, [Outcome::Retry]);
    assert!(reason(&answers, 0).contains("InvalidContentType"), "{answers:?}");
    assert!(receiver.bodies().is_empty());
}

#[tokio::test]
async fn without_order_so_many_are_under_way_and_no_more() {
    let receiver = Receiver::start().await;
    receiver.gate.forget_permits(1 << 20);
    let payloads = vec![&b"a"[..]; HTTP_IN_FLIGHT_MAX + 1];
    let batch = batch(&payloads);
    let delivery = tokio::spawn({
        let (sink, batch) = (receiver.sink(Ordered::None), batch.clone());
        async move { deliver(sink, &batch).await }
    });
    let all = receiver.waiting.acquire_many(HTTP_IN_FLIGHT_MAX as u32).await.unwrap();
    all.forget();
    assert_eq!(receiver.seen.lock().unwrap().len(), HTTP_IN_FLIGHT_MAX);
    receiver.gate.add_permits(1);
    receiver.waiting.acquire().await.unwrap().forget();
    assert_eq!(receiver.seen.lock().unwrap().len(), HTTP_IN_FLIGHT_MAX + 1);
    receiver.gate.add_permits(HTTP_IN_FLIGHT_MAX);
    let answers = delivery.await.unwrap();
    assert!(answers.outcomes.iter().all(|outcome| *outcome == Outcome::Ok));
}

#[tokio::test]
async fn a_failed_message_holds_its_key_and_no_other() {
    let receiver = Receiver::start().await;
    receiver.reply(b"a1", status(503));
    let messages = [("a", "a1"), ("b", "b1"), ("a", "a2"), ("", "n1"), ("b", "b2"), ("", "n2")];
    let answers = deliver(receiver.sink(Ordered::Key), &keyed(&messages)).await;
    let (ok, retry) = (Outcome::Ok, Outcome::Retry);
    assert_eq!(answers.outcomes, [retry, ok, retry, ok, ok, ok]);
    assert_eq!(reason(&answers, 2), "not sent: a message before it was not taken");
    let seen = receiver.bodies();
    assert!(!seen.contains(&"a2".to_owned()), "{seen:?}");
    let at = |body| seen.iter().position(|seen| seen == body).unwrap();
    assert!(at("b1") < at("b2"), "{seen:?}");
}

#[tokio::test]
async fn without_order_a_failed_message_holds_nothing() {
    let receiver = Receiver::start().await;
    receiver.reply(b"a1", status(503));
    let batch = keyed(&[("a", "a1"), ("a", "a2")]);
    let answers = deliver(receiver.sink(Ordered::None), &batch).await;
    assert_eq!(answers.outcomes, [Outcome::Retry, Outcome::Ok]);
}

#[tokio::test]
async fn a_rejected_message_holds_its_key_only_where_the_rules_say_so() {
    let receiver = Receiver::start().await;
    receiver.reply(b"a1", status(400));
    let batch = keyed(&[("a", "a1"), ("a", "a2")]);
    for (reject_holds, second) in [(false, Outcome::Ok), (true, Outcome::Retry)] {
        let rules = HttpSinkRules { ordered: Ordered::Key, reject_holds, ..receiver.rules() };
        let answers = deliver(HttpSink::open(rules).unwrap(), &batch).await;
        assert_eq!(answers.outcomes, [Outcome::Reject, second]);
    }
}

#[tokio::test]
async fn in_strict_order_everything_waits() {
    let receiver = Receiver::start().await;
    receiver.reply(b"2", status(503));
    let batch = keyed(&[("a", "1"), ("b", "2"), ("", "3"), ("a", "4")]);
    let answers = deliver(receiver.sink(Ordered::Strict), &batch).await;
    let retry = Outcome::Retry;
    assert_eq!(answers.outcomes, [Outcome::Ok, retry, retry, retry]);
    assert_eq!(receiver.bodies(), ["1", "2"]);
}

#[test]
fn what_cannot_be_sent_is_found_when_it_is_opened() {
    let error = |rules: HttpSinkRules| match HttpSink::open(rules) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    };
    for url in ["", "ftp://a/", "/path", "a.example/x", "http://", "http:///x", "http://a b/"] {
        let error = error(rules(url));
        assert!(error.starts_with(&format!("cannot write to {url}: it ")), "{error}");
    }
    let secret = error(rules("https://user:secret@a.example/?token=secret"));
    assert!(
        secret.contains("use a header `authorization`") && !secret.contains("secret"),
        "{secret}"
    );
    for (name, value, told) in [
        ("a b", "x", "`a b` is no name of a header"),
        ("Content-Length", "3", "`content-length` is the sink's own"),
        ("idempotency-key", "3", "is the sink's own"),
        ("authorization", "secret\n", "the value of header `authorization` holds a control"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let error = error(HttpSinkRules { headers, ..rules("http://a.example/") });
        assert!(error.contains(told) && !error.contains("secret"), "{error}");
    }
}
