use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::{Arguments, duration, name_and_value};

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    Arguments::command().debug_assert();
}

#[test]
fn durations_have_units() {
    assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
    assert_eq!(duration("0"), Ok(Duration::ZERO));
    for wrong in
        ["", "5", "s", "-1s", "1.5s", "1 s", "99999999999999999999s", "18446744073709551615h"]
    {
        assert!(duration(wrong).is_err(), "{wrong:?} passed");
    }
}

#[test]
fn a_header_is_cut_at_its_first_equals_sign() {
    assert_eq!(name_and_value("a=b=c"), Ok(("a".into(), "b=c".into())));
    assert_eq!(name_and_value("a="), Ok(("a".into(), String::new())));
    assert!(name_and_value("a").is_err());
    assert!(name_and_value("=a").is_err());
}

#[test]
fn publish_wants_exactly_one_body() {
    let parse = |more: &[&str]| {
        Arguments::try_parse_from([&["millstream", "publish", "orders"], more].concat()).is_ok()
    };
    assert!(parse(&["--data", "x"]));
    assert!(parse(&["--ndjson", "-"]));
    assert!(!parse(&[]));
    assert!(!parse(&["--data", "x", "--file", "y"]));
    assert!(!parse(&["--data", "x", "--key", "k", "--key-from", "/k"]));
}
