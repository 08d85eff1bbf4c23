use super::*;

fn retaining(topic: &mut TopicRules) {
    topic.retain = Duration::from_secs(60);
}

#[test]
fn a_paused_subscription_gets_nothing_until_it_is_resumed() {
    let mut drive = Drive::new();
    drive.step(Event::Pause(SUB, true));
    drive.publish(EVENTS, &["a"]);
    assert!(drive.lease(SUB).is_none());
    drive.step(Event::Pause(SUB, false));
    assert_eq!(drive.effects.wake, [SUB]);
    assert!(drive.lease(SUB).is_some());
}

#[test]
fn retained_messages_can_be_read_again_and_leave_with_time() {
    let mut drive = Drive::with(retaining, |_| {});
    drive.publish(EVENTS, &["a", "b"]);
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    assert_eq!(drive.core.figures().topics[0].retained, 2);
    drive.step(Event::Seek(SUB, SeekTo::Earliest));
    let again = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&again), ["a", "b"]);
    drive.handled(&again);
    drive.pass(Duration::from_secs(60));
    drive.step(Event::Tick);
    let topic = drive.core.figures().topics[0];
    assert_eq!((topic.retained, topic.bytes), (0, 0));
}

#[test]
fn retained_messages_give_way_to_a_publish() {
    let mut drive = Drive::with(
        |topic| {
            retaining(topic);
            topic.max_bytes = 2_500;
        },
        |_| {},
    );
    let large = "x".repeat(1_000);
    for _ in 0..5 {
        assert!(matches!(drive.publish(EVENTS, &[&large]), Answer::Published(_)));
        let grant = drive.lease(SUB).unwrap();
        drive.handled(&grant);
    }
    let topic = drive.core.figures().topics[0];
    assert_eq!(topic.retained_evicted, 4);
    assert!(topic.bytes <= 2_500);
}

#[test]
fn a_seek_to_now_passes_over_everything_and_ends_leases() {
    let mut drive = Drive::with(|_| {}, |rules| rules.batch_messages = 1);
    drive.publish(EVENTS, &["a", "b", "c"]);
    let leased = drive.lease(SUB).unwrap();
    let parked = drive.lease(SUB).unwrap();
    drive.settle_each(&parked, vec![failed()]);
    drive.step(Event::Seek(SUB, SeekTo::Now));
    assert!(matches!(
        drive.settle(&leased, Settlement::all_handled()),
        Answer::Refused(Refusal::LeaseEnded)
    ));
    assert!(drive.lease(SUB).is_none());
    assert_eq!(drive.core.figures().subscriptions[0].purged, 3);
    assert!(drive.core.is_quiet());
    assert_eq!(drive.core.figures().topics[0].bytes, 0);
}

#[test]
fn a_seek_to_a_time_begins_with_what_was_published_then() {
    let mut drive = Drive::with(retaining, |_| {});
    drive.publish(EVENTS, &["a"]);
    drive.pass(Duration::from_secs(1));
    let then = drive.now.wall_ms;
    drive.publish(EVENTS, &["b"]);
    let grant = drive.lease(SUB).unwrap();
    drive.handled(&grant);
    drive.step(Event::Seek(SUB, SeekTo::Time(then)));
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["b"]);
}

#[test]
fn a_purge_empties_the_topic_except_for_what_is_leased() {
    let mut drive = Drive::with(|_| {}, |rules| rules.batch_messages = 1);
    drive.publish(EVENTS, &["leased", "parked", "given back", "waiting"]);
    let leased = drive.lease(SUB).unwrap();
    let parked = drive.lease(SUB).unwrap();
    drive.settle_each(&parked, vec![failed()]);
    let back = drive.lease(SUB).unwrap();
    drive.settle_each(&back, vec![Verdict::Returned]);
    let answer = drive.step(Event::Purge(EVENTS, 0, 4));
    assert!(matches!(answer, Answer::Purged { messages: 3, next: None }), "{answer:?}");
    drive.pass(Duration::from_secs(60));
    assert!(drive.lease(SUB).is_none());
    drive.handled(&leased);
    assert!(drive.core.is_quiet());
    assert_eq!(drive.core.figures().topics[0].bytes, 0);
}

#[test]
fn a_rate_spreads_deliveries_over_time() {
    let rate = RateRules { messages: 20, per: Duration::from_secs(1) };
    let mut drive = Drive::with(|_| {}, |rules| rules.rate = Some(rate));
    drive.publish(EVENTS, &vec!["m"; 50]);
    let mut delivered = drive.lease(SUB).unwrap().len();
    assert_eq!(delivered, 2, "a tenth of a second's worth at once");
    for _ in 0..10 {
        let Answer::Nothing(Some(at)) = drive.step(Event::Lease(Drive::request(SUB))) else {
            panic!("the rate is used up")
        };
        drive.pass(at - drive.now.monotonic);
        delivered += drive.lease(SUB).unwrap().len();
    }
    assert_eq!(delivered, 12);
    assert_eq!(drive.now.monotonic, Duration::from_millis(1_500));
}

#[test]
fn what_was_not_handled_after_all_uses_up_no_rate() {
    let rate = RateRules { messages: 10, per: Duration::from_secs(1) };
    let mut drive = Drive::with(|_| {}, |rules| rules.rate = Some(rate));
    drive.publish(EVENTS, &["a", "b"]);
    let grant = drive.lease(SUB).unwrap();
    assert_eq!(grant.len(), 1);
    drive.settle_each(&grant, vec![Verdict::Filtered]);
    assert!(drive.lease(SUB).is_some());
    assert_eq!(drive.core.figures().subscriptions[0].filtered, 1);
}
