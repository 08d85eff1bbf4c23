use crate::{Envelope, Reason};

fn refused(line: &str) -> String {
    Envelope::parse(line.as_bytes()).unwrap_err().to_string()
}

#[test]
fn an_envelope_gives_key_headers_and_payload() {
    let line = br#"{"key":"UA","headers":[["Trace","1"],["trace","2"]],"payload":"hi"}"#;
    let headers = vec![("trace".into(), "1".into()), ("trace".into(), "2".into())];
    let expected = Envelope { key: Some("UA".into()), headers, payload: b"hi".to_vec() };
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
fn what_is_not_built_yet_says_so() {
    for name in ["dedup_id", "delay", "expires_in"] {
        let line = format!(r#"{{"payload":"x","{name}":"1s"}}"#);
        let expected = Reason::Unavailable(format!("`{name}` is not available yet"));
        assert_eq!(Envelope::parse(line.as_bytes()), Err(expected));
    }
}
