use std::time::Duration;

use crate::testing::{Delivery, Sent, configured, handled_as_batch};
use crate::{Failure, Message, OrFail, Outputs};

fn deliveries(payloads: &[&str]) -> Vec<Delivery> {
    let delivery = |payload: &&str| {
        let delivery = Delivery::of(payload).key(format!("key-{payload}"));
        (0..payload.len()).fold(delivery, |delivery, i| delivery.header(format!("H{i}"), *payload))
    };
    payloads.iter().map(delivery).collect()
}

/// What forwarding the message with `payload` gives.
fn forwarded(payload: &str) -> Sent {
    Sent {
        topic: None,
        key: Some(format!("key-{payload}")),
        headers: (0..payload.len()).map(|i| (format!("h{i}"), payload.to_owned())).collect(),
        payload: payload.as_bytes().to_vec(),
        delay: Duration::ZERO,
    }
}

fn plain(payload: &str) -> Sent {
    Sent { key: None, headers: Vec::new(), ..forwarded(payload) }
}

/// Does what the payload's first letter says.
fn by_letter(message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    match message.text()?.chars().next() {
        Some('f') => {
            out.forward(message);
        }
        Some('t') => {
            out.forward(message);
            out.forward(message);
        }
        Some('p') => {
            out.push("pushed");
        }
        Some('k') => {
            out.forward(message)
                .key("changed")
                .header("added", "yes")
                .to("there")
                .delay(Duration::from_millis(7));
        }
        Some('r') => {
            out.forward(message);
            out.push("lost")
                .key("lost")
                .header("lost", "lost")
                .to("lost")
                .delay(Duration::from_secs(1));
            return Err(Failure::reject("refused"));
        }
        _ => {}
    }
    Ok(())
}

fn answers(payloads: &[&str]) -> Vec<Result<Vec<Sent>, Failure>> {
    handled_as_batch(&deliveries(payloads), by_letter)
}

#[test]
fn a_batch_handed_on_whole_comes_out_as_it_went_in() {
    let payloads = ["f", "f12", "f3", "f"];
    let whole: Vec<_> = payloads.iter().map(|payload| Ok(vec![forwarded(payload)])).collect();
    assert_eq!(answers(&payloads), whole);
}

#[test]
fn every_mixture_of_outputs_keeps_its_order_and_its_message() {
    let changed = Sent {
        topic: Some("there".to_owned()),
        key: Some("changed".to_owned()),
        headers: vec![
            ("h0".to_owned(), "k8".to_owned()),
            ("h1".to_owned(), "k8".to_owned()),
            ("added".to_owned(), "yes".to_owned()),
        ],
        payload: b"k8".to_vec(),
        delay: Duration::from_millis(7),
    };
    assert_eq!(
        answers(&["f1", "f", "-", "f2", "p", "f34", "t5", "r", "f6", "r7", "k8", "f9", "p"]),
        [
            Ok(vec![forwarded("f1")]),
            Ok(vec![forwarded("f")]),
            Ok(vec![]),
            Ok(vec![forwarded("f2")]),
            Ok(vec![plain("pushed")]),
            Ok(vec![forwarded("f34")]),
            Ok(vec![forwarded("t5"), forwarded("t5")]),
            Err(Failure::reject("refused")),
            Ok(vec![forwarded("f6")]),
            Err(Failure::reject("refused")),
            Ok(vec![changed]),
            Ok(vec![forwarded("f9")]),
            Ok(vec![plain("pushed")]),
        ]
    );
}

#[test]
fn a_batch_answers_what_its_messages_answer_alone() {
    // Every batch of three of these, which covers each thing after each other.
    let letters = ["f1", "t", "p", "k2", "r", "-"];
    for i in 0..letters.len().pow(3) {
        let [a, b, c] = [i / 36, i / 6 % 6, i % 6].map(|letter| letters[letter]);
        let batch = deliveries(&[a, b, c]);
        let alone: Vec<_> = batch.iter().map(|delivery| delivery.handled_by(by_letter)).collect();
        assert_eq!(handled_as_batch(&batch, by_letter), alone, "{a} {b} {c}");
    }
}

#[test]
fn a_failed_message_publishes_nothing() {
    assert_eq!(answers(&["r", "p"]), [Err(Failure::reject("refused")), Ok(vec![plain("pushed")])]);
}

#[test]
fn a_value_without_json_form_is_a_rejection_and_leaves_no_output() {
    let by_pair = std::collections::BTreeMap::from([((1, 2), 3)]);
    let sent = Delivery::of("").handled_by(|_, out| {
        let failure = out.json(&by_pair).err().map(|failure| failure.to_string());
        out.push(failure.unwrap_or_default());
    });
    let sent = sent.unwrap();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].text().starts_with("cannot write the output as JSON: "), "{sent:?}");
}

#[test]
fn a_retry_says_when() {
    let retry = |wait: Duration| {
        Delivery::of("").handled_by(move |_, _| Err::<(), _>(Failure::retry("no").after(wait)))
    };
    let after = |ms| Err(Failure::retry("no").after(Duration::from_millis(ms)));
    assert_eq!(retry(Duration::from_millis(250)), after(250));
    assert_eq!(retry(Duration::ZERO), after(1), "at once, not when the backoff says");
    assert_eq!(retry(Duration::from_nanos(1_000_001)), after(2));
    assert_eq!(retry(Duration::MAX), after(u32::MAX.into()));
    let by_backoff = Delivery::of("").handled_by(|_, _| Err::<(), _>(Failure::retry("no")));
    assert_eq!(by_backoff, Err(Failure::retry("no")));
}

#[test]
fn one_retry_in_a_batch_delays_no_other() {
    let batch = [1, 2, 1].map(|attempt| Delivery::of("").attempt(attempt));
    let answers = handled_as_batch(&batch, |message, _| match message.attempt() {
        1 => Err(Failure::retry("backoff")),
        _ => Err(Failure::retry("soon").after(Duration::from_millis(5))),
    });
    let soon = Err(Failure::retry("soon").after(Duration::from_millis(5)));
    assert_eq!(answers, [Err(Failure::retry("backoff")), soon, Err(Failure::retry("backoff"))]);
}

#[test]
fn a_reason_is_one_line() {
    let answer =
        Delivery::of("").handled_by(|_, _| Err::<(), _>(Failure::reject("one\ntwo\r\nthree")));
    assert_eq!(answer, Err(Failure::reject("one two  three")));
}

#[test]
fn what_cannot_be_read_is_rejected_with_its_place() {
    let read = |payload: &[u8]| {
        Delivery::of(payload).handled_by(|message, _| message.json::<[u8; 2]>().map(drop))
    };
    let reason = |payload: &[u8]| read(payload).unwrap_err().reason().to_owned();
    assert_eq!(reason(b"[1,\n x"), "malformed JSON: expected value at line 2 column 2");
    assert!(reason(b"[1, 300]").starts_with("unexpected JSON: invalid value"));
    assert!(reason(b"").starts_with("malformed JSON: EOF"));
    let text = Delivery::of(b"ab\xff").handled_by(|message, _| message.text().map(drop));
    assert_eq!(text, Err(Failure::reject("not UTF-8 at byte 2")));
}

#[test]
fn any_error_becomes_the_failure_that_its_author_chooses() {
    let number = "x".parse::<u8>();
    assert_eq!(
        number.clone().or_reject("number").unwrap_err(),
        Failure::reject("number: invalid digit found in string")
    );
    assert_eq!(
        number.or_retry("number").unwrap_err(),
        Failure::retry("number: invalid digit found in string")
    );
    assert_eq!(None::<u8>.or_reject("no number"), Err(Failure::reject("no number")));
}

#[test]
fn a_message_shows_all_that_it_carries() {
    let delivery =
        Delivery::of("body").key("k").header("Trace", "a").header("trace", "b").attempt(3);
    delivery
        .handled_by(|message, _| {
            assert_eq!(
                (message.payload(), message.key(), message.attempt()),
                (&b"body"[..], Some("k"), 3)
            );
            assert_eq!(message.headers().collect::<Vec<_>>(), [("trace", "a"), ("trace", "b")]);
            assert_eq!((message.header("TRACE"), message.header("other")), (Some("a"), None));
            assert_eq!((message.id(), message.topic()), ("message-0", "testing"));
        })
        .unwrap();
    Delivery::of("")
        .handled_by(|message, _| assert_eq!((message.key(), message.headers().len()), (None, 0)))
        .unwrap();
}

#[test]
fn a_refused_setting_is_named() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[serde(rename = "limits")]
        _limits: Vec<u8>,
    }
    let refused = |config| configured(config, Ok::<Settings, String>).unwrap_err();
    assert_eq!(
        refused(r#"{"limits":[1,"x"]}"#),
        "limits[1]: invalid type: string \"x\", expected u8"
    );
    assert_eq!(refused("{}"), "missing field `limits`");
    assert_eq!(
        configured(r#"{"limits":[]}"#, |_: Settings| Err::<(), _>("no limits")).unwrap_err(),
        "no limits"
    );
}
