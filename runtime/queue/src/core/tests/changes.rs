use super::*;
use crate::core::{Changed, Declaration, Kind, Named};
use crate::rules::StartFrom;

/// The topics of every drive, and these subscriptions.
pub(super) fn declared(subscriptions: Vec<SubscriptionRules>) -> Declaration {
    let topics = vec![
        topic_rules("events", TopicKind::Event),
        topic_rules("dead", TopicKind::DeadLetter),
        topic_rules("out", TopicKind::Command),
    ];
    Declaration { pipeline: "test".to_owned(), topics, subscriptions, ..Declaration::default() }
}

fn alter(drive: &mut Drive, declaration: Declaration) -> Answer {
    let answer = drive.step(Event::Alter(Box::new(declaration)));
    drive.rules = (0..8)
        .map_while(|id| {
            let rules = drive.core.rules(SubscriptionId(id)).cloned();
            rules.or_else(|| Some(subscription_rules("gone", EVENTS)).filter(|_| id < 4))
        })
        .collect();
    answer
}

#[test]
fn a_subscription_that_joins_gets_what_is_retained_if_it_says_so() {
    for (from, gets) in [(StartFrom::New, 1), (StartFrom::Earliest, 3)] {
        let mut drive = Drive::new();
        drive.publish(EVENTS, &["a", "b"]);
        let late = SubscriptionRules { from, ..subscription_rules("late", EVENTS) };
        let declaration = declared(vec![drive.rules[0].clone(), late]);
        assert!(matches!(alter(&mut drive, declaration), Answer::Altered { .. }));
        drive.publish(EVENTS, &["c"]);
        let depth = drive.core.figures().topics[0].depth;
        assert_eq!(depth, 3, "nobody counts a message twice");
        let grant = drive.lease(SubscriptionId(1)).unwrap();
        assert_eq!(grant.len(), gets);
        drive.handled(&grant);
        assert_eq!(drive.core.figures().topics[0].depth, 3);
        while let Some(grant) = drive.lease(SUB) {
            drive.handled(&grant);
        }
        assert_eq!(drive.core.figures().topics[0].depth, 0);
    }
}

#[test]
fn ids_stay_whatever_stands_before_them_and_nobody_gets_one_again() {
    let mut drive = Drive::new();
    let [a, b] = ["a", "b"].map(|name| subscription_rules(name, EVENTS));
    let reader = drive.rules[0].clone();
    let declaration = declared(vec![b, reader.clone()]);
    let Answer::Altered { subscriptions, .. } = alter(&mut drive, declaration) else {
        panic!("refused")
    };
    assert_eq!(subscriptions, [SubscriptionId(1), SUB]);
    let declaration = declared(vec![reader, a]);
    let Answer::Altered { subscriptions, .. } = alter(&mut drive, declaration) else {
        panic!("refused")
    };
    assert_eq!(subscriptions, [SUB, SubscriptionId(2)]);
    let answer = drive.step(Event::Lease(Drive::request(SubscriptionId(1))));
    assert!(matches!(answer, Answer::Refused(Refusal::Unknown)));
}

#[test]
fn what_is_not_empty_goes_only_by_name_and_all_or_nothing() {
    let mut drive = Drive::new();
    drive.publish(EVENTS, &["a"]);
    let mut declaration = declared(Vec::new());
    declaration.topics[0].max_messages = 7;
    let plan = drive.core.plan(&declaration);
    assert_eq!(plan.leftovers.len(), 1);
    let removed = plan.changes.iter().find(|one| one.how == Changed::Removed).unwrap();
    assert_eq!((removed.what.name.as_str(), removed.waiting), ("reader", 1));
    let answer = alter(&mut drive, declaration.clone());
    assert!(matches!(answer, Answer::Refused(Refusal::LeftOver)));
    assert_eq!(drive.core.rules(SUB).unwrap().name, "reader");
    let name = "reader".to_owned();
    declaration.drops = vec![Named { kind: Kind::Subscription, name }];
    assert!(matches!(alter(&mut drive, declaration), Answer::Altered { .. }));
    assert_eq!(drive.core.figures().topics[0].depth, 0);
}

#[test]
fn a_plan_names_the_settings_that_change() {
    let drive = Drive::new();
    let changed =
        SubscriptionRules { max_attempts: 9, ordering: Ordering::Key, ..drive.rules[0].clone() };
    let plan = drive.core.plan(&declared(vec![changed]));
    assert!(!plan.is_refused());
    let how = &plan.changes.iter().find(|one| one.what.kind == Kind::Subscription).unwrap().how;
    let settings = vec!["ordering", "retry.max_attempts"];
    assert_eq!(how, &Changed::Altered { settings, was: None, ends_leases: true });
    let topics = plan.changes.iter().filter(|one| one.what.kind == Kind::Topic);
    assert!(topics.into_iter().all(|one| one.how == Changed::Unchanged), "{plan:?}");
}

#[test]
fn a_publisher_in_line_of_a_topic_that_is_removed_is_turned_away() {
    let mut drive = Drive::with(|topic| topic.max_messages = 1, |_| {});
    drive.publish(EVENTS, &["a"]);
    let Answer::Waiting(ticket) = drive.publish(EVENTS, &["b"]) else { panic!("no line") };
    let mut declaration = declared(Vec::new());
    declaration.topics.remove(0);
    declaration.drops = [(Kind::Topic, "events"), (Kind::Subscription, "reader")]
        .map(|(kind, name)| Named { kind, name: name.to_owned() })
        .to_vec();
    assert!(matches!(alter(&mut drive, declaration), Answer::Altered { .. }));
    assert_eq!(drive.effects.turned_away, [(ticket, Refusal::Unknown)]);
    assert!(matches!(drive.publish(EVENTS, &["c"]), Answer::Refused(Refusal::Unknown)));
    assert!(matches!(drive.publish(OUT, &["d"]), Answer::Published(_)), "others keep their ids");
}
