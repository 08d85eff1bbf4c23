use std::time::Duration;

use crate::{Envelope, Terms};

fn refused(line: &str) -> String {
    Envelope::parse(line.as_bytes()).unwrap_err().to_string()
}

#[test]
fn an_envelope_gives_key_headers_and_payload() {
    let line = br#"{"key":"UA","headers":[["Trace","1"],["trace","2"]],"payload":"hi"}"#;
    let headers = vec![("trace".into(), "1".into()), ("trace".into(), "2".into())];
    let expected = Envelope {
        key: Some("UA".into()),
        headers,
        payload: b"hi".to_vec(),
        dedup_id: None,
        delay: None,
        expires_in: None,
    };
    assert_eq!(Envelope::parse(line), Ok(expected));
}

#[test]
fn base64_gives_any_bytes() {
    let envelope = Envelope::parse(br#"{"payload_base64":"/wA="}"#).unwrap();
    assert_eq!(envelope.payload, b"\xff\x00");
}

#[test]
fn what_is_wrong_is_named() {
    assert!(refused(r#"{"payload":"x","kye":"k"}"#).contains("unknown field `kye`"));
    assert!(refused("{}").contains("`payload` or `payload_base64`"));
    assert!(refused(r#"{"payload":"x","payload_base64":""}"#).contains("not both"));
    assert!(refused(r#"{"payload_base64":"%"}"#).contains("not base64"));
    assert!(refused(r#"{"payload":{"a":1}}"#).contains("not a message: invalid type: map"));
    assert!(refused(r#"{"payload":"x"#).contains("not JSON: EOF"));
    assert!(refused(r#"{"payload":"x","headers":[["a b","v"]]}"#).contains("`a b`"));
    assert!(refused(r#"{"payload":"x","headers":[["a","v\n"]]}"#).contains("control character"));
}

#[test]
fn an_envelope_says_how_it_is_to_be_published() {
    let line = br#"{"payload":"","dedup_id":"o-1","delay":"5s","expires_in":"1_000ms"}"#;
    let envelope = Envelope::parse(line).unwrap();
    let (delay, expires_in) = (Some(Duration::from_secs(5)), Some(Duration::from_secs(1)));
    assert_eq!(envelope.terms(), Terms { dedup_id: Some("o-1"), delay, expires_in });
    assert_eq!(Envelope::parse(br#"{"payload":""}"#).unwrap().terms(), Terms::default());
}

#[test]
fn a_wrong_duration_is_named() {
    let error = refused(r#"{"payload":"","delay":"5 s"}"#);
    assert!(error.starts_with("`delay`: `5 s` is no duration: write it as"), "{error}");
    assert!(refused(r#"{"payload":"","expires_in":5}"#).contains("invalid type: integer `5`"));
}
