use super::*;

fn by_key(rules: &mut SubscriptionRules) {
    rules.ordering = Ordering::Key;
}

/// Payloads `a1`, `a2`, `b1`: the key is the first letter.
fn publish(drive: &mut Drive, payloads: &[&str]) {
    let mut builder = BatchBuilder::with_capacity(payloads.len(), 0);
    for payload in payloads {
        let id = drive.next_id();
        let key = payload.get(..1).filter(|key| *key != "-");
        builder.push(id, drive.now.wall_ms, key, [], payload.as_bytes()).unwrap();
    }
    drive.step(Event::Publish(EVENTS, Publication::now(builder.build())));
}

#[test]
fn a_failed_message_parks_its_key_while_other_keys_flow() {
    let mut drive = Drive::with(|_| {}, by_key);
    publish(&mut drive, &["a1", "b1"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed(), Verdict::Handled]);
    publish(&mut drive, &["a2", "b2"]);
    let grant = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&grant), ["b2"]);
    drive.handled(&grant);
    drive.pass(Duration::from_millis(120));
    let retry = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&retry), ["a1"]);
    assert!(drive.lease(SUB).is_none(), "the next of its key waits for it");
    drive.handled(&retry);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["a2"]);
}

#[test]
fn later_messages_of_a_failed_key_are_discarded_and_delivered_again_uncounted() {
    let mut drive = Drive::with(|_| {}, by_key);
    publish(&mut drive, &["a1", "a2", "b1", "a3"]);
    let grant = drive.lease(SUB).unwrap();
    let batch = drive.batch(&["of a1", "of a2", "of b1", "of a3"]);
    let starts = vec![0, 1, 2, 3, 4];
    let output = Output { topic: OUT, batch, delays_ms: Vec::new(), starts };
    let verdicts = vec![failed(), Verdict::Handled, Verdict::Handled, rejected()];
    drive.settle(&grant, Settlement { verdicts: Verdicts::Each(verdicts), outputs: vec![output] });
    let (_, out) = drive.seen(OUT, 0, 10);
    assert_eq!((out.len(), out.get(0).payload()), (1, &b"of b1"[..]));
    let figures = drive.core.figures().subscriptions[0];
    assert_eq!((figures.failed, figures.rejected, figures.handled, figures.parked), (1, 0, 1, 3));
    drive.pass(Duration::from_secs(1));
    let retry = drive.lease(SUB).unwrap();
    drive.handled(&retry);
    let again = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&again), ["a2", "a3"]);
    assert_eq!((again.histories.of(0).failures, again.histories.of(0).deliveries), (0, 2));
}

#[test]
fn a_key_is_with_one_worker_at_a_time_and_messages_without_one_are_free() {
    let mut drive = Drive::with(
        |_| {},
        |rules| {
            by_key(rules);
            rules.batch_messages = 2;
        },
    );
    publish(&mut drive, &["a1", "b1", "a2", "-", "b2", "c1"]);
    let first = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&first), ["a1", "b1"]);
    let second = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&second), ["-", "c1"]);
    assert!(drive.lease(SUB).is_none());
    drive.handled(&first);
    assert_eq!(drive.effects.wake, [SUB], "keys that are free again find a worker");
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["a2", "b2"]);
}

#[test]
fn strict_is_one_key_for_all() {
    let mut drive = Drive::with(|_| {}, |rules| rules.ordering = Ordering::Strict);
    publish(&mut drive, &["a1", "b1", "-"]);
    let grant = drive.lease(SUB).unwrap();
    publish(&mut drive, &["c1"]);
    assert!(drive.lease(SUB).is_none(), "one lease at a time");
    drive.settle_each(&grant, vec![Verdict::Handled, failed(), Verdict::Handled]);
    assert!(drive.lease(SUB).is_none(), "nothing passes what failed");
    drive.pass(Duration::from_millis(120));
    let retry = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&retry), ["b1"]);
    drive.handled(&retry);
    let mut rest = Vec::new();
    while let Some(grant) = drive.lease(SUB) {
        rest.extend(payloads(&grant));
        drive.handled(&grant);
    }
    assert_eq!(rest, ["-", "c1"]);
}

#[test]
fn a_dead_letter_stops_its_key_until_it_is_redriven() {
    let mut drive = Drive::with(
        |_| {},
        |rules| {
            by_key(rules);
            rules.on_dead_letter = OnDeadLetter::ParkKey;
        },
    );
    publish(&mut drive, &["a1", "a2", "b1"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected(), Verdict::Handled, Verdict::Handled]);
    assert!(drive.lease(SUB).is_none());
    assert!(drive.core.is_quiet(), "a stopped key is a declared wait");
    let stopped = drive.core.stopped_keys(SUB, 10);
    assert_eq!(stopped[0].key.as_deref(), Some("a"));
    let letter = drive.letter(0);
    drive.step(Event::Redrive(SUB, vec![letter]));
    let redriven = drive.lease(SUB).unwrap();
    assert_eq!(payloads(&redriven), ["a1", "a2"], "before what waited behind it");
    assert_eq!(redriven.histories.of(0).deliveries, 1, "counted anew");
    drive.handled(&redriven);
    assert!(drive.core.is_quiet());
}

#[test]
fn a_stopped_key_goes_on_when_its_dead_letter_is_purged() {
    let mut drive = Drive::with(
        |_| {},
        |rules| {
            rules.ordering = Ordering::Strict;
            rules.on_dead_letter = OnDeadLetter::ParkKey;
        },
    );
    publish(&mut drive, &["a1", "b1"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![rejected(), Verdict::Handled]);
    assert!(drive.lease(SUB).is_none());
    let letter = drive.letter(0);
    drive.step(Event::PurgeLetters(vec![letter]));
    assert_eq!(drive.effects.wake, [SUB]);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["b1"]);
}

#[test]
fn what_is_given_back_keeps_its_place() {
    let mut drive = Drive::with(|_| {}, by_key);
    publish(&mut drive, &["a1", "a2", "a3"]);
    let grant = drive.lease(SUB).unwrap();
    publish(&mut drive, &["a4"]);
    assert!(drive.lease(SUB).is_none());
    drive.settle_each(&grant, vec![Verdict::Handled, Verdict::Returned, Verdict::Handled]);
    assert_eq!(payloads(&drive.lease(SUB).unwrap()), ["a2", "a3", "a4"]);
}

#[test]
fn messages_that_wait_behind_a_key_count_toward_max_parked() {
    let mut drive = Drive::with(
        |_| {},
        |rules| {
            by_key(rules);
            rules.max_parked = 3;
        },
    );
    publish(&mut drive, &["a1"]);
    let grant = drive.lease(SUB).unwrap();
    drive.settle_each(&grant, vec![failed()]);
    publish(&mut drive, &["a2", "a3", "a4", "b1"]);
    assert!(drive.lease(SUB).is_none(), "the cursor stops at the bound");
    assert_eq!(drive.core.figures().subscriptions[0].parked, 3);
    drive.pass(Duration::from_millis(120));
    let retry = drive.lease(SUB).unwrap();
    drive.handled(&retry);
    let mut rest = Vec::new();
    while let Some(grant) = drive.lease(SUB) {
        rest.extend(payloads(&grant));
        drive.handled(&grant);
    }
    assert_eq!(rest, ["a2", "a3", "a4", "b1"]);
}
