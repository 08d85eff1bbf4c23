use super::*;
use crate::core::{Act, Deploy};
use crate::rules::Share;

const PLUGIN: &str = "enrich";

fn drive(ordering: Ordering) -> Drive {
    Drive::with(
        |_| {},
        |rules| {
            rules.plugin = Some(PLUGIN.to_owned());
            rules.ordering = ordering;
            rules.max_parked = 1_000;
        },
    )
}

fn deploy(drive: &mut Drive, act: Act) -> Answer {
    drive.step(Event::Deploy(Box::new(Deploy { plugin: PLUGIN.to_owned(), act })))
}

fn begin(drive: &mut Drive, percent: u8) -> u64 {
    let share = Share::percent(percent).unwrap();
    match deploy(drive, Act::Begin { digest: "v2".to_owned(), share }) {
        Answer::Generation(generation) => generation,
        other => panic!("no trial: {other:?}"),
    }
}

fn roll_back(drive: &mut Drive) {
    let answer = deploy(drive, Act::RollBack { why: "it fails".to_owned() });
    assert!(matches!(answer, Answer::Generation(_)), "{answer:?}");
}

fn lease(drive: &mut Drive, generation: u64) -> Option<Grant> {
    drive.lease_with(LeaseRequest { generation, ..Drive::request(SUB) })
}

/// Everything that the generation gets, handled.
fn all(drive: &mut Drive, generation: u64) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(grant) = lease(drive, generation) {
        all.extend(payloads(&grant));
        drive.handled(&grant);
    }
    all.sort();
    all
}

#[test]
fn a_canary_gets_its_share_of_the_keys_and_always_the_same() {
    for ordering in [Ordering::None, Ordering::Key] {
        let mut drive = drive(ordering);
        let keys: Vec<String> = (0..900).map(|i| format!("key-{i:04}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut shares = Vec::new();
        for percent in [10, 10, 30] {
            let generation = begin(&mut drive, percent);
            drive.publish(EVENTS, &keys);
            let (old, trial) = (all(&mut drive, 1), all(&mut drive, generation));
            assert_eq!(old.len() + trial.len(), 900);
            assert!(trial.len().abs_diff(9 * usize::from(percent)) <= 27, "{}", trial.len());
            shares.push(trial);
            roll_back(&mut drive);
        }
        assert_eq!(shares[0], shares[1]);
        assert!(shares[0].iter().all(|key| shares[2].contains(key)), "a wider share is nested");
    }
}

#[test]
fn a_key_under_lease_goes_over_to_the_trial_once_it_is_settled() {
    let mut drive = drive(Ordering::Key);
    drive.publish(EVENTS, &["a"]);
    let held = lease(&mut drive, 1).unwrap();
    drive.publish(EVENTS, &["a", "b"]);
    let generation = begin(&mut drive, 100);
    let grant = lease(&mut drive, generation).unwrap();
    assert_eq!(payloads(&grant), ["b"]);
    assert!(lease(&mut drive, generation).is_none());
    drive.handled(&held);
    assert_eq!(payloads(&lease(&mut drive, generation).unwrap()), ["a"]);
}

#[test]
fn a_rollback_gives_back_in_order_and_counts_nothing() {
    let mut drive = drive(Ordering::Key);
    drive.publish(EVENTS, &["a", "a", "b"]);
    let generation = begin(&mut drive, 100);
    let grant = lease(&mut drive, generation).unwrap();
    drive.settle_each(&grant, vec![rejected(), failed(), failed()]);
    assert_eq!(drive.core.figures().subscriptions[0].parked, 3);
    assert!(lease(&mut drive, generation).is_none(), "nothing is tried again in a trial");
    roll_back(&mut drive);
    let figures = drive.core.figures().subscriptions[0];
    assert_eq!((figures.failed, figures.dead_lettered()), (0, 0));
    let first = lease(&mut drive, 1).unwrap();
    assert!((0..first.len()).all(|i| first.histories.of(i).failures == 0));
    drive.handled(&first);
    assert_eq!(payloads(&lease(&mut drive, 1).unwrap()), ["a"]);
}

#[test]
fn a_promotion_makes_failures_stand() {
    let mut drive = drive(Ordering::None);
    drive.publish(EVENTS, &["a", "b"]);
    let generation = begin(&mut drive, 100);
    let grant = lease(&mut drive, generation).unwrap();
    drive.settle_each(&grant, vec![rejected(), failed()]);
    assert_eq!(drive.core.figures().topics[DEAD.0 as usize].depth, 0);
    assert!(matches!(deploy(&mut drive, Act::Promote), Answer::Generation(_)));
    let figures = drive.core.figures();
    assert_eq!((figures.subscriptions[0].rejected, figures.subscriptions[0].failed), (1, 1));
    assert_eq!(figures.topics[DEAD.0 as usize].depth, 1);
    drive.pass(Duration::from_secs(1));
    let again = lease(&mut drive, generation).unwrap();
    assert_eq!((payloads(&again), again.histories.of(0).failures), (vec!["b".to_owned()], 1));
}

#[test]
fn a_settle_of_a_version_that_was_rolled_back_is_refused_whole() {
    let mut drive = drive(Ordering::None);
    drive.publish(EVENTS, &["a"]);
    let generation = begin(&mut drive, 100);
    let grant = lease(&mut drive, generation).unwrap();
    roll_back(&mut drive);
    let late = drive.settle(&grant, Settlement::all_handled());
    assert!(matches!(late, Answer::Refused(Refusal::LeaseEnded)));
    let request = LeaseRequest { generation, ..Drive::request(SUB) };
    let answer = drive.step(Event::Lease(request));
    assert!(matches!(answer, Answer::Refused(Refusal::Fenced)));
    assert_eq!(payloads(&lease(&mut drive, 1).unwrap()), ["a"]);
}

#[test]
fn whoever_decides_is_told_when_no_more_may_wait() {
    let mut drive = drive(Ordering::None);
    drive.core = Core::new(
        vec![topic_rules("events", TopicKind::Event), topic_rules("dead", TopicKind::DeadLetter)],
        vec![SubscriptionRules { max_parked: 2, ..drive.rules[0].clone() }],
    );
    drive.publish(EVENTS, &["a", "b"]);
    let generation = begin(&mut drive, 100);
    let grant = lease(&mut drive, generation).unwrap();
    drive.settle_each(&grant, vec![failed(), failed()]);
    assert_eq!(drive.effects.trial_full, [SUB]);
    assert!(drive.core.plugins()[0].trial.as_ref().unwrap().is_full);
}

/// With 2,700 messages, all of which a version on trial failed on; and its generation.
fn drive_of_withheld() -> Drive {
    let mut drive = Drive::with(
        |topic| topic.max_messages = 5_000,
        |rules| {
            rules.plugin = Some(PLUGIN.to_owned());
            rules.max_parked = 10_000;
        },
    );
    let generation = begin(&mut drive, 100);
    for _ in 0..3 {
        drive.publish(EVENTS, &vec!["x"; 900]);
    }
    while let Some(grant) = lease(&mut drive, generation) {
        let verdicts = vec![failed(); grant.len()];
        drive.settle_each(&grant, verdicts);
    }
    assert_eq!(drive.core.plugins()[0].withheld, 2_700);
    drive
}

#[test]
fn what_was_withheld_goes_on_a_step_at_a_time() {
    let mut drive = drive_of_withheld();
    roll_back(&mut drive);
    let left = drive.core.plugins()[0].withheld;
    assert_eq!(left, 2_700 - super::super::MAX_STEP_MESSAGES as u64);
    assert_eq!(drive.core.next_tick(drive.now), Some(drive.now.monotonic));
    drive.step(Event::Tick);
    drive.step(Event::Tick);
    assert_eq!(drive.core.plugins()[0].withheld, 0);
    assert_eq!(drive.core.figures().subscriptions[0].live(), 2_700);
}

#[test]
fn what_was_withheld_goes_on_where_its_subscription_is_declared_elsewhere_after_a_start() {
    let mut drive = drive_of_withheld();
    drive.step(Event::Restart);
    assert!(drive.core.plugins()[0].withheld > 0, "one step is not enough");
    let other = subscription_rules("other", EVENTS);
    drive.rules.insert(0, other);
    let declaration = super::changes::declared(drive.rules.clone());
    drive.step(Event::Declare(Box::new(declaration)));
    drive.step(Event::Tick);
    drive.step(Event::Tick);
    assert_eq!(drive.core.plugins()[0].withheld, 0);
    assert_eq!(drive.core.figures().subscriptions[1].live(), 2_700);
    assert!(!drive.core.is_quiet());
    assert_eq!(all(&mut drive, 1).len(), 0, "nothing of it is the other's");
    let mut left = 0;
    while let Some(grant) = drive.lease(SubscriptionId(1)) {
        left += grant.len();
        drive.handled(&grant);
    }
    assert_eq!(left, 2_700);
}

#[test]
fn a_backlog_behind_busy_keys_is_no_reason_to_end_a_trial() {
    let mut drive = Drive::with(
        |_| {},
        |rules| {
            rules.plugin = Some(PLUGIN.to_owned());
            (rules.ordering, rules.max_parked) = (Ordering::Key, 8);
        },
    );
    let generation = begin(&mut drive, 50);
    let keys = ["a", "b", "c", "d", "e", "f"];
    for _ in 0..20 {
        drive.publish(EVENTS, &keys);
    }
    let mut handled = 0;
    loop {
        let few = |generation| LeaseRequest { generation, messages_max: 2, ..Drive::request(SUB) };
        let grants: Vec<Grant> =
            [1, generation].iter().filter_map(|of| drive.lease_with(few(*of))).collect();
        assert!(drive.effects.trial_full.is_empty());
        for grant in &grants {
            handled += grant.len();
            drive.handled(grant);
            assert!(drive.effects.trial_full.is_empty());
        }
        if grants.is_empty() {
            break;
        }
    }
    assert_eq!(handled, 120);
    // One that fails holds its keys until no other can go on: then it is told.
    for _ in 0..20 {
        drive.publish(EVENTS, &keys);
    }
    let mut told = false;
    for _ in 0..200 {
        for of in [1, generation] {
            let request = LeaseRequest { generation: of, ..Drive::request(SUB) };
            let Answer::Granted(grant) = drive.step(Event::Lease(request)) else {
                told |= !drive.effects.trial_full.is_empty();
                continue;
            };
            let verdict = if of == 1 { Verdict::Handled } else { failed() };
            drive.settle_each(&grant, vec![verdict; grant.len()]);
            told |= !drive.effects.trial_full.is_empty();
        }
    }
    assert!(told, "nothing goes on, and nobody is told");
}
