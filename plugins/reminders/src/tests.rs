use millstream_sdk::testing::{Delivery, Sent, configured};

use super::*;

fn handle(payload: &str) -> Result<Vec<Sent>, Failure> {
    Delivery::of(payload).handled_by(|message, out| remind(&Settings::default(), message, out))
}

#[test]
fn an_invoice_gives_a_letter_now_and_a_note_for_later() {
    let sent = handle(r#"{"invoice":"i-7"}"#).unwrap();
    let [letter, note] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(letter.text(), r#"{"invoice":"i-7","reminder":1}"#);
    assert_eq!((letter.topic.as_deref(), letter.delay), (None, Duration::ZERO));
    assert_eq!(note.payload, letter.payload);
    assert_eq!((note.topic.as_deref(), note.delay), (Some("testing"), Duration::from_secs(1)));
}

#[test]
fn the_last_letter_leaves_no_note() {
    let sent = handle(r#"{"invoice":"i-7","reminder":2}"#).unwrap();
    let [letter] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(letter.text(), r#"{"invoice":"i-7","reminder":3}"#);
}

#[test]
fn a_bad_configuration_is_refused() {
    let refused = |config| configured(config, check).err().unwrap();
    assert_eq!(refused(r#"{"every_ms":0}"#), "every_ms is 0, must be at least 1");
    assert_eq!(refused(r#"{"times":0}"#), "times is 0, must be at least 1");
}
