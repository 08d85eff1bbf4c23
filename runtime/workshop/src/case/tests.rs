use std::fs;

use serde_json::json;

use super::*;

/// Reads `text` as `cases/case.yaml` of a plugin folder.
fn read(text: &str) -> Result<Case, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cases")).unwrap();
    fs::write(folder.path().join("cases/body.bin"), b"from a file").unwrap();
    fs::write(folder.path().join("cases/case.yaml"), text).unwrap();
    let place = format!("{}/", folder.path().display());
    read_all(folder.path())
        .map(|mut cases| cases.remove(0))
        .map_err(|error| error.to_string().replace(&place, ""))
}

fn message(text: &str) -> Given {
    let case = read(&format!("messages: [{text}]\nexpect: [ok: any]")).unwrap();
    let Check::Messages(mut pairs) = case.check else { panic!("no messages") };
    pairs.remove(0).0
}

fn expected(text: &str) -> Expected {
    let case = read(&format!("messages: [payload: '']\nexpect: [{text}]")).unwrap();
    let Check::Messages(mut pairs) = case.check else { panic!("no messages") };
    pairs.remove(0).1
}

#[test]
fn a_payload_has_four_forms() {
    assert_eq!(message("payload: text").payload, b"text");
    assert_eq!(message("payload_base64: /w==").payload, [0xff]);
    assert_eq!(message("payload_file: body.bin").payload, b"from a file");
    assert_eq!(
        message("json: { b: 1, a: [null, 2.5, '3'] }").payload,
        br#"{"b":1,"a":[null,2.5,"3"]}"#
    );
    assert_eq!(message("json: null").payload, b"null");
}

#[test]
fn a_message_has_key_headers_and_attempt() {
    let given = message("{ payload: x, key: k, headers: [[Trace, a], [trace, b]], attempt: 3 }");
    assert_eq!(given.key.as_deref(), Some("k"));
    assert_eq!(
        given.headers,
        [("trace".to_owned(), "a".to_owned()), ("trace".to_owned(), "b".to_owned())]
    );
    assert_eq!(given.attempt, 3);
    assert_eq!(message("payload: x").attempt, 1);
}

#[test]
fn an_answer_has_four_forms() {
    assert_eq!(expected("ok: any"), Expected::Ok(None));
    assert_eq!(expected("ok: []"), Expected::Ok(Some(vec![])));
    assert_eq!(expected("reject: why"), Expected::Reject("why".to_owned()));
    assert_eq!(expected("trap: why"), Expected::Trap("why".to_owned()));
    let retry = Expected::Retry { reason: "why".to_owned(), delay_ms: Some(5) };
    assert_eq!(expected("{ retry: why, delay_ms: 5 }"), retry);
}

#[test]
fn an_absent_field_is_not_compared_and_a_null_one_is() {
    let Expected::Ok(Some(outputs)) = expected("ok: [{}, { key: null, topic: t, json: { a: 1 } }]")
    else {
        panic!("no outputs")
    };
    assert_eq!((&outputs[0].key, &outputs[0].topic, &outputs[0].payload), (&None, &None, &None));
    assert_eq!((&outputs[1].key, &outputs[1].topic), (&Some(None), &Some(Some("t".to_owned()))));
    assert_eq!(outputs[1].payload, Some(ExpectedPayload::Json(json!({"a": 1}))));
}

#[test]
fn a_payload_is_expected_in_the_forms_that_one_is_given_in() {
    let payload = |text: &str| {
        let Expected::Ok(Some(mut outputs)) = expected(&format!("ok: [{text}]")) else {
            panic!("no outputs")
        };
        outputs.remove(0).payload.unwrap()
    };
    assert_eq!(payload("payload: text"), ExpectedPayload::Bytes(b"text".to_vec()));
    assert_eq!(payload("payload_base64: /w=="), ExpectedPayload::Bytes(vec![0xff]));
    let file = ExpectedPayload::Bytes(b"from a file".to_vec());
    assert_eq!(payload("payload_file: body.bin"), file);
    assert_eq!(payload("json: null"), ExpectedPayload::Json(Value::Null));
}

#[test]
fn a_case_may_be_about_the_configuration() {
    let case = read("config: { threshold: -1 }\nconfig_refused: must be").unwrap();
    assert_eq!(case.config, json!({"threshold": -1}));
    assert_eq!(case.check, Check::ConfigRefused("must be".to_owned()));
}

#[test]
fn a_mistake_is_refused_with_its_line() {
    let refused = |text: &str, beginning: &str| {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(beginning), "{error}");
    };
    refused("messages: [payload: a]\nexpected: []", "cases/case.yaml:2:1: ");
    refused(
        "messages:\n  - payload: a\n    payload_base64: aa==\nexpect: [ok: any]",
        "cases/case.yaml:2:5: give one of",
    );
    refused("messages:\n  - key: a\nexpect: [ok: any]", "cases/case.yaml:2:5: give one of");
    refused(
        "messages: [payload: a]\nexpect: [ok: [{payload: a, json: 1}]]",
        "cases/case.yaml:2:10: give one of `payload`, `payload_base64`",
    );
    refused(
        "messages: [payload_base64: '*']\nexpect: [ok: any]",
        "cases/case.yaml:1:12: `payload_base64`: ",
    );
    refused(
        "messages: [{payload: a, attempt: 0}]\nexpect: [ok: any]",
        "cases/case.yaml:1:12: `attempt` counts from 1",
    );
    refused(
        "messages: [{payload: a, headers: [[\"a b\", c]]}]\nexpect: [ok: any]",
        "cases/case.yaml:1:12: `a b` is no header name",
    );
    refused(
        "messages: [payload: a]\nexpect: [ok: any, ok: any]",
        "cases/case.yaml:2:9: 2 in `expect` for 1 in `messages`",
    );
    refused(
        "messages: [payload: a]\nexpect: [{ok: any, reject: b}]",
        "cases/case.yaml:2:10: give one of",
    );
    refused(
        "messages: [payload: a]\nexpect: [{reject: b, delay_ms: 1}]",
        "cases/case.yaml:2:10: `delay_ms` stands",
    );
    refused("messages: [payload: a]\nexpect: [{ok: all}]", "cases/case.yaml:2:");
    refused("messages: []\nexpect: []", "cases/case.yaml:1:11: `messages` is empty");
    refused("config: 3\nconfig_refused: a", "cases/case.yaml:1:9: `config` must be a map");
    refused("expect: [ok: any]", "cases/case.yaml: give either");
    refused(
        "messages: [payload: a]\nexpect: [ok: any]\nconfig_refused: b",
        "cases/case.yaml: give either",
    );
}

#[test]
fn a_folder_without_cases_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        read_all(folder.path())
            .unwrap_err()
            .to_string()
            .contains("no cases: write one as NAME.yaml")
    );
}

#[test]
fn a_case_may_leave_open_what_is_expected_until_it_is_blessed() {
    let case = read("messages: [payload: a]").unwrap();
    let Check::Messages(pairs) = case.check else { panic!("no messages") };
    assert_eq!(pairs[0].1, Expected::Unsaid);
}
