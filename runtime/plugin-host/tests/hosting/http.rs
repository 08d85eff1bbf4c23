//! A plugin that is granted http calls whom the grant lists, within bounds, and nobody else.

use std::time::{Duration, Instant};

use millstream_message::FailureKind;
use millstream_plugin_host::{
    Grants, HttpGrant, Limits, Outbound, Plugin, PluginSettings, Reach, Resolver,
};

use crate::servers::{Event, Identity, Names, Part, Server, answer};
use crate::support::{ask, ask_again, batch, call, failure, guest, host_with, instance};

/// The guest that calls whom it is told, granted `origins`.
struct Caller {
    origins: Vec<String>,
    outbound: Outbound,
    limits: Limits,
}

impl Caller {
    fn granted(origins: &[String]) -> Self {
        let limits = Limits { timeout: Duration::from_secs(60), ..Limits::default() };
        Self { origins: origins.to_vec(), outbound: Outbound::default(), limits }
    }

    fn to(server: &Server) -> Self {
        Self::granted(&[format!("http://{}", server.address)])
    }

    fn resolving(mut self, names: std::sync::Arc<Names>) -> Self {
        self.outbound.resolver = Resolver::External(names);
        self
    }

    async fn load(self) -> Plugin {
        let origins = self.origins.iter().map(|origin| origin.parse().unwrap()).collect();
        let grants = Grants { http: HttpGrant::Origins(origins), keyvalue: false };
        let settings = PluginSettings { grants, limits: self.limits, ..PluginSettings::default() };
        let host = host_with(|settings| settings.outbound = self.outbound);
        host.load("caller", guest("fetch"), settings).await.unwrap()
    }

    async fn ask(self, order: &str) -> Result<String, String> {
        ask(&self.load().await, order).await
    }
}

fn get(server: &Server, rest: &str) -> String {
    format!("GET http://{}{rest}", server.address)
}

#[tokio::test]
async fn a_listed_origin_answers() {
    let mut server = Server::answering([answer("200 OK", 5, "hello")]).await;
    let told = Caller::to(&server).ask(&get(&server, "/rates?of=EUR")).await;
    assert_eq!(told.as_deref(), Ok("200 5 hello"));
    assert_eq!(server.next().await, Event::Connected);
    let Event::Asked(head) = server.next().await else { panic!("nothing was asked") };
    assert!(head.starts_with("GET /rates?of=EUR HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", server.address)), "{head}");
}

#[tokio::test]
async fn a_body_goes_out_whole() {
    let mut server = Server::answering([answer("201 Created", 0, "")]).await;
    let order = format!("POST http://{}/\nsend 100000", server.address);
    assert_eq!(Caller::to(&server).ask(&order).await.as_deref(), Ok("201 0 "));
    assert_eq!(server.next().await, Event::Connected);
}

#[tokio::test]
async fn whoever_is_not_listed_is_not_called() {
    let mut server = Server::answering([answer("200 OK", 0, "")]).await;
    let port = server.port();
    let others = ["http://10.0.0.7:8080".to_owned(), format!("https://localhost:{port}")];
    let plugin = Caller::granted(&others).load().await;
    for url in [
        format!("http://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("https://ann@localhost:{port}"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://10.0.0.7:8081".to_owned(),
        "http://10.0.0.8:8080".to_owned(),
    ] {
        let told = ask(&plugin, &format!("GET {url}")).await;
        assert_eq!(told, Err("ErrorCode::HttpRequestDenied".to_owned()), "{url}");
    }
    assert_eq!(server.events(), []);
}

#[tokio::test]
async fn a_tunnel_is_refused_even_to_a_listed_origin() {
    let mut server = Server::answering([answer("200 OK", 0, "")]).await;
    let told = Caller::to(&server).ask(&format!("CONNECT http://{}/", server.address)).await;
    assert_eq!(told, Err("ErrorCode::HttpRequestDenied".to_owned()));
    assert_eq!(server.events(), []);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_following_it_is_another_request() {
    let mut elsewhere = Server::answering([answer("200 OK", 0, "")]).await;
    let location = format!("HTTP/1.1 302 Found\r\nlocation: http://{}/\r\n\r\n", elsewhere.address);
    let server = Server::answering([Part::Say(location)]).await;
    let plugin = Caller::to(&server).load().await;
    assert_eq!(ask(&plugin, &get(&server, "/")).await.as_deref(), Ok("302 0 "));
    let followed = ask(&plugin, &get(&elsewhere, "/")).await;
    assert_eq!(followed, Err("ErrorCode::HttpRequestDenied".to_owned()));
    assert_eq!(elsewhere.events(), []);
}

#[tokio::test]
async fn a_name_that_points_into_this_network_is_not_called() {
    let mut server = Server::answering([answer("200 OK", 0, "")]).await;
    let origin = format!("http://rates.example.com:{}", server.port());
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["169.254.169.254"],
        &["10.0.0.1"],
        &["1.1.1.1", "127.0.0.1"],
    ] {
        let names = Names::saying(&[addresses]);
        let caller = Caller::granted(std::slice::from_ref(&origin)).resolving(names.clone());
        let told = caller.ask(&format!("GET {origin}/")).await;
        let expected = Err("ErrorCode::DestinationIpProhibited".to_owned());
        assert_eq!((told, names.asked()), (expected, 1), "{addresses:?}");
    }
    assert_eq!(server.events(), []);
}

#[tokio::test]
async fn localhost_by_name_is_this_machine_and_looked_up_once() {
    let server = Server::answering([answer("200 OK", 2, "ok")]).await;
    let origin = format!("http://localhost:{}", server.port());
    // A second answer would lead elsewhere.
    let names = Names::saying(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let caller = Caller::granted(std::slice::from_ref(&origin)).resolving(names.clone());
    assert_eq!(caller.ask(&format!("GET {origin}/")).await.as_deref(), Ok("200 2 ok"));
    assert_eq!(names.asked(), 1);
}

#[tokio::test]
async fn a_name_that_is_localhost_elsewhere_is_refused() {
    let names = Names::saying(&[&["10.0.0.1"]]);
    let caller = Caller::granted(&["http://localhost:8080".to_owned()]).resolving(names);
    let told = caller.ask("GET http://localhost:8080/").await;
    assert_eq!(told, Err("ErrorCode::DestinationIpProhibited".to_owned()));
}

#[tokio::test]
async fn a_certificate_must_be_for_the_name_and_from_somebody_who_is_believed() {
    let (good, other) = (Identity::of("localhost"), Identity::of("rates.example.com"));
    for (served, believed, expected) in [
        (&good, &good, Ok("200 4 safe".to_owned())),
        (&other, &other, Err("ErrorCode::TlsCertificateError".to_owned())),
        (&good, &other, Err("ErrorCode::TlsCertificateError".to_owned())),
    ] {
        let server = Server::with_tls(served, [answer("200 OK", 4, "safe")]).await;
        let origin = format!("https://localhost:{}", server.port());
        let mut caller = Caller::granted(std::slice::from_ref(&origin))
            .resolving(Names::saying(&[&["127.0.0.1"]]));
        caller.outbound.roots = believed.roots();
        assert_eq!(caller.ask(&format!("GET {origin}/")).await, expected);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_talked_to_without_it() {
    let server = Server::answering([answer("200 OK", 0, "")]).await;
    let origin = format!("https://127.0.0.1:{}", server.port());
    let mut caller = Caller::granted(std::slice::from_ref(&origin));
    caller.outbound.roots = Identity::of("localhost").roots();
    // The server waits for the end of a head that never ends.
    let told = caller.ask(&format!("GET {origin}/\nconnect 200")).await;
    assert_eq!(told, Err("ErrorCode::ConnectionTimeout".to_owned()));
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_with_the_call_and_so_does_its_connection() {
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    for parts in [
        vec![Part::Wait],
        vec![answer("200 OK", 100, "beginning"), Part::Wait],
        vec![Part::Say(endless), Part::Flood("x".to_owned())],
    ] {
        let mut server = Server::answering(parts).await;
        let mut caller = Caller::to(&server);
        caller.limits.timeout = Duration::from_millis(100);
        let plugin = caller.load().await;
        let mut instance = instance(&plugin).await;
        let begun = Instant::now();
        let failure = call(&mut instance, &batch(&[&get(&server, "/")])).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout, "{failure}");
        assert!(failure.message.contains("limits.timeout 100ms"), "{failure}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        drop(instance);
        while server.next().await != Event::Ended {}
    }
}

#[tokio::test]
async fn a_guest_may_wait_for_less_than_its_call_does() {
    let silent = Server::answering([Part::Wait]).await;
    let told = Caller::to(&silent).ask(&get(&silent, "/\nfirst-byte 50")).await;
    assert_eq!(told, Err("ErrorCode::ConnectionReadTimeout".to_owned()));
    let slow = Server::answering([answer("200 OK", 100, "beginning"), Part::Wait]).await;
    let told = Caller::to(&slow).ask(&get(&slow, "/\nbetween 50")).await.unwrap_err();
    assert!(told.contains("connection read timeout"), "{told}");
}

#[tokio::test]
async fn an_endless_body_ends_at_its_bound() {
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let server = Server::answering([Part::Say(endless), Part::Flood("x".repeat(64 << 10))]).await;
    let told = Caller::to(&server).ask(&get(&server, "/")).await.unwrap_err();
    assert!(told.contains("HTTP response body size exceeds limit: 16777216 bytes"), "{told}");
}

#[tokio::test]
async fn a_head_that_does_not_end_ends_at_its_bound() {
    for flood in ["x-a: b\r\n".repeat(100), "x".repeat(4 << 10)] {
        let head = Part::Say("HTTP/1.1 200 OK\r\nx-first: ".to_owned());
        let server = Server::answering([head, Part::Flood(flood)]).await;
        let told = Caller::to(&server).ask(&get(&server, "/")).await.unwrap_err();
        assert!(told.starts_with("ErrorCode::HttpResponseHeaderSectionSize"), "{told}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    let server = Server::answering([Part::Say("SSH-2.0-OpenSSH_9.2\r\n".to_owned())]).await;
    let told = Caller::to(&server).ask(&get(&server, "/")).await.unwrap_err();
    assert_eq!(told, "ErrorCode::HttpProtocolError");
    let cut = Server::answering([answer("200 OK", 100, "beginning")]).await;
    let told = Caller::to(&cut).ask(&get(&cut, "/")).await.unwrap_err();
    assert!(told.contains("incomplete HTTP response"), "{told}");
}

/// The guest is told by an error, since a body goes out while it does something else; it rejects its
/// message for that, and the call fails all the same.
#[tokio::test]
async fn a_call_that_sends_more_than_it_may_fails_by_its_limit() {
    let server = Server::answering([Part::Wait]).await;
    for (host_data, words) in [(100_000, "send 1000000"), (100, "header 1000")] {
        let mut caller = Caller::to(&server);
        caller.limits.host_data = host_data;
        let order = format!("POST http://{}/\n{words}", server.address);
        let failure = failure(&caller.load().await, &[&order]).await;
        assert_eq!(failure.kind, FailureKind::OutputLimit, "{failure}");
        assert_eq!(failure.message, format!("limits.host_data {host_data} bytes"));
    }
}

#[tokio::test]
async fn headers_of_a_request_are_bounded() {
    let mut server = Server::answering([Part::Wait]).await;
    let told = Caller::to(&server).ask(&get(&server, "/\nheader 20000")).await.unwrap_err();
    assert!(told.contains("total size of fields exceeds limit"), "{told}");
    assert_eq!(server.events(), []);
}

#[tokio::test]
async fn an_instance_has_so_many_requests_at_a_time() {
    let server = Server::answering([answer("200 OK", 100, "beginning"), Part::Wait]).await;
    let plugin = Caller::to(&server).load().await;
    let many = |times| get(&server, &format!("/\ntimes {times}\nhold 1"));
    assert_eq!(ask(&plugin, &many(16)).await.as_deref(), Ok("16"));
    let told = ask(&plugin, &many(17)).await;
    assert_eq!(told, Err("ErrorCode::ConnectionLimitReached".to_owned()));
}

#[tokio::test]
async fn answers_that_are_never_read_hold_no_connection_beyond_their_call() {
    let mut server = Server::answering([answer("200 OK", 100, "beginning"), Part::Wait]).await;
    let mut caller = Caller::to(&server);
    caller.limits.timeout = Duration::from_millis(500);
    let plugin = caller.load().await;
    let mut instance = instance(&plugin).await;
    let told = ask_again(&mut instance, &get(&server, "/\ntimes 16\nhold 1")).await;
    assert_eq!(told.as_deref(), Ok("16"));
    // The instance lives on, its connections end with the time its call had.
    let mut ended = 0;
    while ended < 16 {
        ended += usize::from(server.next().await == Event::Ended);
    }
}

#[tokio::test]
async fn an_instance_without_reach_calls_nobody() {
    let mut server = Server::answering([answer("200 OK", 0, "")]).await;
    let plugin = Caller::to(&server).load().await;
    let reach = Reach { http: false };
    let mut instance = plugin.instantiate_within("billing", "orders", reach).await.unwrap();
    let told = ask_again(&mut instance, &get(&server, "/")).await.unwrap_err();
    assert!(told.contains("http is off here"), "{told}");
    assert_eq!(server.events(), []);
}
