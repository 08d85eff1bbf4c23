//! What a plugin may reach.

use millstream_tests::{Hook, Project, millstream, plugin};
use serde_json::{Value, json};

use crate::idea::{Idea, source};

#[test]
fn a_plugin_asks_the_server_that_its_pipeline_lists() {
    let _ = plugin("rates");
    let rates = Hook::saying("0.92", |_| 200);
    let mut idea = Idea::of("enrich");
    idea.env.push(("RATES_URL", rates.origin().to_owned()));
    let mut host = idea.start();
    host.publish(&["orders", "--data", r#"{"order":"o-1","cents":2500,"currency":"USD"}"#]);
    let priced: Value = serde_json::from_str(&host.printed(1)[0]).expect("a price is JSON");
    assert_eq!(priced, json!({ "order": "o-1", "euro_cents": 2300 }));
    assert_eq!(rates.next_call().path, "/rates/USD");
    host.adds_up();
}

#[test]
fn a_plugin_without_its_grant_is_refused_with_the_line_to_add() {
    let folder = plugin("rates");
    let project = Project::new();
    let text = source("enrich").replace("../plugins/rates", &folder.display().to_string());
    let (granted, rest) = text.split_once("    grants:").expect("the pipeline grants http");
    let without = format!("{granted}{}", rest.split_once('\n').expect("more follows").1);
    let file = project.write("enrich.yaml", without);
    let checked = millstream(["check", &file.display().to_string()]);
    assert_eq!(checked.code, Some(2), "{checked:#?}");
    for part in ["MS0402", "`wasi:http/", "grants: { http: [\"https://HOST\"] }"] {
        assert!(checked.stderr.contains(part), "{part}: {checked:#?}");
    }
}
