use millstream_sdk::testing::{Delivery, Sent};

use super::*;

const ENTRY: &str = r#"{"account":"ann","entry":2,"cents":-700,"locked":2}"#;

fn on_attempt(attempt: u32, payload: &str) -> Result<Vec<Sent>, Failure> {
    Delivery::of(payload).attempt(attempt).handled_by(book)
}

#[test]
fn an_entry_gives_one_event_under_its_account() {
    let sent = on_attempt(1, r#"{"account":"ann","entry":2,"cents":-700}"#).unwrap();
    let [booked] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(booked.key.as_deref(), Some("ann"));
    assert_eq!(
        booked.json::<serde_json::Value>(),
        serde_json::json!({ "account": "ann", "entry": 2, "booked_cents": -700 })
    );
}

#[test]
fn a_locked_account_is_tried_again_until_it_is_free() {
    let locked = Err(Failure::retry("account ann is locked"));
    assert_eq!(on_attempt(1, ENTRY), locked);
    assert_eq!(on_attempt(2, ENTRY), locked);
    assert_eq!(on_attempt(3, ENTRY).map(|sent| sent.len()), Ok(1));
}

#[test]
fn what_is_no_entry_is_rejected() {
    let failure = on_attempt(1, r#"{"account":"ann"}"#).unwrap_err();
    assert!(failure.reason().contains("missing field `entry`"), "{failure}");
}
