use proptest::prelude::*;

use crate::{Cron, rfc3339};

/// 2013-01-01T10:00:00.123Z, a Tuesday.
const FROM: u64 = 1_357_034_400_123;

fn next(expression: &str, from: u64) -> Option<String> {
    expression.parse::<Cron>().unwrap().next_after(from).map(rfc3339)
}

#[test]
fn the_next_time_is_after_and_in_utc() {
    let at = |expression| next(expression, FROM).unwrap();
    assert_eq!(at("*/5 * * * *"), "2013-01-01T10:05:00.000Z");
    assert_eq!(at("*/10 * * * * *"), "2013-01-01T10:00:10.000Z");
    assert_eq!(at("0 6 * * MON-FRI"), "2013-01-02T06:00:00.000Z");
    assert_eq!(at("30 9 29 2 *"), "2016-02-29T09:30:00.000Z");
    assert_eq!(at("0 0 L * *"), "2013-01-31T00:00:00.000Z");
    assert_eq!(at("@daily"), "2013-01-02T00:00:00.000Z");
}

#[test]
fn a_time_that_is_due_is_not_its_own_next() {
    let five: u64 = FROM - FROM % 60_000 + 5 * 60_000;
    assert_eq!(next("*/5 * * * *", five - 1).unwrap(), "2013-01-01T10:05:00.000Z");
    assert_eq!(next("*/5 * * * *", five).unwrap(), "2013-01-01T10:10:00.000Z");
}

#[test]
fn the_last_time_may_be_now() {
    let last = |from| "*/5 * * * *".parse::<Cron>().unwrap().last_until(from).map(rfc3339);
    let ten = FROM - FROM % 60_000;
    assert_eq!(last(ten).unwrap(), "2013-01-01T10:00:00.000Z");
    assert_eq!(last(ten + 999).unwrap(), "2013-01-01T10:00:00.000Z");
    assert_eq!(last(ten - 1).unwrap(), "2013-01-01T09:55:00.000Z");
}

#[test]
fn what_never_comes_is_none() {
    assert_eq!(next("0 0 30 2 *", FROM), None);
    assert_eq!(next("* * * * *", u64::MAX), None);
}

#[test]
fn what_is_no_cron_expression_is_refused_with_the_accepted_form() {
    let long = "1,".repeat(1000);
    for text in
        ["", "* * * *", "60 * * * *", "* * * * * * *", "a * * * *", "* * * * 8", "@often", &long]
    {
        let error = text.parse::<Cron>().unwrap_err().to_string();
        assert!(error.contains("`*/5 * * * *`") && error.len() < 500, "{error}");
    }
}

#[test]
fn it_shows_as_it_was_written() {
    let cron: Cron = "*/5 * * * mon".parse().unwrap();
    assert_eq!((cron.as_str(), cron.to_string().as_str()), ("*/5 * * * mon", "*/5 * * * mon"));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "[-0-9*/,#LWA-Z@? ]{0,20}|.{0,20}", from: u64) {
        if let Ok(cron) = text.parse::<Cron>() {
            let next = cron.next_after(from);
            prop_assert!(next.is_none_or(|next| next > from));
            prop_assert!(cron.last_until(from).is_none_or(|last| last <= from));
        }
    }
}
