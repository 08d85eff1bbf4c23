use std::time::Duration;

use clap::{CommandFactory, Parser};
use millstream_queue::{Kind, Named, Rename};

use super::Arguments;
use super::forms::{duration, name_and_value, named, rate, rename};

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

fn parses(args: &[&str]) -> bool {
    Arguments::try_parse_from([&["millstream"], args].concat()).is_ok()
}

#[test]
fn a_message_has_one_dedup_id_from_one_place() {
    let publish = ["publish", "orders", "--data", "x"];
    assert!(parses(&[&publish[..], &["--dedup-id", "o-1", "--expires-in", "5m"]].concat()));
    assert!(parses(&[&publish[..], &["--dedup-from", "/order"]].concat()));
    assert!(!parses(&[&publish[..], &["--dedup-id", "o-1", "--dedup-from", "/order"]].concat()));
}

#[test]
fn dead_letters_are_chosen_in_exactly_one_way() {
    for command in ["redrive", "purge"] {
        let dlq = |more: &[&str]| parses(&[&["dlq", command, "pay"], more].concat());
        assert!(dlq(&["--all"]) && dlq(&["--where", "attempts > 3", "--dry-run"]));
        assert!(dlq(&["--id", "a", "b"]) && dlq(&["--id", "a", "--id", "b"]));
        assert!(!dlq(&[]) && !dlq(&["--dry-run"]));
        assert!(!dlq(&["--all", "--id", "a"]) && !dlq(&["--all", "--where", "true"]));
        assert!(!dlq(&["--id", "a", "--where", "true"]));
    }
}

#[test]
fn a_redrive_is_begun_or_asked_about() {
    let redrive = |more: &[&str]| parses(&[&["dlq", "redrive", "pay"], more].concat());
    assert!(redrive(&["--status"]) && redrive(&["--stop"]));
    assert!(redrive(&["--all", "--rate", "50/s"]));
    assert!(redrive(&["--id", "a", "--edit-payload", "f"]));
    for wrong in [
        &["--status", "--stop"][..],
        &["--all", "--status"],
        &["--status", "--dry-run"],
        &["--stop", "--rate", "50/s"],
        &["--all", "--rate", "50"],
        &["--all", "--edit-payload", "f"],
    ] {
        assert!(!redrive(wrong), "{wrong:?} passed");
    }
}

#[test]
fn a_rate_is_kept_as_it_was_typed() {
    assert_eq!(rate("1_000/h").as_deref(), Ok("1_000/h"));
    for wrong in ["", "5", "0/s", "/s", "5/d", "-5/s", "1.5/s", "_/s"] {
        assert!(rate(wrong).is_err(), "{wrong:?} passed");
    }
}

#[test]
fn a_tap_counts_from_one_and_begins_somewhere() {
    assert!(parses(&["tap", "orders", "--count", "3", "--key", "ann", "--from", "earliest"]));
    assert!(!parses(&["tap", "orders", "--count", "0"]));
    assert!(!parses(&["tap", "orders", "--from", "yesterday"]));
    assert!(!parses(&["seek", "pay"]) && !parses(&["topic", "purge"]));
}

#[test]
fn what_is_dropped_or_renamed_is_named_with_its_kind() {
    let orders = Named { kind: Kind::Topic, name: "orders".to_owned() };
    assert_eq!(named("topic:orders"), Ok(orders));
    let (from, to) = ("old".to_owned(), "new".to_owned());
    assert_eq!(rename("subscription:old=new"), Ok(Rename { kind: Kind::Subscription, from, to }));
    for wrong in ["orders", "plugin:orders", "topic:", "topic:a=b", "topic:a b", ":a", "topics:a"] {
        assert!(named(wrong).is_err(), "{wrong:?} passed");
    }
    for wrong in ["topic:a", "a=b", "topic:=b", "topic:a=", "topic:a=a", "topic:a=b=c", "x:a=b"] {
        assert!(rename(wrong).is_err(), "{wrong:?} passed");
    }
    let twice = ["run", "f", "--drop", "topic:a", "--drop", "topic:b", "--rename", "topic:c=d"];
    assert!(parses(&twice));
    assert!(!parses(&["run", "f", "--drop", "a"]) && !parses(&["run", "f", "--rename", "topic:a"]));
}

#[test]
fn a_journal_command_names_a_folder() {
    for command in ["verify", "repair", "stats"] {
        assert!(parses(&["journal", command, "data"]));
        assert!(!parses(&["journal", command]));
    }
    assert!(!parses(&["journal"]) && !parses(&["journal", "delete", "data"]));
    assert!(parses(&["doctor"]) && parses(&["doctor", "data", "--format", "json"]));
}

#[test]
fn a_swap_names_a_plugin_and_its_new_version() {
    assert!(parses(&["swap", "p", "folder", "--wait", "--shadow", "50", "--canary", "10"]));
    assert!(parses(&["swap", "p", "p.wasm", "--probation", "5m"]));
    assert!(parses(&["rollback", "p"]) && parses(&["swap-status", "p"]));
    for wrong in [
        &["swap", "p"][..],
        &["swap", "p", "f", "--canary", "100"],
        &["swap", "p", "f", "--shadow", "0"],
        &["swap", "p", "f", "--probation", "5"],
    ] {
        assert!(!parses(wrong), "{wrong:?} passed");
    }
    assert!(!parses(&["rollback"]) && !parses(&["swap-status"]));
}
