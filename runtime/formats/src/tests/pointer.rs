use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::Pointer;

fn key(pointer: &str, payload: &str) -> Option<String> {
    let pointer: Pointer = pointer.parse().unwrap();
    pointer.key(payload.as_bytes()).map(Cow::into_owned)
}

#[test]
fn strings_are_taken_as_they_are_and_scalars_as_json_text() {
    let payload = r#"{"s":"Zürich","e":"a\"\u00e9","n":12345678901234567890123,"f":1.10,"b":true}"#;
    assert_eq!(key("/s", payload).as_deref(), Some("Zürich"));
    assert_eq!(key("/e", payload).as_deref(), Some("a\"é"));
    assert_eq!(key("/n", payload).as_deref(), Some("12345678901234567890123"));
    assert_eq!(key("/f", payload).as_deref(), Some("1.10"));
    assert_eq!(key("/b", payload).as_deref(), Some("true"));
}

#[test]
fn what_is_absent_empty_or_no_scalar_is_no_key() {
    let payload = r#"{"empty":"","null":null,"list":[1],"object":{"a":1},"n":1}"#;
    for pointer in ["/absent", "/empty", "/null", "/list", "/object", "/n/deeper", "/list/1", ""] {
        assert_eq!(key(pointer, payload), None, "{pointer}");
    }
}

#[test]
fn what_is_not_json_has_no_key() {
    for payload in ["", "{\"a\":\"x\"", "{\"a\":\"x\"} {}", "a=x"] {
        assert_eq!(key("/a", payload), None, "{payload}");
    }
    let pointer: Pointer = "/a".parse().unwrap();
    assert_eq!(pointer.key(b"{\"a\":\"\xff\"}"), None);
}

#[test]
fn a_payload_nested_deeper_than_the_stack_has_no_key() {
    let pointer = "/0".repeat(1 << 16);
    assert_eq!(key(&pointer, &"[".repeat(1 << 16)), None);
    let payload = format!("{}{}", "[".repeat(1 << 16), "]".repeat(1 << 16));
    assert_eq!(key(&pointer, &payload), None);
}

#[test]
fn a_key_without_escapes_is_borrowed() {
    let pointer: Pointer = "/carrier".parse().unwrap();
    assert!(matches!(pointer.key(br#"{"carrier":"UA"}"#), Some(Cow::Borrowed("UA"))));
}

#[test]
fn nested_members_items_and_escaped_names_are_found() {
    let payload = r#"{"a/b":{"m~n":["x",{"":"y"}]},"a":"no","01":"leading"}"#;
    assert_eq!(key("/a~1b/m~0n/0", payload).as_deref(), Some("x"));
    assert_eq!(key("/a~1b/m~0n/1/", payload).as_deref(), Some("y"));
    assert_eq!(key("/a~1b/m~0n/00", payload), None);
    assert_eq!(key("/01", payload).as_deref(), Some("leading"));
    assert_eq!(key("", "\"whole\"").as_deref(), Some("whole"));
}

#[test]
fn a_text_that_is_no_pointer_is_refused_with_the_accepted_form() {
    for text in ["carrier", "a/b", "/a~", "/a~2", "$.a"] {
        let error = text.parse::<Pointer>().unwrap_err().to_string();
        assert!(error.contains(text) && error.contains("`/carrier`"), "{error}");
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab/~0]{0,2}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn it_finds_what_serde_json_finds(
        document in document(),
        tokens in prop::collection::vec("[ab0]|~0|~1|", 0..3),
    ) {
        let pointer: String = tokens.iter().map(|token| format!("/{token}")).collect();
        let expected = document.pointer(&pointer).and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        });
        let expected = expected.filter(|key| !key.is_empty());
        prop_assert_eq!(key(&pointer, &document.to_string()), expected);
    }
}
