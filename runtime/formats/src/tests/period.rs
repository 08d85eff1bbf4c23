use std::time::Duration;

use crate::parse_period;

#[test]
fn a_number_and_a_unit_are_a_duration() {
    let read = |text| parse_period(text).unwrap();
    assert_eq!(read("100ms"), Duration::from_millis(100));
    assert_eq!(read("30s"), Duration::from_secs(30));
    assert_eq!(read("1_0m"), Duration::from_secs(600));
    assert_eq!(read("24h"), Duration::from_secs(86_400));
    assert_eq!((read("0"), read("0h")), (Duration::ZERO, Duration::ZERO));
}

#[test]
fn anything_else_is_refused_with_the_accepted_form() {
    let long = "9".repeat(1000);
    for text in
        ["", "5", "s", "_5s", "5 s", "-5s", "1.5s", "5d", "5S", "18446744073709551615h", &long]
    {
        let error = parse_period(text).unwrap_err().to_string();
        assert!(error.contains("`100ms`, `30s`, `10m` or `24h`") && error.len() < 200, "{error}");
    }
}
