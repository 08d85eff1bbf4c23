use crate::host::{Host, ORDERS, accepted, ok, refused};

#[tokio::test]
async fn a_page_of_another_origin_may_do_nothing() {
    let host = Host::start().await;
    for origin in ["https://example.com", "http://localhost:1", "null"] {
        let publish = host.orders("1").header("origin", origin);
        refused(publish, 403, "foreign-origin").await;
        refused(host.get("/v1/topics").header("origin", origin), 403, "foreign-origin").await;
    }
    assert_eq!(host.broker_figures(ORDERS).published, 0);
    accepted(host.orders("1").header("origin", &host.url)).await;
}

/// DNS rebinding: the page's own name was pointed at this machine after it was loaded.
#[tokio::test]
async fn a_page_whose_name_leads_here_is_foreign_too() {
    let host = Host::start().await;
    let get = |name: &str| host.get("/v1/topics").header("host", name);
    refused(get("evil.example:7070"), 403, "foreign-host").await;
    let both = get("evil.example").header("origin", "http://evil.example");
    refused(both, 403, "foreign-host").await;
    ok(get("localhost:7070")).await;
    ok(get("[::1]:7070")).await;
}
