use std::net::SocketAddr;
use std::time::Duration;

use millstream_server::is_loopback;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::host::{Host, SMALL, SMALL_MAX, accepted, ok, refused};

#[tokio::test]
async fn a_serving_host_is_alive_and_ready() {
    let host = Host::start().await;
    assert_eq!(ok(host.get("/healthz")).await["version"], "1.2.3");
    ok(host.get("/readyz")).await;
}

#[tokio::test]
async fn an_idle_host_stops_at_once_and_frees_its_port() {
    let mut host = Host::start().await;
    ok(host.get("/healthz")).await;
    host.stop.cancel();
    (&mut host.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(host.address()).await.is_err());
}

/// A publish that waits for room holds up the end; meanwhile the host says that it is stopping.
#[tokio::test]
async fn a_stopping_host_answers_what_it_took_and_takes_nothing_more() {
    let host = Host::start_patient(Duration::from_secs(60)).await;
    for _ in 0..SMALL_MAX {
        accepted(host.post("/v1/topics/small/messages")).await;
    }
    let waiting = tokio::spawn(host.post("/v1/topics/small/messages").body("late").send());
    while host.broker_figures(SMALL).waiting_publishers == 0 {
        tokio::task::yield_now().await;
    }
    host.stop.cancel();
    refused(host.get("/readyz"), 503, "stopping").await;
    ok(host.get("/healthz")).await;
    refused(host.orders("1"), 503, "stopping").await;
    assert!(!host.served.is_finished());
    host.handle_all().await;
    assert_eq!(waiting.await.unwrap().unwrap().status(), 202);
    host.served.await.unwrap().unwrap();
}

/// A client that leaves must neither take its messages back nor free its share of the memory.
#[tokio::test]
async fn a_client_that_leaves_takes_nothing_back() {
    let host = Host::start_patient(Duration::from_secs(60)).await;
    for _ in 0..SMALL_MAX {
        accepted(host.post("/v1/topics/small/messages")).await;
    }
    let waiting = tokio::spawn(host.post("/v1/topics/small/messages").body("late").send());
    while host.broker_figures(SMALL).waiting_publishers == 0 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    host.handle_all().await;
    while host.broker_figures(SMALL).published <= SMALL_MAX {
        tokio::task::yield_now().await;
    }
}

/// A client that writes its whole body before it reads must still get to read why it was refused:
/// a connection closed with bytes unread is reset, and the answer lost with it.
#[tokio::test]
async fn a_refused_client_may_finish_writing() {
    let host = Host::start().await;
    let mut stream = host.connect().await;
    let body = vec![b'1'; 32 << 20];
    let head = format!(
        "POST /v1/topics/none/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    assert!(answer(stream).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_request_may_have_128_header_fields() {
    let host = Host::start().await;
    for (fields, status) in [(126, "200"), (127, "431")] {
        let mut stream = host.connect().await;
        let fields: String = (0..fields).map(|i| format!("a{i}: 1\r\n")).collect();
        let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = answer(stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn only_loopback_addresses_are_loopback() {
    let loopback = |text: &str| is_loopback(&text.parse::<SocketAddr>().unwrap());
    assert!(
        ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"].into_iter().all(loopback)
    );
    assert!(
        !["0.0.0.0:1", "192.168.0.1:1", "[::]:1", "[::ffff:10.0.0.1]:1"].into_iter().any(loopback)
    );
}
