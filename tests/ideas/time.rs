//! What happens later, again, or no more: lag, timers, schedules, expiry, replay.

use std::time::{Duration, Instant};

use millstream_tests::{figure, plugin};

use crate::idea::{ENTRIES, Idea, text};

#[test]
fn a_read_model_lags_and_catches_up() {
    let _ = plugin("accounts");
    let host = Idea::of("read-model").start();
    host.publish(&["entries", "--ndjson", ENTRIES, "--key-from", "/account"]);
    let _ = host.api().subscription_until("view", |figures| figure(figures, "lag") > 0);
    host.until("book", "handled", 10);
    host.until("view", "handled", 10);
    assert_eq!(host.subscription("view")["lag"], 0);
    assert_eq!(host.lines("view.ndjson").len(), 10);
    host.adds_up();
}

#[test]
fn a_delayed_message_to_ones_own_topic_is_a_timer() {
    let _ = plugin("reminders");
    let begun = Instant::now();
    let output = Idea::of("timers").run(b"{\"invoice\":\"i-7\"}\n").success();
    let letters: Vec<String> = output.stdout.lines().map(|line| text(line, "reminder")).collect();
    assert_eq!(letters, ["1", "2", "3"], "{output:#?}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "three letters in {:?}", begun.elapsed());
}

#[test]
fn a_schedule_publishes_when_it_is_due() {
    let mut host = Idea::of("schedule").start();
    let ticks: Vec<String> = host.printed(2).iter().map(|line| text(line, "at")).collect();
    assert_ne!(ticks[0], ticks[1], "one time twice");
    assert!(ticks.is_sorted() && ticks.iter().all(|at| at.ends_with(".000Z")), "{ticks:?}");
}

#[test]
fn an_offer_that_nobody_takes_in_time_expires() {
    let mut host = Idea::of("expiry").start();
    let offers: String = (1..=10).map(|n| format!("\"offer {n}\"\n")).collect();
    let file = host.project.write("offers.ndjson", offers).display().to_string();
    host.publish(&["offers", "--ndjson", &file]);
    host.host.wait_for_output("offer 1");
    let done = host.api().subscription_until("take", |figures| {
        figure(figures, "handled") + figure(figures, "dead_lettered") == 10
    });
    // Two a second for two seconds; the first goes at once.
    assert!((1..=5).contains(&figure(&done, "handled")), "{done:#}");
    let letters = host.api().dead_letters("take", 1);
    assert_eq!(letters[0]["dead_letter"]["reason"], "expired", "{letters:#?}");
    host.adds_up();
}

#[test]
fn what_was_handled_can_be_had_again() {
    let mut host = Idea::of("replay").start();
    host.publish(&["orders", "--data", r#"{"order":"o-1"}"#]);
    assert_eq!(text(&host.printed(1)[0], "order"), "o-1");
    host.until("print", "handled", 1);
    let _ = host.command(&["seek", "print", "--to", "earliest"]).success();
    assert_eq!(text(&host.printed(1)[0], "order"), "o-1");
    host.until("print", "handled", 2);
    let tap = ["tap", "orders", "--from", "earliest", "--count", "1", "--format", "json"];
    let tapped = host.command(&tap).success().json();
    assert_eq!(tapped["payload"], r#"{"order":"o-1"}"#, "{tapped:#}");
    host.adds_up();
}
