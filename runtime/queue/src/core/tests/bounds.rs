use super::*;
use crate::core::Ticket;

fn waiting(answer: Answer) -> Ticket {
    match answer {
        Answer::Waiting(ticket) => ticket,
        other => panic!("should wait: {other:?}"),
    }
}

#[test]
fn publishers_of_a_full_topic_wait_and_are_let_in_in_order() {
    let mut drive = Drive::with(|topic| topic.max_messages = 3, |_| {});
    drive.publish(EVENTS, &["a", "b", "c"]);
    let first = waiting(drive.publish(EVENTS, &["d", "e"]));
    let second = waiting(drive.publish(EVENTS, &["f"]));
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    let admitted: Vec<Ticket> = drive.effects.admitted.iter().map(|(ticket, _)| *ticket).collect();
    assert_eq!(admitted, [first, second]);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["d", "e", "f"]);
}

#[test]
fn a_small_publish_does_not_overtake_a_large_one_that_waits() {
    let mut drive = Drive::with(|topic| topic.max_messages = 3, |_| {});
    drive.publish(EVENTS, &["a", "b"]);
    waiting(drive.publish(EVENTS, &["c", "d"]));
    waiting(drive.publish(EVENTS, &["e"]));
    assert_eq!(drive.core.figures().topics[0].depth, 2);
}

#[test]
fn a_publisher_waits_no_longer_than_its_patience() {
    let mut drive = Drive::with(|topic| topic.max_messages = 1, |_| {});
    drive.publish(EVENTS, &["a"]);
    let ticket = waiting(drive.publish(EVENTS, &["b"]));
    drive.pass(Duration::from_secs(5));
    drive.step(Event::Tick);
    assert_eq!(drive.effects.expired_tickets, [ticket]);
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    assert!(drive.lease(SUB).is_none(), "what was refused is not there");
    assert!(drive.core.is_quiet());
}

#[test]
fn what_would_never_fit_is_refused_at_once() {
    let mut drive = Drive::with(|topic| topic.max_messages = 2, |_| {});
    assert!(matches!(drive.publish(EVENTS, &["a", "b", "c"]), Answer::Refused(Refusal::TooLarge)));
    let mut drive = Drive::with(|topic| topic.max_bytes = 1_000, |_| {});
    let large = "x".repeat(1_000);
    assert!(matches!(drive.publish(EVENTS, &[&large]), Answer::Refused(Refusal::TooLarge)));
}

#[test]
fn a_topic_is_full_by_bytes_too() {
    let mut drive = Drive::with(|topic| topic.max_bytes = 2_500, |_| {});
    let large = "x".repeat(1_000);
    drive.publish(EVENTS, &[&large]);
    waiting(drive.publish(EVENTS, &[&large]));
}

#[test]
fn nothing_is_leased_while_the_output_is_full() {
    let mut topics = vec![
        topic_rules("events", TopicKind::Event),
        topic_rules("dead", TopicKind::DeadLetter),
        topic_rules("out", TopicKind::Command),
    ];
    topics[2].max_messages = 1;
    let reader = SubscriptionRules { outputs: vec![OUT], ..subscription_rules("reader", EVENTS) };
    let mut drive = Drive::of(topics, vec![reader, subscription_rules("writer", OUT)]);
    drive.publish(OUT, &["in the way"]);
    drive.publish(EVENTS, &["a"]);
    assert!(drive.lease(SUB).is_none());
    assert_eq!(drive.core.figures().subscriptions[0].blocked_by, Some(OUT));
    let grant = drive.lease(SubscriptionId(1)).unwrap();
    drive.handled(&grant);
    assert!(drive.effects.wake.contains(&SUB), "room wakes whoever waited for it");
    assert!(drive.lease(SUB).is_some());
}

#[test]
fn nothing_is_leased_while_the_dead_letter_topic_is_full() {
    let mut topics =
        vec![topic_rules("events", TopicKind::Event), topic_rules("dead", TopicKind::DeadLetter)];
    topics[1].max_messages = 1;
    let mut drive = Drive::of(topics, vec![subscription_rules("reader", EVENTS)]);
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected()]);
    drive.publish(EVENTS, &["b"]);
    assert!(drive.lease(SUB).is_none(), "a dead letter is never lost: its subscription waits");
}

#[test]
fn at_the_bound_of_parked_messages_only_due_ones_are_leased() {
    let mut drive = Drive::with(|_| {}, |rules| rules.max_parked = 2);
    drive.publish(EVENTS, &["a", "b"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed(), failed()]);
    drive.publish(EVENTS, &["c"]);
    assert!(drive.lease(SUB).is_none());
    drive.pass(Duration::from_millis(120));
    let due = drive.lease(SUB).unwrap();
    assert_eq!(due.len(), 2);
    drive.handled(&due);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["c"]);
}

#[test]
fn parked_messages_count_toward_their_topic() {
    let mut drive = Drive::with(|topic| topic.max_messages = 1, |_| {});
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed()]);
    waiting(drive.publish(EVENTS, &["b"]));
}
