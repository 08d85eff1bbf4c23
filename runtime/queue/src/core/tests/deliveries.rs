use super::*;

#[test]
fn messages_are_delivered_once_and_in_order() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a", "b"]);
    drive.publish(EVENTS, &["c"]);
    let grant = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&grant), ["a", "b", "c"]);
    assert!(drive.lease(SUB).is_none(), "leased messages are nobody else's");
    drive.handled(&grant);
    assert!(drive.lease(SUB).is_none());
    assert!(drive.core.is_quiet());
    assert_eq!(drive.core.figures().topics[0].depth, 0);
}

#[test]
fn workers_of_one_subscription_share_its_messages() {
    let mut drive = Drive::with(|_| {}, |rules| rules.batch_messages = 2);
    drive.publish(EVENTS, &["a", "b", "c", "d", "e"]);
    let grants: Vec<Grant> = std::iter::from_fn(|| drive.lease(SUB)).collect();
    let shares: Vec<_> = grants.iter().map(payloads).collect();
    assert_eq!(shares, [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
    for grant in grants.iter().rev() {
        drive.handled(grant);
    }
    assert!(drive.core.is_quiet());
}

#[test]
fn every_subscription_of_an_event_topic_gets_its_own_copy() {
    let topics =
        vec![topic_rules("events", TopicKind::Event), topic_rules("dead", TopicKind::DeadLetter)];
    let rules = vec![subscription_rules("one", EVENTS), subscription_rules("two", EVENTS)];
    let mut drive = Drive::of(topics, rules);
    drive.publish(EVENTS, &["a"]);
    let (one, two) = (drive.lease(SUB).unwrap(), drive.lease(SubscriptionId(1)).unwrap());
    drive.handled(&one);
    assert_eq!(drive.core.figures().topics[0].depth, 1, "the slower one still needs it");
    drive.handled(&two);
    assert_eq!(drive.core.figures().topics[0].depth, 0);
}

#[test]
fn an_event_topic_without_subscriptions_keeps_nothing_and_a_command_topic_everything() {
    let topics =
        vec![topic_rules("events", TopicKind::Event), topic_rules("jobs", TopicKind::Command)];
    let mut drive = Drive::of(topics, Vec::new());
    drive.publish(TopicId(0), &["a"]);
    drive.publish(TopicId(1), &["b"]);
    let figures = drive.core.figures();
    assert_eq!((figures.topics[0].depth, figures.topics[0].published), (0, 1));
    assert_eq!((figures.topics[1].depth, figures.topics[1].published), (1, 1));
}

#[test]
fn a_lease_stays_within_messages_and_bytes() {
    let mut drive = Drive::with(|_| {}, |rules| rules.batch_bytes = 100);
    let (long, short) = ("x".repeat(200), "y".repeat(20));
    drive.publish(EVENTS, &[&long, &short, &short, &short]);
    assert_eq!(drive.lease(SUB).unwrap().len(), 1, "a larger message is still leased, alone");
    let grant = drive.lease(SUB).unwrap();
    assert!(grant.parts.iter().map(Batch::bytes).sum::<usize>() <= 100);
    assert_eq!(grant.len(), 1);
}

#[test]
fn a_batch_may_wait_to_fill() {
    let wait = Duration::from_millis(50);
    let mut drive =
        Drive::with(|_| {}, |rules| (rules.batch_wait, rules.batch_messages) = (wait, 2));
    drive.publish(EVENTS, &["a"]);
    let look_again = match drive.step(Event::Lease(Drive::request(SUB))) {
        Answer::Nothing(due) => due.unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(look_again, drive.now.monotonic + wait);
    drive.publish(EVENTS, &["b"]);
    assert_eq!(drive.lease(SUB).unwrap().len(), 2, "a full batch waits no longer");
    drive.publish(EVENTS, &["c"]);
    assert!(drive.lease(SUB).is_none());
    drive.pass(wait);
    assert_eq!(drive.lease(SUB).unwrap().len(), 1, "the oldest has waited enough");
}

#[test]
fn a_worker_with_a_key_range_leaves_other_keys_to_others() {
    let mut drive = Drive::new();
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
    drive.publish(EVENTS, &keys);
    let half = u64::MAX / 2;
    let (low, high) =
        (KeyRange { first: 0, last: half }, KeyRange { first: half + 1, last: u64::MAX });
    let low = drive.lease_with(LeaseRequest { keys: Some(low), ..Drive::request(SUB) }).unwrap();
    let high = drive.lease_with(LeaseRequest { keys: Some(high), ..Drive::request(SUB) });
    let mut all: Vec<_> = payloads(&low);
    assert!(low.parts.iter().flatten().all(|message| message.key_hash() <= half));
    // The first lease may have left several runs; a lease takes one run at a time.
    let mut rest = high;
    while let Some(grant) = rest {
        assert!(grant.parts.iter().flatten().all(|message| message.key_hash() > half));
        all.extend(payloads(&grant));
        rest = drive.lease(SUB);
    }
    all.sort();
    assert_eq!(all, keys);
}

#[test]
fn a_fenced_generation_neither_leases_nor_settles_and_its_messages_go_on() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a", "b"]);
    let old = drive.lease(SUB).unwrap();
    drive.step(Event::Fence(SUB, 2));
    assert!(matches!(
        drive.settle(&old, Settlement::all_handled()),
        Answer::Refused(Refusal::LeaseEnded)
    ));
    let refused = drive.step(Event::Lease(Drive::request(SUB)));
    assert!(matches!(refused, Answer::Refused(Refusal::Fenced)));
    let new = drive.lease_with(LeaseRequest { generation: 2, ..Drive::request(SUB) }).unwrap();
    assert_eq!(payloads(&new), ["a", "b"]);
    assert_eq!(new.histories.of(0).failures, 0, "given back unjudged: no failure");
    assert_eq!(new.histories.of(0).deliveries, 2);
}

#[test]
fn outputs_become_visible_with_the_settle() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    let batch = drive.batch(&["result"]);
    assert_eq!(drive.core.figures().topics[2].published, 0);
    let output = Output { topic: OUT, batch, delays_ms: Vec::new(), starts: vec![0, 1] };
    let settlement = Settlement { verdicts: Verdicts::AllHandled, outputs: vec![output] };
    drive.settle(&grant, settlement);
    assert_eq!(drive.core.figures().topics[2].published, 1);
}

#[test]
fn a_delayed_message_becomes_visible_when_due() {
    let mut drive = Drive::new();
    let batch = drive.batch(&["now", "later"]);
    let publication = Publication::with_delays(batch, &[0, 500], drive.now.wall_ms);
    drive.step(Event::Publish(EVENTS, publication));
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["now"]);
    drive.pass(Duration::from_millis(499));
    drive.step(Event::Tick);
    assert!(drive.lease(SUB).is_none());
    drive.pass(Duration::from_millis(1));
    drive.step(Event::Tick);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["later"]);
}

#[test]
fn whoever_takes_messages_wakes_the_next_worker_while_there_are_more() {
    let mut drive = Drive::with(|_| {}, |rules| rules.batch_messages = 1);
    drive.publish(EVENTS, &["a", "b"]);
    assert_eq!(drive.effects.wake, [SUB]);
    drive.lease(SUB).unwrap();
    assert_eq!(drive.effects.wake, [SUB]);
    drive.lease(SUB).unwrap();
    assert_eq!(drive.effects.wake, [], "nothing is left");
}

#[test]
fn a_failure_wakes_a_worker_that_waits_until_the_retry_is_due() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed()]);
    assert_eq!(drive.effects.wake, [SUB]);
    let Answer::Nothing(Some(due)) = drive.step(Event::Lease(Drive::request(SUB))) else {
        panic!()
    };
    assert!(due > drive.now.monotonic);
}
