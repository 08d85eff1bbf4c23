use std::time::{Duration, Instant};

use super::one;
use crate::{CONDITION_BYTES_MAX, CONDITION_PAYLOAD_MAX, Condition, ConditionError, Subject};
use millstream_message::Batch;

pub(super) const SUBJECT: Subject<'_> = Subject { topic: "orders" };

pub(super) fn order() -> Batch {
    let headers = [("trace", "first"), ("n", "7"), ("trace", "last")];
    let payload = r#"{"amount":12.5,"n":3,"big":18446744073709551615,"name":"Zürich \"x\"","tags":["a","b"],
        "items":[{"p":1},{"p":20}],"none":null,"yes":true,"at":{"deep":{"er":1}}}"#;
    one(Some("UA"), &headers, payload.as_bytes())
}

fn test(condition: &str, batch: &Batch) -> Result<bool, ConditionError> {
    Condition::parse(condition)?.matches(batch.get(0), &SUBJECT)
}

#[track_caller]
fn all_true(batch: &Batch, conditions: &[&str]) {
    for condition in conditions {
        assert_eq!(test(condition, batch), Ok(true), "{condition}");
    }
}

#[track_caller]
fn all_false(batch: &Batch, conditions: &[&str]) {
    for condition in conditions {
        assert_eq!(test(condition, batch), Ok(false), "{condition}");
    }
}

fn refused(condition: &str) -> ConditionError {
    Condition::parse(condition).expect_err(condition)
}

#[test]
fn every_variable_says_what_the_message_says() {
    let batch = order();
    let id = format!("id == '{}'", batch.ids()[0]);
    all_true(
        &batch,
        &[
            &id,
            "topic == 'orders'",
            "key == 'UA'",
            "headers.trace == 'last' && headers['n'] == '7' && size(headers) == 2",
            "payload.amount == 12.5 && payload.n == 3 && payload.name == 'Zürich \"x\"'",
            "payload.big == 18446744073709551615u && payload.yes && payload.none == null",
            "text.startsWith('{\"amount\"') && text.contains('Zürich')",
            "size > 100 && size < 300 && size == size(bytes(text))",
            "published_at == timestamp('2013-01-01T10:00:00.123Z')",
            "published_at.getFullYear() == 2013 && published_at > timestamp('2012-12-31T00:00:00Z')",
            "reason == null && error == null && subscription == null && plugin == null",
            "attempts == 0 && deliveries == 0 && first_failed_at == null && last_failed_at == null",
        ],
    );
}

#[test]
fn a_dead_letter_tells_its_story() {
    let letter = one(
        None,
        &[
            ("millstream-dead-letter-reason", "exhausted"),
            ("millstream-dead-letter-subscription", "find-delays"),
            ("millstream-dead-letter-id", "01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7"),
            ("millstream-dead-letter-plugin", "delays"),
            ("millstream-dead-letter-error", "trap: 100%25%0A at main"),
            ("millstream-dead-letter-attempts", "5"),
            ("millstream-dead-letter-deliveries", "6"),
            ("millstream-dead-letter-first-failed-at", "2013-01-01T10:00:00.000Z"),
            ("millstream-dead-letter-last-failed-at", "2013-01-01T10:00:09.000Z"),
        ],
        b"{}",
    );
    all_true(
        &letter,
        &[
            "id == '01980a3c-6f1e-7d20-8c4b-5f2a9e01d3b7'",
            "reason == 'exhausted' && subscription == 'find-delays' && plugin == 'delays'",
            "error == 'trap: 100%\\n at main'",
            "attempts == 5 && deliveries == 6",
            "last_failed_at - first_failed_at == duration('9s')",
        ],
    );
}

#[test]
fn what_cel_offers_works() {
    all_true(
        &order(),
        &[
            "true",
            "payload.amount > 10 && key != null",
            "key in ['UA', 'DL']",
            "'a' in payload.tags && 'n' in payload",
            "payload.items.exists(i, i.p > 10) && !payload.items.all(i, i.p > 10)",
            "payload.items.exists_one(key, key.p == 1)",
            "payload.items.map(i, i.p) == [1, 20] && size(payload.items.filter(i, i.p > 1)) == 1",
            "payload.items.exists(i, payload.tags.exists(t, t == 'b' && i.p == 20))",
            "key.matches('^U.$') && matches(key, 'A')",
            "payload.at.deep.er == 1 && payload['at']['deep']['er'] == 1",
            "payload.n * 2 + 1 == 7 && string(payload.n) == '3'",
            "type(payload.n) == int && {'a': 1}.a == 1",
        ],
    );
}

#[test]
fn what_is_absent_matches_nothing() {
    all_false(
        &order(),
        &[
            "payload.absent == 1",
            "payload.absent != 1",
            "!(payload.absent == 1)",
            "payload.at.absent.deeper == 1",
            "payload.none.member == 1",
            "payload.none > 1",
            "payload.none + 1 == 2",
            "payload.none",
            "payload.tags[7] == 'a'",
            "headers.absent == 'x'",
            "payload.none.exists(x, true)",
        ],
    );
    all_true(
        &order(),
        &[
            "!has(payload.absent) && has(payload.n) && has(headers.n)",
            "payload.absent == 1 || key == 'UA'",
            "has(payload.absent) ? payload.absent == 1 : key == 'UA'",
        ],
    );
}

#[test]
fn a_payload_that_is_not_json_is_null_and_text_only_where_it_is_utf8() {
    let batch = one(None, &[], b"{oops");
    all_true(&batch, &["payload == null && text == '{oops'"]);
    all_false(&batch, &["payload.amount > 1", "has(payload.amount)", "key.startsWith('a')"]);
    all_true(&one(None, &[], b"\xff\xff"), &["payload == null && text == null && size == 2"]);
    for payload in ["{} {}", "", "\"\\ud800\""] {
        all_true(&one(None, &[], payload.as_bytes()), &["payload == null"]);
    }
    let deep = "[".repeat(100_000);
    all_true(&one(None, &[], deep.as_bytes()), &["payload == null"]);
}

#[test]
fn a_payload_that_passes_a_bound_is_null() {
    let text = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
    let fits = one(None, &[], text(CONDITION_PAYLOAD_MAX).as_bytes());
    all_true(&fits, &["payload != null"]);
    let large = one(None, &[], text(CONDITION_PAYLOAD_MAX + 1).as_bytes());
    all_true(&large, &["payload == null && size(text) > 1000000"]);
    let list = |items: usize| format!("[{}1]", "1,".repeat(items - 1));
    all_true(&one(None, &[], list(99_999).as_bytes()), &["size(payload) == 99999"]);
    all_true(&one(None, &[], list(100_000).as_bytes()), &["payload == null"]);
}

#[test]
fn types_that_do_not_fit_are_an_error_that_names_them() {
    let error = |condition: &str| test(condition, &order()).unwrap_err().message;
    assert_eq!(
        error("payload.name > 1"),
        "found no matching overload for '_>_' applied to '(string, int)'"
    );
    assert!(error("payload.n").contains("a value of type int, not true or false"));
    assert!(error("payload.n / 0 == 1").starts_with("division by zero"));
    assert!(error("payload.n + 9223372036854775807 > 0").starts_with("overflow"));
    assert!(error("payload.name + 1 == 'x'").chars().count() < 300);
    assert!(error("key.matches(payload.name + '(')").contains("unclosed group"));
    assert!(error("payload.yes && key").contains("_&&_"));
}

#[test]
fn what_is_unknown_is_refused_with_what_there_is() {
    let error = refused("size > 1 && playload.n == 1");
    assert_eq!(error.message, "there is no variable `playload`: did you mean `payload`?");
    assert_eq!(error.offset, Some(12));
    let error = refused("'Zürich' == amount");
    assert!(error.message.contains("there are id, topic, key, headers, payload"), "{error}");
    assert_eq!(error.offset, Some(13), "in bytes");
    assert!(refused("key.startswith('a')").message.contains("did you mean `startsWith`?"));
    assert!(refused("now() > published_at").message.contains("there are size, contains"));
    assert!(refused("payload.all(x)").message.contains("list.all(x, an expression with x)"));
    assert!(refused("payload.exists(x, y == 1)").message.contains("no variable `y`"));
    assert!(refused("payload.exists(x, true) && x").message.contains("no variable `x`"));
    assert!(refused("Thing{a: 1} == null").message.contains("no type `Thing`"));
    assert!(refused("optional.of(key).hasValue()").message.contains("`optional`"));
    assert!(refused("payload.?n == 1").message.contains("unsupported syntax"));
}

#[test]
fn what_is_no_expression_is_refused_at_its_place() {
    assert_eq!(refused("key ==").offset, Some(6));
    assert_eq!(refused("key == 'a' &&\n  'ü' = 1").offset, Some(21));
    for text in ["", " ", "key = 'a'", "'open", "a b", "(((", "\u{0}", "1 +", "`x`"] {
        let error = refused(text);
        assert!(!error.message.contains('\n') && error.message.chars().count() < 300, "{error}");
    }
    assert!(refused("key.matches('(')").message.contains("unclosed group"));
    assert!(refused("key.matches('a{1000}{1000}')").message.contains("too large"));
}

#[test]
fn what_can_never_be_true_or_false_is_refused() {
    for text in ["1", "'a'", "[key]", "{}", "size + 1", "-size"] {
        assert!(refused(text).message.contains("neither true nor false"), "{text}");
    }
}

#[test]
fn size_depth_loops_and_references_are_bounded() {
    let long = format!("key == '{}'", "x".repeat(CONDITION_BYTES_MAX));
    assert!(refused(&long).message.contains("at most 4096"));
    let nested = format!("{}key == null{}", "(".repeat(90), ")".repeat(90));
    assert!(Condition::parse(&nested).is_ok(), "parentheses alone cost nothing");
    let many = |part: &str, n: usize| vec![part; n].join(" + ") + " == 1";
    assert!(Condition::parse(&many("1", 40)).is_ok());
    assert!(refused(&many("1", 1000)).message.contains("nests deeper"));
    let either = vec!["size == 1"; 64].join(" || ");
    assert!(Condition::parse(&either).is_ok());
    assert!(refused(&format!("{either} || true && size == 1")).message.contains("more than 64"));
    let loops = "payload.all(a, a.all(b, b.all(c, c == 1)))";
    assert!(refused(loops).message.contains("more than 2 deep"));
    let beside = ["payload.all(a, a.all(b, b == 1))"; 5].join(" || ");
    assert!(Condition::parse(&beside).is_ok(), "loops beside each other are as many as one likes");
}

/// The parser recurses for each operator: half a MiB of stack was too little.
#[test]
fn the_deepest_texts_that_fit_are_refused_not_fatal() {
    let fill = |before: &str, part: &str, after: &str| {
        let n = (CONDITION_BYTES_MAX - before.len() - after.len()) / part.len();
        format!("{before}{}{after}", part.repeat(n))
    };
    for text in [
        fill("", "(", ""),
        fill("", "[", ""),
        fill("", "!", "true"),
        fill("", "! ", "true"),
        fill("", "-", "1"),
        fill("", "{1:", ""),
        fill("key", ".a", ""),
        fill("key", "[0]", ""),
        fill("1", "+1", ""),
        fill("1", "<1", ""),
        fill("true", "&&true", ""),
        fill("", "true?", ""),
        fill("", "true?1:", "2"),
        fill("key", ".size()", ""),
        fill("", "size(", ""),
        fill("", "has(", ""),
        fill("[1]", ".map(x,x)", ""),
        fill("[1]", ".all(x,[1]", ""),
    ] {
        let _ = Condition::parse(&text);
    }
}

#[test]
fn a_loop_that_costs_too_much_ends() {
    let list = format!("[{}1]", "1,".repeat(50_000));
    let batch = one(None, &[], list.as_bytes());
    for condition in [
        "payload.all(a, payload.all(b, a == b))",
        "payload.exists(a, payload.exists(b, a + b == 0))",
        "payload.exists_one(a, payload.exists_one(b, b == 2))",
        "size(payload.map(a, payload.map(b, b + 1))) == 1",
        "size(payload.filter(a, size(payload.filter(b, b == a)) == 1)) == 1",
        "payload.map(a, [a, payload]) == []",
    ] {
        let started = Instant::now();
        let error = test(condition, &batch).unwrap_err();
        assert!(error.message.contains("its loops took more than 250 ms"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[test]
fn a_condition_is_shared_between_threads() {
    fn shareable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let condition = Condition::parse("key == 'UA'").unwrap();
    shareable(&condition);
    let copy = condition.clone();
    let batch = order();
    let elsewhere = std::thread::spawn(move || copy.matches(batch.get(0), &SUBJECT));
    assert_eq!(elsewhere.join().unwrap(), Ok(true));
    assert_eq!(
        (condition.as_str(), condition.to_string().as_str()),
        ("key == 'UA'", "key == 'UA'")
    );
}
