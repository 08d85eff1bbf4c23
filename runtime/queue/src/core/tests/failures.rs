use super::*;

#[test]
fn a_failed_message_comes_back_after_its_backoff_and_holds_nobody_up() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["bad", "good"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed(), Verdict::Handled]);
    drive.publish(EVENTS, &["next"]);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["next"]);
    drive.pass(Duration::from_millis(79));
    assert!(drive.lease(SUB).is_none(), "100 ms less a fifth have not passed");
    drive.pass(Duration::from_millis(41));
    let again = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&again), ["bad"]);
    assert_eq!(again.histories.of(0).failures, 1);
}

#[test]
fn a_delay_that_the_handler_asks_for_is_kept_to_the_millisecond() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    let failure = Failure::new(FailureKind::Retry, "later");
    drive.settle_each(&grant, vec![Verdict::Failed { failure, delay_ms: 250 }]);
    drive.pass(Duration::from_millis(249));
    assert!(drive.lease(SUB).is_none());
    drive.pass(Duration::from_millis(1));
    assert!(drive.lease(SUB).is_some());
}

#[test]
fn a_message_fails_as_often_as_it_may_and_then_tells_its_story() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["bad"]);
    for _ in 0..3 {
        let grant = drive.lease(SUB).unwrap();
        drive.settle_each(&grant, vec![failed()]);
        drive.pass(Duration::from_secs(60));
    }
    assert!(drive.lease(SUB).is_none());
    let (_, letters) = drive.seen(DEAD, 0, 10);
    let letter = letters.get(0);
    let story = |name: &str| letter.header(&format!("millstream-dead-letter-{name}")).unwrap();
    assert_eq!(letter.payload(), b"bad");
    assert_eq!(story("reason"), "exhausted");
    assert_eq!(story("subscription"), "reader");
    assert_eq!(story("topic"), "events");
    assert_eq!(story("plugin"), "test");
    assert_eq!(story("plugin-digest"), "sha256:00");
    assert_eq!(story("error"), "retry: not yet");
    assert_eq!((story("attempts"), story("deliveries")), ("3", "3"));
    assert_eq!(story("first-failed-at"), "2023-11-14T22:13:20.000Z");
    assert_eq!(story("last-failed-at"), "2023-11-14T22:15:20.000Z");
    assert_ne!(story("id"), letter.id().to_string(), "a dead letter has an id of its own");
}

#[test]
fn a_rejected_message_is_a_dead_letter_at_once() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["bad", "good"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected(), Verdict::Handled]);
    let figures = drive.core.figures().subscriptions[0];
    assert_eq!((figures.rejected, figures.handled), (1, 1));
    assert!(drive.core.is_quiet());
}

#[test]
fn a_message_is_dropped_only_where_the_rules_say_so() {
    let mut drive = Drive::with(|_| {}, |rules| rules.exhausted = Exhausted::Drop);
    drive.publish(EVENTS, &["bad"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected()]);
    assert_eq!(drive.core.figures().subscriptions[0].dropped, 1);
    assert_eq!(drive.core.figures().topics[1].published, 0);
}

#[test]
fn a_lost_worker_is_noticed_at_its_deadline_and_can_no_longer_settle() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let lost = drive.lease(SUB).unwrap();
    drive.pass(Duration::from_secs(30));
    drive.step(Event::Tick);
    let expired = drive.effects.taken_back.pop().unwrap().grant;
    assert!(matches!(
        drive.settle(&lost, Settlement::all_handled()),
        Answer::Refused(Refusal::LeaseEnded)
    ));
    drive.settle_each(&expired, vec![failed()]);
    drive.pass(Duration::from_secs(1));
    assert_eq!(drive.lease(SUB).unwrap().histories.of(0).failures, 1);
}

#[test]
fn a_renewed_lease_runs_from_its_renewal() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    drive.pass(Duration::from_secs(29));
    drive.step(Event::Renew(grant.lease));
    drive.pass(Duration::from_secs(29));
    drive.step(Event::Tick);
    assert!(drive.effects.taken_back.is_empty());
    drive.handled(&grant);
}

#[test]
fn a_message_that_broke_a_call_is_delivered_alone_from_then_on() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a", "b", "c"]);
    let grant = drive.lease(SUB).unwrap();
    let broke = Failure { alone: true, ..Failure::new(FailureKind::Trap, "boom") };
    let broke = Verdict::Failed { failure: broke, delay_ms: 1 };
    let retry = Verdict::Failed { failure: Failure::new(FailureKind::Retry, "later"), delay_ms: 1 };
    drive.settle_each(&grant, vec![broke, retry.clone(), retry]);
    drive.pass(Duration::from_millis(1));
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["a"]);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["b", "c"]);
}

#[test]
fn a_delivery_given_back_unjudged_counts_as_no_failure() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a", "b"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![Verdict::Returned, Verdict::Returned]);
    let again = drive.lease(SUB).unwrap();
    assert_eq!((again.histories.of(0).failures, again.histories.of(0).deliveries), (0, 2));
    drive.settle_each(&again, vec![Verdict::Handled, Verdict::Returned]);
    let last = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&last), ["b"]);
    assert_eq!(last.histories.of(0).failures, 0);
}

#[test]
fn an_error_text_is_one_bounded_line_in_the_header() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    let long = format!("100% wrong\nat line 2\n{}", "é".repeat(9_000));
    drive.settle_each(&grant, vec![Verdict::Rejected(Failure::new(FailureKind::Trap, long))]);
    let (_, letters) = drive.seen(DEAD, 0, 10);
    let error = letters.get(0).header("millstream-dead-letter-error").unwrap().to_owned();
    assert!(error.starts_with("trap: 100%25 wrong%0Aat line 2%0A%C3%A9"), "{error}");
    assert!(error.len() <= 3 * crate::DEAD_LETTER_ERROR_MAX);
}

#[test]
fn backoff_doubles_up_to_its_bound_and_chance_moves_it_by_a_fifth() {
    let backoff = subscription_rules("reader", EVENTS).backoff;
    let delay = |failures, random| backoff.delay(failures, random).as_millis();
    assert_eq!([delay(1, 0), delay(2, 0), delay(3, 0)], [80, 160, 320]);
    assert_eq!((delay(1, u64::MAX / 2), delay(1, u64::MAX)), (100, 120));
    assert_eq!(delay(1_000_000, u64::MAX / 2), 30_000);
}
