use super::*;

fn publish(drive: &mut Drive, payloads: &[&str], ages_ms: &[u64]) {
    let batch = drive.batch(payloads);
    let expires_ms = ages_ms.iter().map(|age| drive.now.wall_ms + age).collect();
    let terms = Terms { expires_ms, ..Terms::default() };
    let publication = Publication::on_terms(batch, &terms, drive.now.wall_ms);
    drive.step(Event::Publish(EVENTS, publication));
}

#[test]
fn a_message_that_is_too_old_becomes_a_dead_letter_instead_of_being_delivered() {
    let mut drive = Drive::new();
    publish(&mut drive, &["old", "young"], &[10, 1_000]);
    drive.pass(Duration::from_millis(10));
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["young"]);
    assert_eq!(drive.settle_taken_back(), 1);
    let (_, letters) = drive.seen(DEAD, 0, 10);
    let letter = letters.get(0);
    assert_eq!(letter.payload(), b"old");
    assert_eq!(letter.header("millstream-dead-letter-reason"), Some("expired"));
    assert_eq!(drive.core.figures().subscriptions[0].expired, 1);
}

#[test]
fn nobody_needs_to_ask_for_a_message_to_expire() {
    let mut drive = Drive::with(|topic| topic.expires_in = Some(Duration::from_secs(1)), |_| {});
    drive.publish(EVENTS, &["a", "b"]);
    let due = drive.core.next_tick(drive.now).unwrap();
    assert_eq!(due, drive.now.monotonic + Duration::from_secs(1));
    drive.pass(Duration::from_secs(1));
    drive.step(Event::Tick);
    assert_eq!(drive.settle_taken_back(), 2);
    assert!(drive.core.is_quiet());
    assert_eq!(drive.core.figures().topics[0].depth, 0);
}

#[test]
fn a_running_lease_wins_and_a_retry_of_an_old_message_expires() {
    let mut drive = Drive::new();
    publish(&mut drive, &["a"], &[50]);
    let grant = drive.lease(SUB).unwrap();
    drive.pass(Duration::from_millis(60));
    drive.step(Event::Tick);
    assert_eq!(drive.settle_taken_back(), 0);
    drive.settle_each(&grant, vec![failed()]);
    drive.step(Event::Tick);
    assert_eq!(drive.settle_taken_back(), 1);
    assert!(drive.core.is_quiet());
}

#[test]
fn old_messages_are_dropped_only_where_the_rules_say_so() {
    let mut drive = Drive::with(|_| {}, |rules| rules.expired = Expired::Drop);
    publish(&mut drive, &["a"], &[10]);
    drive.pass(Duration::from_millis(10));
    drive.step(Event::Tick);
    assert_eq!(drive.settle_taken_back(), 0);
    assert_eq!(drive.core.figures().subscriptions[0].expired_dropped, 1);
    assert!(drive.core.is_quiet());
}

#[test]
fn expiry_into_a_full_dead_letter_topic_waits() {
    let mut topics =
        vec![topic_rules("events", TopicKind::Event), topic_rules("dead", TopicKind::DeadLetter)];
    topics[1].max_messages = 1;
    let mut drive = Drive::of(topics, vec![subscription_rules("reader", EVENTS)]);
    drive.publish(DEAD, &["in the way"]);
    publish(&mut drive, &["a"], &[10]);
    drive.pass(Duration::from_millis(20));
    drive.step(Event::Tick);
    assert_eq!(drive.settle_taken_back(), 0);
    let letter = drive.letter(0);
    drive.step(Event::PurgeLetters(vec![letter]));
    drive.pass(Duration::from_secs(1));
    drive.step(Event::Tick);
    assert_eq!(drive.settle_taken_back(), 1);
}
