use serde_json::json;

use super::*;

fn output(payload: &str) -> Published {
    let payload = payload.as_bytes().to_vec();
    Published { topic: None, key: Some("k".to_owned()), headers: Vec::new(), payload, delay_ms: 5 }
}

fn any_output() -> ExpectedOutput {
    ExpectedOutput { payload: None, topic: None, key: None, headers: None, delay_ms: None }
}

/// The mismatches of one output, each as one line.
fn mismatches(expected: ExpectedOutput, found: Published) -> Vec<String> {
    let lines = compare(&Expected::Ok(Some(vec![expected])), &Observed::Ok(vec![found]));
    lines
        .into_iter()
        .map(|(place, expected, found)| format!("{place}: {expected} / {found}"))
        .collect()
}

fn json_mismatches(expected: Value, found: &str) -> Vec<String> {
    mismatches(
        ExpectedOutput { payload: Some(ExpectedPayload::Json(expected)), ..any_output() },
        output(found),
    )
}

#[test]
fn json_ignores_the_order_of_keys_and_how_a_number_is_written() {
    assert!(json_mismatches(json!({"a": 1, "b": [2.0]}), r#"{"b":[2],"a":1.0}"#).is_empty());
}

#[test]
fn json_differences_are_named_by_their_pointer() {
    let found =
        json_mismatches(json!({"a": {"b/c": [1, 2]}, "d": "x"}), r#"{"a":{"b/c":[1,3]},"e":null}"#);
    assert_eq!(
        found,
        [
            "json /a/b~1c/1 of output 1: 2 / 3",
            "json /d of output 1: \"x\" / absent",
            "json /e of output 1: absent / null"
        ]
    );
}

#[test]
fn a_payload_that_is_no_json_is_shown() {
    assert_eq!(json_mismatches(json!(1), "one"), ["payload of output 1: JSON 1 / \"one\""]);
}

#[test]
fn only_what_is_given_is_compared() {
    assert!(mismatches(any_output(), output("x")).is_empty());
    let all = ExpectedOutput {
        payload: Some(ExpectedPayload::Bytes(b"y".to_vec())),
        topic: Some(Some("t".to_owned())),
        key: Some(None),
        headers: Some(vec![("a".to_owned(), "b".to_owned())]),
        delay_ms: Some(0),
    };
    assert_eq!(
        mismatches(all, output("x")),
        [
            "payload of output 1: \"y\" / \"x\"",
            "topic of output 1: \"t\" / the subscription's output",
            "key of output 1: no key / \"k\"",
            "headers of output 1: [(\"a\", \"b\")] / []",
            "delay of output 1: 0 ms / 5 ms",
        ]
    );
}

#[test]
fn a_text_is_a_part_of_what_is_found() {
    let found = Observed::Reject("flight 7 was cancelled".to_owned());
    assert!(compare(&Expected::Reject("cancelled".to_owned()), &found).is_empty());
    let (place, expected, found) =
        compare(&Expected::Reject("diverted".to_owned()), &found).remove(0);
    assert_eq!(
        (place.as_str(), expected.as_str(), found.as_str()),
        ("reason of the rejection", "text with \"diverted\"", "flight 7 was cancelled")
    );
}

#[test]
fn another_outcome_is_one_difference() {
    let failure = Observed::Failed("trap: boom\nbacktrace".to_owned());
    let mismatch = compare(&Expected::Ok(Some(vec![any_output()])), &failure);
    assert_eq!(mismatch, [("outcome".to_owned(), "ok".to_owned(), "trap: boom".to_owned())]);
}

#[test]
fn runs_that_disagree_are_a_difference_even_where_nothing_is_compared() {
    let (one, other) = (Observed::Ok(vec![output("1")]), Observed::Ok(vec![output("2")]));
    assert!(disagreement(&one, &one).is_none());
    assert!(disagreement(&one, &other).is_some());
}

#[test]
fn a_long_value_is_cut() {
    let text = quoted(&"x".repeat(10_000));
    assert!(text.ends_with('…') && text.chars().count() == SHOWN_CHARS_MAX + 1, "{text}");
}
