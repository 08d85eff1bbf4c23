use serde_json::json;

use crate::host::{BILL, Host, LEDGER, PIPELINE, accepted, ok, refused};

#[tokio::test]
async fn topics_show_what_they_hold() {
    let host = Host::start().await;
    accepted(host.ndjson("1\n2\n3\n")).await;
    let list = ok(host.get("/v1/topics")).await;
    assert_eq!(list["next"], json!(null));
    let names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["orders", "small", "dead", "brisk", "kept"]);
    let orders = ok(host.get("/v1/topics/orders")).await;
    assert_eq!(orders, list["items"][0]);
    assert_eq!(
        (&orders["kind"], &orders["depth"], &orders["published"]),
        (&json!("event"), &json!(3), &json!(3))
    );
    assert!(orders["bytes"].as_u64().unwrap() > 0);
    assert_eq!(list["items"][2]["kind"], "dead_letter");
}

#[tokio::test]
async fn topics_show_what_they_keep_and_what_is_not_visible_yet() {
    let host = Host::start().await;
    accepted(host.keep("1").header("Millstream-Dedup-Id", "a")).await;
    host.handle(LEDGER).await;
    accepted(host.keep("2").header("Millstream-Delay", "1h")).await;
    let kept = ok(host.get("/v1/topics/kept")).await;
    let figures = ["retained", "delayed", "dedup_ids", "depth", "published", "dropped"];
    let values = figures.map(|name| kept[name].as_u64().unwrap());
    assert_eq!(values, [1, 1, 1, 1, 2, 0], "{kept}");
}

#[tokio::test]
async fn subscriptions_show_where_they_stand() {
    let host = Host::start().await;
    accepted(host.ndjson("1\n2\n")).await;
    host.reject_all(BILL, "no").await;
    let list = ok(host.get("/v1/subscriptions")).await;
    let bill = ok(host.get("/v1/subscriptions/bill")).await;
    assert_eq!(bill["stopped_keys"], json!([]));
    for (name, figure) in list["items"][0].as_object().unwrap() {
        assert!(name == "stopped_keys" || figure == &bill[name], "{name}");
    }
    assert_eq!((&bill["topic"], &bill["plugin"]), (&json!("orders"), &json!("billing")));
    assert_eq!((&bill["lag"], &bill["in_flight"]), (&json!(0), &json!(0)));
    assert_eq!((&bill["dead_lettered"], &bill["rejected"]), (&json!(2), &json!(2)));
    let audit = &list["items"][1];
    assert_eq!((&audit["sink"], &audit["lag"]), (&json!("stdout"), &json!(2)));
    refused(host.get("/v1/subscriptions/bil"), 404, "unknown-subscription").await;
}

#[tokio::test]
async fn plugins_show_what_they_serve_and_their_configuration() {
    let host = Host::start().await;
    let list = ok(host.get("/v1/plugins")).await;
    let billing = ok(host.get("/v1/plugins/billing")).await;
    assert_eq!(list["items"][0]["name"], "billing");
    assert_eq!(list["items"][0]["config"], json!(null));
    assert_eq!(billing["config"], json!({ "limit": 5 }));
    assert_eq!(billing["subscriptions"], json!(["bill", "ledger"]));
    refused(host.get("/v1/plugins/biling"), 404, "unknown-plugin").await;
}

#[tokio::test]
async fn the_running_pipeline_is_shown_as_it_was_given() {
    let host = Host::start().await;
    let response = host.get("/v1/pipeline").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/yaml");
    assert_eq!(response.text().await.unwrap(), PIPELINE);
}
