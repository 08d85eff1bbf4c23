use axum::http::{HeaderMap, HeaderValue, header};

use super::check;

fn passes(host: &'static str, origin: Option<&'static str>) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static(host));
    if let Some(origin) = origin {
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
    }
    check(&headers).is_ok()
}

#[test]
fn this_machine_goes_by_its_addresses_and_by_names_that_nobody_can_buy() {
    for host in
        ["127.0.0.1:7070", "localhost", "LocalHost.:80", "[::1]:7070", "a.localhost", "mill"]
    {
        assert!(passes(host, None), "{host}");
    }
    for host in ["example.com:7070", "localhost.example.com", "127.0.0.1.example.com"] {
        assert!(!passes(host, None), "{host}");
    }
}

#[test]
fn a_page_may_talk_only_to_where_it_came_from() {
    assert!(passes("localhost:7070", Some("http://localhost:7070")));
    for origin in ["http://localhost:3000", "http://example.com", "null", "localhost:7070"] {
        assert!(!passes("localhost:7070", Some(origin)), "{origin}");
    }
    assert!(check(&HeaderMap::new()).is_ok());
}
