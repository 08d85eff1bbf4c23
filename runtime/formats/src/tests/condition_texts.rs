//! Conditions made at random: none may panic, whatever it says.

use millstream_message::Batch;
use proptest::prelude::*;

use super::condition::{SUBJECT, order};
use super::one;
use crate::Condition;

/// Text made of what conditions are made of, so that many of them can be read.
fn likely() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "payload",
        "key",
        "text",
        "size",
        "headers",
        "topic",
        "published_at",
        "attempts",
        ".n",
        ".none",
        ".items",
        ".tags",
        "[0]",
        "[\"n\"]",
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615u",
        "0u",
        "1.5",
        "1e308",
        "'a'",
        "\"\"",
        "b'a'",
        "null",
        "true",
        "false",
        "[1, 2]",
        "{'a': 1}",
        "==",
        "!=",
        "<",
        ">",
        "+",
        "-",
        "*",
        "/",
        "%",
        "&&",
        "||",
        "!",
        "?",
        ":",
        "in",
        "(",
        ")",
        "[",
        "]",
        ",",
        "size(",
        "int(",
        "uint(",
        "double(",
        "string(",
        "bytes(",
        "timestamp(",
        "duration('1s')",
        "duration('9223372036s')",
        "has(",
        "type(",
        ".all(x, ",
        ".exists(x, ",
        ".map(x, ",
        ".filter(x, ",
        ".exists_one(x, ",
        "x",
        ".getHours()",
        ".getDate('UTC')",
        ".contains('a')",
        ".matches('[a-z]')",
        ".size()",
        "'\\u00fc'",
        "ü",
    ]);
    prop::collection::vec(word, 1..12).prop_map(|words| words.join(" "))
}

/// Operators between values of every kind, the extremes among them.
fn well_formed() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "payload",
        "payload.n",
        "payload.big",
        "payload.items",
        "payload.none",
        "key",
        "text",
        "size",
        "headers",
        "published_at",
        "0",
        "-1",
        "9223372036854775807",
        "(-9223372036854775807 - 1)",
        "18446744073709551615u",
        "0u",
        "1.5",
        "-0.0",
        "double('NaN')",
        "double('inf')",
        "1e308",
        "''",
        "'ü'",
        "b'a'",
        "null",
        "true",
        "[]",
        "[1, 'a']",
        "{'a': 1}",
        "duration('1s')",
        "duration('-9223372036s')",
        "timestamp('9999-12-31T23:59:59Z')",
        "timestamp('0001-01-01T00:00:00Z')",
        "timestamp(9223372036854775807)",
        "int",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "||", "in",
        ]);
        let call = prop::sample::select(vec![
            "size",
            "int",
            "uint",
            "double",
            "string",
            "bytes",
            "bool",
            "timestamp",
            "duration",
            "type",
            "dyn",
            "-",
            "!",
        ]);
        let member = prop::sample::select(vec![
            ".getFullYear()",
            ".getMonth()",
            ".getDayOfYear()",
            ".getHours()",
            ".getMilliseconds()",
            ".getDate('Europe/Zurich')",
            ".getHours('-23:59')",
            ".size()",
            ".a",
            "[0]",
            "[-1]",
            "['a']",
            ".contains('')",
            ".matches('ü+')",
        ]);
        let list = prop::sample::select(vec!["all", "exists", "exists_one", "map", "filter"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (call, inner.clone()).prop_map(|(call, a)| format!("{call}({a})")),
            (inner.clone(), member).prop_map(|(a, member)| format!("{a}{member}")),
            (inner.clone(), list, inner.clone())
                .prop_map(|(a, list, b)| format!("{a}.{list}(x, x == {b})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
        ]
    })
}

/// Any panic fails the test, also one that `matches` would catch.
fn never_panics(text: &str) {
    let before = super::panics();
    if let Ok(condition) = Condition::parse(text) {
        let _ = condition.matches(order().get(0), &SUBJECT);
    }
    assert_eq!(super::panics(), before, "{text}");
}

fn evaluated(text: &str, batch: &Batch) {
    let condition = Condition::parse(text).unwrap();
    let _ = condition.matches(batch.get(0), &SUBJECT);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,60}") {
        never_panics(&text);
    }

    #[test]
    fn likely_text_never_panics(text in likely()) {
        never_panics(&text);
    }

    #[test]
    fn well_formed_text_never_panics(text in well_formed()) {
        never_panics(&format!("{text} == 1"));
        never_panics(&text);
    }

    #[test]
    fn arbitrary_payloads_never_panic(payload in prop::collection::vec(any::<u8>(), 0..60)) {
        let batch = one(None, &[], &payload);
        evaluated("payload.exists(x, x == 1) || text.size() > 3 || payload.a == 'b'", &batch);
    }
}
