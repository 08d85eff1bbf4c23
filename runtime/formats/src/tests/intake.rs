use std::time::Duration;

use millstream_message::{Batch, MessageId};

use crate::{
    DEDUP_ID_BYTES_MAX, Defaults, DraftedBatch, Form, Format, Intake, MessageLimits, Reason,
    Refused, Stamp, dedup_hash,
};

const LIMITS: MessageLimits = MessageLimits { payload_max: 32, key_and_headers_max: 16 };
const STAMP: Stamp = Stamp { unix_ms: 1000, random: 40 };

/// Feeds `body` byte by byte.
fn parts(form: Form, defaults: Defaults, body: &[u8]) -> Result<DraftedBatch, Refused> {
    let mut intake = Intake::new(form, defaults, LIMITS);
    body.chunks(1).try_for_each(|byte| intake.feed(byte))?;
    Ok(intake.finish()?.into_parts(STAMP))
}

fn read(form: Form, defaults: Defaults, body: &[u8]) -> Result<Batch, Refused> {
    parts(form, defaults, body).map(|parts| parts.batch)
}

fn payloads(batch: &Batch) -> Vec<&[u8]> {
    batch.iter().map(|message| message.payload()).collect()
}

fn keys(batch: &Batch) -> Vec<Option<&str>> {
    batch.iter().map(|message| message.key()).collect()
}

#[test]
fn a_whole_body_is_one_message_even_when_empty() {
    let batch = read(Form::Whole, Defaults::default(), b"a\nb\n").unwrap();
    assert_eq!(payloads(&batch), [b"a\nb\n"]);
    assert_eq!(payloads(&read(Form::Whole, Defaults::default(), b"").unwrap()), [b""]);
}

#[test]
fn ids_ascend_from_the_stamp() {
    let batch = read(Form::Lines(Format::Lines), Defaults::default(), b"a\nb").unwrap();
    assert_eq!(batch.ids(), [MessageId::published(1000, 40), MessageId::published(1000, 41)]);
    assert_eq!(batch.published_at(), [1000, 1000]);
}

#[test]
fn empty_lines_are_counted_and_make_no_message() {
    for form in [Form::Lines(Format::Lines), Form::Lines(Format::Ndjson), Form::Envelopes] {
        let mut intake = Intake::new(form, Defaults::default(), LIMITS);
        intake.feed(b"\n\r\n").unwrap();
        assert_eq!(intake.skipped_empty(), 2);
        assert!(intake.finish().unwrap().is_empty());
    }
}

#[test]
fn the_key_in_the_payload_goes_before_the_one_of_the_request() {
    let defaults = Defaults {
        key: Some("request".into()),
        key_from: Some("/k".parse().unwrap()),
        ..Defaults::default()
    };
    let batch = read(Form::Lines(Format::Ndjson), defaults, b"{\"k\":\"own\"}\n{}").unwrap();
    assert_eq!(keys(&batch), [Some("own"), Some("request")]);
}

#[test]
fn an_envelope_goes_before_the_request_and_keeps_its_headers() {
    let headers = vec![("a".into(), "1".into())];
    let defaults = Defaults { key: Some("request".into()), headers, ..Defaults::default() };
    let body = br#"{"payload":"x","key":"own","headers":[["A","2"]]}"#;
    let batch = read(Form::Envelopes, defaults, body).unwrap();
    assert_eq!(keys(&batch), [Some("own")]);
    assert_eq!(batch.get(0).headers().collect::<Vec<_>>(), [("a", "1"), ("a", "2")]);
}

#[test]
fn the_first_bad_line_is_named_and_ends_the_request() {
    let refused =
        read(Form::Lines(Format::Ndjson), Defaults::default(), b"{}\n\nx\n{}").unwrap_err();
    assert_eq!((refused.line, matches!(refused.reason, Reason::Malformed(_))), (3, true));
    let refused =
        read(Form::Envelopes, Defaults::default(), b"{\"payload\":\"\"}\n{}\n").unwrap_err();
    assert_eq!(refused.line, 2);
}

#[test]
fn what_passes_a_limit_is_told_from_what_is_malformed() {
    let long = [b'1'; 33];
    for form in [Form::Whole, Form::Lines(Format::Lines), Form::Lines(Format::Ndjson)] {
        let refused = read(form, Defaults::default(), &long).unwrap_err();
        assert!(matches!(refused.reason, Reason::TooLarge(_)), "{form:?}: {refused}");
    }
    let long_payload = format!(r#"{{"payload":"{}"}}"#, "x".repeat(33));
    let long_key = format!(r#"{{"payload":"","key":"{}"}}"#, "x".repeat(17));
    for envelope in [long_payload, long_key] {
        let refused = read(Form::Envelopes, Defaults::default(), envelope.as_bytes()).unwrap_err();
        assert!(matches!(refused.reason, Reason::TooLarge(_)), "{refused}");
    }
}

#[test]
fn the_largest_message_fits_in_an_envelope_however_it_is_written() {
    let limits = MessageLimits { payload_max: 1000, key_and_headers_max: 1000 };
    let payload = r"\u0000".repeat(limits.payload_max);
    let headers = vec![r#"["\u0061",""]"#; limits.key_and_headers_max].join(",");
    let envelope = format!(r#"{{"headers":[{headers}],"payload":"{payload}"}}"#);
    let mut intake = Intake::new(Form::Envelopes, Defaults::default(), limits);
    intake.feed(envelope.as_bytes()).unwrap();
    let drafts = intake.finish().unwrap();
    assert_eq!((drafts.len(), drafts.into_batch(STAMP).get(0).headers().len()), (1, 1000));
}

#[test]
fn messages_that_ask_for_nothing_cost_no_column() {
    let parts = parts(Form::Lines(Format::Lines), Defaults::default(), b"a\nb").unwrap();
    assert!(parts.dedup.is_empty() && parts.delays_ms.is_empty());
    assert!(parts.expires_in_ms.is_empty());
}

#[test]
fn a_dedup_id_names_a_single_message_and_numbers_several() {
    let defaults = || Defaults { dedup_id: Some("req".into()), ..Defaults::default() };
    let dedup = |form, body: &[u8]| parts(form, defaults(), body).unwrap().dedup;
    let (lines, numbered) =
        (Form::Lines(Format::Lines), [dedup_hash("req/0"), dedup_hash("req/1")]);
    assert_eq!(dedup(Form::Whole, b"a\nb"), [dedup_hash("req")]);
    assert_eq!(dedup(lines, b"\na\n"), [dedup_hash("req")]);
    assert_eq!(dedup(lines, b"a\n\nb"), numbered);
}

#[test]
fn a_dedup_id_of_its_own_goes_before_the_payloads_and_that_before_the_requests() {
    let defaults = Defaults {
        dedup_id: Some("req".into()),
        dedup_from: Some("/d".parse().unwrap()),
        ..Defaults::default()
    };
    let body = br#"{"payload":"{\"d\":7}"}
{"payload":"{\"d\":7}","dedup_id":"own"}
{"payload":"{}","dedup_id":""}
{"payload":"x"}"#;
    let parts = parts(Form::Envelopes, defaults, body).unwrap();
    let expected = ["7", "own", "req/2", "req/3"].map(dedup_hash);
    assert_eq!(parts.dedup, expected);
}

#[test]
fn delay_and_expiry_of_an_envelope_go_before_the_requests() {
    let defaults = Defaults { delay: Some(Duration::from_secs(9)), ..Defaults::default() };
    let body = br#"{"payload":""}
{"payload":"","delay":"100ms","expires_in":"24h"}
{"payload":""}"#;
    let parts = parts(Form::Envelopes, defaults, body).unwrap();
    assert_eq!(parts.delays_ms, [9000, 100, 9000]);
    assert_eq!(parts.expires_in_ms, [0, 86_400_000, 0]);
    assert!(parts.dedup.is_empty());
}

#[test]
fn a_dedup_id_that_is_too_long_is_refused() {
    let long = "x".repeat(DEDUP_ID_BYTES_MAX + 1);
    let defaults = Defaults { dedup_id: Some(long.clone()), ..Defaults::default() };
    let refused = parts(Form::Whole, defaults, b"").unwrap_err();
    assert_eq!(refused.to_string(), "line 1: a dedup id of 1025 bytes, at most 1024 may be");
    let envelope = format!(r#"{{"payload":"","dedup_id":"{long}"}}"#);
    let limits = MessageLimits::default();
    let mut intake = Intake::new(Form::Envelopes, Defaults::default(), limits);
    let refused = intake.feed(format!("{envelope}\n").as_bytes()).unwrap_err();
    assert!(matches!(refused.reason, Reason::TooLarge(_)), "{refused}");
}
