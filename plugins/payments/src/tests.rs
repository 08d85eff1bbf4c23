use millstream_sdk::testing::{Delivery, Sent, configured};

use super::*;

const CHARGE: &str = r#"{"charge":"c-1","customer":"ann","cents":2500,"currency":"EUR"}"#;

fn handle(payload: &str) -> Result<Vec<Sent>, Failure> {
    Delivery::of(payload).handled_by(|message, out| pay(&Settings::default(), message, out))
}

#[test]
fn a_charge_gives_one_receipt_under_its_customer() {
    let sent = handle(CHARGE).unwrap();
    let [receipt] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(receipt.key.as_deref(), Some("ann"));
    let receipt = receipt.json::<serde_json::Value>();
    assert_eq!(
        (&receipt["charge"], &receipt["paid_cents"]),
        (&"c-1".into(), &serde_json::json!(2500))
    );
}

#[test]
fn the_same_charge_gives_the_same_receipt() {
    assert_eq!(handle(CHARGE), handle(CHARGE));
    assert_ne!(handle(CHARGE), handle(&CHARGE.replace("c-1", "c-2")));
}

#[test]
fn nothing_or_less_cannot_be_charged() {
    for cents in ["0", "-500"] {
        let failure = handle(&CHARGE.replace("2500", cents)).unwrap_err();
        assert_eq!(failure, Failure::reject(format!("charge c-1 is over {cents} cents")));
    }
}

#[test]
fn a_currency_that_is_not_taken_is_rejected_with_those_that_are() {
    let failure = handle(&CHARGE.replace("EUR", "GBP")).unwrap_err();
    assert_eq!(failure, Failure::reject("charge c-1 is in GBP, taken are EUR"));
}

#[test]
fn malformed_json_is_rejected_with_its_position() {
    let failure = handle(r#"{"charge":"#).unwrap_err();
    assert!(failure.reason().contains("malformed JSON: EOF"), "{failure}");
}

#[test]
fn a_bad_configuration_is_refused() {
    let refused = |config| configured(config, check).err().unwrap();
    assert_eq!(refused(r#"{"currencies":[]}"#), "currencies is empty, nothing could be charged");
    assert_eq!(refused(r#"{"seal_rounds":0}"#), "seal_rounds is 0, must be 1 to 10000000");
    assert!(refused(r#"{"currency":"EUR"}"#).contains("unknown field `currency`"));
}
