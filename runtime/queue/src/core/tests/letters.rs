use super::*;

fn rejected_one() -> Drive {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["bad"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected()]);
    drive
}

#[test]
fn a_redrive_keeps_the_id_and_starts_to_count_anew() {
    let mut drive = rejected_one();
    let letter = drive.letter(0);
    let id = letter.message.ids()[0];
    drive.step(Event::Redrive(SUB, vec![letter]));
    let grant = drive.lease(SUB).unwrap();
    assert_eq!(grant.parts[0].ids(), [id]);
    assert_eq!(grant.histories.of(0).failures, 0);
    drive.handled(&grant);
    let figures = drive.core.figures();
    assert_eq!(figures.subscriptions[0].redriven, 1);
    assert_eq!((figures.topics[0].depth, figures.topics[1].depth), (0, 0));
    assert!(drive.core.is_quiet());
}

#[test]
fn a_redrive_reaches_the_failing_subscription_only() {
    let topics =
        vec![topic_rules("events", TopicKind::Event), topic_rules("dead", TopicKind::DeadLetter)];
    let rules = vec![subscription_rules("one", EVENTS), subscription_rules("two", EVENTS)];
    let mut drive = Drive::of(topics, rules);
    drive.publish(EVENTS, &["bad"]);
    let one = drive.lease(SUB).unwrap();
    drive.settle_each(&one, vec![rejected()]);
    let two = drive.lease(SubscriptionId(1)).unwrap();
    drive.handled(&two);
    let letter = drive.letter(0);
    drive.step(Event::Redrive(SUB, vec![letter]));
    assert!(drive.lease(SubscriptionId(1)).is_none());
    assert!(drive.lease(SUB).is_some());
}

#[test]
fn a_letter_moves_once_whoever_asks() {
    let mut drive = rejected_one();
    let letter = drive.letter(0);
    let answer = drive.step(Event::Redrive(SUB, vec![letter.clone(), letter.clone()]));
    assert!(matches!(answer, Answer::Moved { looked_at: 2, moved: 1 }), "{answer:?}");
    let answer = drive.step(Event::PurgeLetters(vec![letter]));
    assert!(matches!(answer, Answer::Moved { looked_at: 1, moved: 0 }), "{answer:?}");
}

#[test]
fn a_redrive_stops_where_no_more_may_be_parked() {
    let mut drive = Drive::with(|_| {}, |rules| rules.max_parked = 1);
    drive.publish(EVENTS, &["x", "y"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected(), rejected()]);
    let letters = vec![drive.letter(0), drive.letter(1)];
    let answer = drive.step(Event::Redrive(SUB, letters));
    assert!(matches!(answer, Answer::Moved { looked_at: 1, moved: 1 }), "{answer:?}");
    assert_eq!(drive.core.figures().topics[1].depth, 1, "the rest is still a dead letter");
}

#[test]
fn a_purged_letter_makes_room_for_the_next() {
    let mut topics =
        vec![topic_rules("events", TopicKind::Event), topic_rules("dead", TopicKind::DeadLetter)];
    topics[1].max_messages = 1;
    let mut drive = Drive::of(topics, vec![subscription_rules("reader", EVENTS)]);
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected()]);
    drive.publish(EVENTS, &["b"]);
    assert!(drive.lease(SUB).is_none());
    let letter = drive.letter(0);
    drive.step(Event::PurgeLetters(vec![letter]));
    assert_eq!(drive.effects.wake, [SUB]);
    assert!(drive.lease(SUB).is_some());
}
