use millstream_sdk::testing::{Delivery, Sent, configured, handled_as_batch};

use super::*;

const LATE: &str = r#"{"carrier":"UA","flight":1545,"tail":null,"origin":"EWR","dest":"IAH","scheduled":"2013-01-01T10:00:00Z","dep_delay":60,"arr_delay":11,"air_time":227,"distance":1400}"#;

fn handle(payload: &str) -> Result<Vec<Sent>, Failure> {
    Delivery::of(payload).handled_by(|message, out| delays(&Settings::default(), message, out))
}

#[test]
fn a_departure_an_hour_late_is_notified_under_its_carrier() {
    let sent = handle(LATE).unwrap();
    let [notification] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(notification.key.as_deref(), Some("UA"));
    assert_eq!(
        notification.json::<serde_json::Value>(),
        serde_json::json!({
            "flight": "UA1545", "route": "EWR-IAH",
            "scheduled": "2013-01-01T10:00:00Z", "delay_minutes": 60,
        })
    );
}

#[test]
fn a_departure_just_under_the_threshold_is_not_notified() {
    assert_eq!(handle(&LATE.replace(":60", ":59")), Ok(vec![]));
    assert_eq!(handle(&LATE.replace(":60", ":-7")), Ok(vec![]));
}

#[test]
fn a_cancelled_flight_is_rejected_with_its_name() {
    let reason = "UA1545 EWR-IAH of 2013-01-01T10:00:00Z was cancelled";
    assert_eq!(handle(&LATE.replace(":60", ":null")), Err(Failure::reject(reason)));
}

#[test]
fn malformed_json_is_rejected_with_its_position() {
    let failure = handle(r#"{"carrier":"UA","flight":}"#).unwrap_err();
    assert_eq!(failure.reason(), "malformed JSON: expected value at line 1 column 26");
}

#[test]
fn a_flight_that_does_not_say_whether_it_left_is_malformed() {
    let failure = handle(&LATE.replace("dep_delay", "departure_delay")).unwrap_err();
    assert!(failure.reason().contains("missing field `dep_delay`"), "{failure}");
}

#[test]
fn an_escape_in_a_field_is_read() {
    let sent = handle(&LATE.replace("IAH", r"\u0049AH")).unwrap();
    assert!(sent[0].text().contains("EWR-IAH"));
}

#[test]
fn a_bad_configuration_is_refused() {
    let refused = |config| configured(config, check).err().unwrap();
    assert_eq!(
        refused(r#"{"threshold_minutes":-1}"#),
        "threshold_minutes is -1, must be 0 or more"
    );
    assert!(
        refused(r#"{"threshold_minutes":"an hour"}"#).contains("threshold_minutes: invalid type")
    );
    assert!(refused(r#"{"treshold_minutes":60}"#).contains("unknown field `treshold_minutes`"));
}

#[test]
fn a_configuration_without_the_threshold_means_an_hour() {
    assert_eq!(configured("{}", check).unwrap().threshold_minutes, 60.0);
}

#[test]
fn the_first_week_has_335_late_departures_and_35_cancellations() {
    let week = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/data/flights-week.ndjson");
    let week = std::fs::read_to_string(week).unwrap();
    let flights: Vec<_> = week.lines().map(Delivery::of).collect();
    let settings = Settings::default();
    let answers = handled_as_batch(&flights, |message, out| delays(&settings, message, out));
    let (handled, rejected): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let notified: usize = handled.iter().flatten().map(Vec::len).sum();
    assert_eq!((flights.len(), notified, rejected.len()), (6099, 335, 35));
}
