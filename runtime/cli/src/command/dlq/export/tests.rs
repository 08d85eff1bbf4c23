use serde_json::{Value, json};

use super::{case, file_name, write_new, yaml};

fn letter(payload: Value) -> Value {
    let mut letter = json!({
        "key": "GBP",
        "headers": [["source", "desk"], ["millstream-dead-letter-id", "x"]],
        "dead_letter": {
            "id": "01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7",
            "subscription": "pay",
            "reason": "rejected",
            "error": "reject: not\r taken\nbacktrace: !",
            "last_failed_at": "2026-01-31T12:00:00.000Z",
        },
    });
    for (name, value) in payload.as_object().into_iter().flatten() {
        letter[name] = value.clone();
    }
    letter
}

#[test]
fn a_case_holds_what_the_plugin_was_given() {
    let text = case(&letter(json!({ "payload": "{\"a\": 1}\n" })), &json!({ "taken": ["EUR"] }));
    let expected = r#"# Message 01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7 of `pay`, given up at 2026-01-31T12:00:00.000Z:
#   reject: not taken
#   backtrace: !
# Passes once the plugin handles it.
config: {"taken":["EUR"]}
messages:
  - payload: "{\"a\": 1}\n"
    key: "GBP"
    headers: [["source","desk"]]
expect:
  - ok: any
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_payload_that_is_no_text_stays_base64() {
    let text = case(&letter(json!({ "payload_base64": "/wA=" })), &Value::Null);
    assert!(text.contains("  - payload_base64: \"/wA=\"\n") && text.contains("config: {}\n"));
}

#[test]
fn a_case_is_named_by_reason_and_message() {
    assert_eq!(file_name(&letter(json!({}))), "rejected-5f2a9e01d3b7.yaml");
    let hostile = json!({ "dead_letter": { "id": "../é", "reason": "a/../b" } });
    assert_eq!(file_name(&hostile), "ab-.yaml");
}

#[test]
fn what_yaml_does_not_take_is_escaped() {
    assert_eq!(yaml(&json!("\u{0}\u{7f}\u{85}\u{2028}é")), r#""\u0000\u007f\u0085\u2028é""#);
}

#[test]
fn a_case_that_is_there_is_not_overwritten() {
    let folder = std::env::temp_dir().join(format!("millstream-export-{}", std::process::id()));
    let file = folder.join("cases/a.yaml");
    write_new(&file, "first").unwrap();
    assert!(write_new(&file, "second").is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
    std::fs::remove_dir_all(folder).unwrap();
}
