use super::*;

fn dedup(topic: &mut TopicRules) {
    topic.dedup = Some(DedupRules { window: Duration::from_secs(60), ids_max: 3 });
}

fn publish(drive: &mut Drive, ids: &[u128]) -> (Vec<MessageId>, Answer) {
    let batch = drive.batch(&vec!["m"; ids.len()]);
    let names = batch.ids().to_vec();
    let terms = Terms { dedup: ids.to_vec(), ..Terms::default() };
    let publication = Publication::on_terms(batch, &terms, drive.now.wall_ms);
    (names, drive.step(Event::Publish(EVENTS, publication)))
}

fn repeats(answer: Answer) -> Vec<Duplicate> {
    match answer {
        Answer::Published(repeats) => repeats,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_repeat_within_the_window_is_not_accepted_and_names_the_first() {
    let mut drive = Drive::with(dedup, |_| {});
    let (first, answer) = publish(&mut drive, &[1, 2]);
    assert_eq!(repeats(answer), []);
    let (again, answer) = publish(&mut drive, &[2, 3, 3, 0]);
    let expected = [
        Duplicate { refused: again[0], first: first[1] },
        Duplicate { refused: again[2], first: again[1] },
    ];
    assert_eq!(repeats(answer), expected);
    assert_eq!(drive.lease(SUB).unwrap().len(), 4);
}

#[test]
fn an_id_outlives_its_message_and_ends_with_the_window() {
    let mut drive = Drive::with(dedup, |_| {});
    publish(&mut drive, &[1]);
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    drive.pass(Duration::from_millis(59_999));
    assert_eq!(repeats(publish(&mut drive, &[1]).1).len(), 1);
    drive.pass(Duration::from_millis(1));
    assert_eq!(repeats(publish(&mut drive, &[1]).1), []);
}

#[test]
fn a_full_window_refuses_and_never_forgets_early() {
    let mut drive = Drive::with(dedup, |_| {});
    publish(&mut drive, &[1, 2, 3]);
    let (_, answer) = publish(&mut drive, &[4]);
    assert!(matches!(answer, Answer::Refused(Refusal::DedupFull)), "{answer:?}");
    assert_eq!(repeats(publish(&mut drive, &[1]).1).len(), 1, "a known id needs no room");
    assert_eq!(repeats(publish(&mut drive, &[0]).1), [], "no id, no room needed");
}

#[test]
fn a_refused_publish_leaves_no_id() {
    let mut drive = Drive::with(
        |topic| {
            dedup(topic);
            topic.max_messages = 1;
            topic.when_full = WhenFull::Reject;
        },
        |_| {},
    );
    publish(&mut drive, &[1]);
    let (_, answer) = publish(&mut drive, &[2]);
    assert!(matches!(answer, Answer::Refused(Refusal::Full)), "{answer:?}");
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    assert_eq!(repeats(publish(&mut drive, &[2]).1), []);
}

#[test]
fn a_repeat_of_a_publish_in_line_waits_for_its_result() {
    let mut drive = Drive::with(
        |topic| {
            dedup(topic);
            topic.max_messages = 1;
        },
        |_| {},
    );
    publish(&mut drive, &[1]);
    let (first, _) = publish(&mut drive, &[2]);
    let (again, answer) = publish(&mut drive, &[2]);
    assert!(matches!(answer, Answer::Waiting(_)), "{answer:?}");
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    let admitted: Vec<_> =
        drive.effects.admitted.iter().map(|(_, repeats)| repeats.clone()).collect();
    assert_eq!(admitted, [vec![], vec![Duplicate { refused: again[0], first: first[0] }]]);
}

#[test]
fn a_topic_that_drops_its_oldest_takes_every_publish_and_counts_what_went() {
    let mut drive = Drive::with(
        |topic| {
            topic.max_messages = 3;
            topic.when_full = WhenFull::DropOldest;
        },
        |rules| rules.batch_messages = 1,
    );
    drive.publish(EVENTS, &["a", "b", "c"]);
    let leased = drive.lease(SUB).unwrap();
    drive.publish(EVENTS, &["d", "e"]);
    let figures = drive.core.figures();
    assert_eq!((figures.topics[0].dropped, figures.subscriptions[0].dropped), (2, 2));
    drive.handled(&leased);
    let mut rest = Vec::new();
    while let Some(grant) = drive.lease(SUB) {
        rest.extend(payloads(&grant));
        drive.handled(&grant);
    }
    assert_eq!(rest, ["d", "e"], "what is under lease is not dropped");
}

#[test]
fn what_is_parked_is_dropped_too_when_it_is_the_oldest() {
    let mut drive = Drive::with(
        |topic| {
            topic.max_messages = 2;
            topic.when_full = WhenFull::DropOldest;
        },
        |_| {},
    );
    drive.publish(EVENTS, &["a", "b"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed(), failed()]);
    drive.publish(EVENTS, &["c"]);
    drive.pass(Duration::from_secs(1));
    let mut rest = Vec::new();
    while let Some(grant) = drive.lease(SUB) {
        rest.extend(payloads(&grant));
        drive.handled(&grant);
    }
    rest.sort();
    assert_eq!(rest, ["b", "c"]);
}

#[test]
fn a_topic_may_delay_every_message() {
    let mut drive = Drive::with(|topic| topic.delay = Duration::from_secs(2), |_| {});
    drive.publish(EVENTS, &["a", "b"]);
    assert!(drive.lease(SUB).is_none());
    assert_eq!(drive.core.figures().topics[0].delayed, 2);
    drive.pass(Duration::from_secs(2));
    drive.step(Event::Tick);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["a", "b"]);
}

#[test]
fn small_publishes_share_a_batch_while_nobody_reads_them() {
    let mut drive = Drive::new();
    for payload in ["a", "b", "c", "d"] {
        drive.publish(EVENTS, &[payload]);
    }
    let grant = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&grant), ["a", "b", "c", "d"]);
    assert_eq!(grant.parts.len(), 1);
    drive.publish(EVENTS, &["e"]);
    drive.handled(&grant);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["e"]);
}

#[test]
fn an_output_to_a_full_topic_that_rejects_fails_its_message_alone() {
    let mut topics = vec![
        topic_rules("events", TopicKind::Event),
        topic_rules("dead", TopicKind::DeadLetter),
        topic_rules("out", TopicKind::Command),
    ];
    topics[2].max_messages = 1;
    topics[2].when_full = WhenFull::Reject;
    let rules = SubscriptionRules { outputs: vec![OUT], ..subscription_rules("reader", EVENTS) };
    let mut drive = Drive::of(topics, vec![rules]);
    drive.publish(OUT, &["in the way"]);
    drive.publish(EVENTS, &["with output", "without"]);
    let grant = drive.lease(SUB).unwrap();
    let batch = drive.batch(&["result"]);
    let output = Output { topic: OUT, batch, delays_ms: Vec::new(), starts: vec![0, 1, 1] };
    drive.settle(&grant, Settlement { verdicts: Verdicts::AllHandled, outputs: vec![output] });
    let figures = drive.core.figures();
    assert_eq!(figures.topics[2].published, 1);
    let one = figures.subscriptions[0];
    assert_eq!((one.handled, one.failed, one.parked), (1, 1, 1));
}

#[test]
fn a_timer_may_put_back_as_much_as_it_takes_from_its_full_topic() {
    let mut drive =
        Drive::with(|topic| topic.max_messages = 2, |rules| rules.outputs = vec![EVENTS]);
    drive.publish(EVENTS, &["a", "b"]);
    let grant = drive.lease(SUB).unwrap();
    let batch = drive.batch(&["a again", "b again", "b twice"]);
    let output = Output { topic: EVENTS, batch, delays_ms: Vec::new(), starts: vec![0, 1, 3] };
    drive.settle(&grant, Settlement { verdicts: Verdicts::AllHandled, outputs: vec![output] });
    let figures = drive.core.figures().subscriptions[0];
    assert_eq!((figures.handled, figures.failed), (1, 1));
    assert_eq!(drive.core.figures().topics[0].published, 3);
}

#[test]
fn a_batch_that_small_publishes_filled_is_delivered_whole() {
    let mut drive = Drive::new();
    for _ in 0..300 {
        drive.publish(EVENTS, &["small"]);
    }
    let first = drive.lease(SUB).unwrap();
    assert_eq!((first.len(), first.parts.len()), (256, 1));
    assert_eq!(drive.lease(SUB).unwrap().len(), 44);
}
