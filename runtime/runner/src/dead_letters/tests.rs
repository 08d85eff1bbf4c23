//! What requests do to dead letters, and what they leave alone.

mod jobs;
mod shop;

use bytes::Bytes;
use millstream_formats::Condition;
use millstream_queue::Broker;

use self::shop::{COPY, DROP, PAY, Shop, WALL, at, done, id, where_};
use super::{DeadLetterError, Outcome, Redrive, Selection};

#[tokio::test]
async fn a_redrive_touches_only_the_letters_of_its_subscription() {
    let shop = Shop::open();
    shop.give_up(&["a", "b"], &[PAY, COPY]).await;
    assert_eq!(shop.redrive(Selection::All, Redrive::default()).await, done(2, 2));
    assert_eq!((shop.left(PAY), shop.left(COPY)), (vec![], vec!["a".into(), "b".into()]));
    let figures = shop.broker.figures().subscriptions;
    assert_eq!((figures[0].redriven, figures[1].redriven), (2, 0));
}

#[tokio::test]
async fn a_redriven_message_is_the_one_that_was_given_up() {
    let shop = Shop::open();
    shop.give_up(&["a"], &[PAY]).await;
    shop.redrive(Selection::Ids(vec![id(0)]), Redrive::default()).await.unwrap();
    let delivery = shop.lease(PAY).await;
    let message = delivery.batch.get(0);
    assert_eq!((message.id(), message.published_at()), (id(0), WALL - 5));
    assert_eq!((message.key(), message.payload()), (Some("k0"), &b"a"[..]));
    assert_eq!(message.headers().collect::<Vec<_>>(), [("from", "desk")]);
}

#[tokio::test]
async fn a_new_payload_replaces_that_of_one_message_that_fits() {
    let shop = Shop::open();
    shop.give_up(&["a", "b"], &[PAY]).await;
    let payload = |bytes: usize| Redrive {
        payload: Some(Bytes::from(vec![b'x'; bytes])),
        ..Redrive::default()
    };
    for which in [Selection::All, Selection::Ids(vec![id(0), id(1)]), Selection::Ids(vec![])] {
        let refused = shop.redrive(which, payload(3)).await;
        assert_eq!(refused, Err(DeadLetterError::PayloadNeedsOneId));
    }
    let one = || Selection::Ids(vec![id(1)]);
    let too_large = Err(DeadLetterError::PayloadTooLarge { bytes_max: 100 });
    assert_eq!(shop.redrive(one(), payload(101)).await, too_large);
    assert_eq!(shop.redrive(one(), payload(3)).await, done(1, 1));
    let delivery = shop.lease(PAY).await;
    assert_eq!((delivery.batch.get(0).id(), delivery.batch.get(0).payload()), (id(1), &b"xxx"[..]));
    assert_eq!(shop.left(PAY), ["a"]);
}

#[tokio::test]
async fn a_dry_run_counts_and_moves_nothing() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c"], &[PAY]).await;
    let dry = Redrive { dry_run: true, ..at("1/s") };
    assert_eq!(shop.redrive(where_("text != \"b\""), dry).await, done(2, 0));
    assert_eq!(shop.letters.purge(PAY, Selection::All, true).await, done(3, 0));
    assert_eq!((shop.left(PAY).len(), shop.letters.job(PAY)), (3, None));
}

#[tokio::test]
async fn a_purge_deletes_what_is_meant_and_nothing_else() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c"], &[PAY, COPY]).await;
    let meant = where_("text == \"b\" && reason == \"rejected\" && attempts == 1");
    assert_eq!(shop.letters.purge(PAY, meant, false).await, done(1, 1));
    assert_eq!((shop.left(PAY), shop.left(COPY).len()), (vec!["a".into(), "c".into()], 3));
    assert_eq!(shop.letters.purge(PAY, Selection::Ids(vec![id(1)]), false).await, done(0, 0));
}

#[tokio::test]
async fn a_condition_that_cannot_be_answered_for_one_letter_moves_none() {
    let shop = Shop::open();
    shop.give_up(&[r#"{"n":7}"#, r#"{"n":"seven"}"#], &[PAY]).await;
    for refused in [
        shop.redrive(where_("payload.n > 5"), Redrive::default()).await,
        shop.redrive(where_("payload.n > 5"), at("1/s")).await,
        shop.letters.purge(PAY, where_("payload.n > 5"), false).await,
    ] {
        let Err(DeadLetterError::Condition(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains(&id(1).to_string()), "{text}");
    }
    assert_eq!((shop.left(PAY).len(), shop.letters.job(PAY)), (2, None));
}

#[tokio::test]
async fn a_request_stops_where_no_more_may_be_parked() {
    let shop = Shop::with("max_parked: 2");
    shop.give_up(&["a", "b", "c"], &[PAY]).await;
    let outcome = shop.redrive(Selection::All, Redrive::default()).await;
    assert_eq!(outcome, Ok(Outcome::Done { matched: 3, moved: 2, complete: false }));
    assert_eq!(shop.left(PAY), ["c"]);
}

#[tokio::test]
async fn more_letters_than_a_step_takes_move_in_one_request() {
    let shop = Shop::open();
    let payloads = vec!["x"; 3_000];
    shop.give_up(&payloads, &[PAY]).await;
    assert_eq!(shop.redrive(where_("text == \"x\""), Redrive::default()).await, done(3_000, 3_000));
    assert_eq!(shop.left(PAY).len(), 0);
}

#[tokio::test]
async fn a_subscription_that_drops_has_no_dead_letters() {
    let shop = Shop::open();
    let none = DeadLetterError::NoDeadLetterTopic("drop".into());
    assert_eq!(shop.letters.list(DROP, 0, 1, None).map(|_| ()), Err(none.clone()));
    assert_eq!(shop.letters.purge(DROP, Selection::All, false).await, Err(none));
    assert!(shop.letters.find(DROP, id(0)).is_none());
}

#[tokio::test]
async fn pages_lead_through_all_letters_once() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c", "d", "e"], &[COPY, PAY]).await;
    let condition = Condition::parse("text != \"b\"").unwrap();
    let (mut next, mut seen) = (Some(0), Vec::new());
    while let Some(after) = next {
        let page = shop.letters.list(PAY, after, 2, Some(&condition)).unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|found| found.letter.get(0).payload()[0] as char));
        next = page.next;
    }
    assert_eq!(seen, ['a', 'c', 'd', 'e']);
    assert_eq!(shop.letters.find(PAY, id(3)).unwrap().letter.get(0).payload(), b"d");
    assert!(shop.letters.find(PAY, id(9)).is_none());
}

#[tokio::test]
async fn a_stopped_key_names_the_message_that_stops_it() {
    let shop = Shop::with("ordering: key, on_dead_letter: park_key");
    shop.give_up(&["a", "b"], &[PAY]).await;
    let mut stopped: Vec<_> = shop.letters.stopped_keys(PAY, 20);
    stopped.sort_by(|one, other| one.key.cmp(&other.key));
    let named: Vec<_> = stopped.iter().map(|one| (one.key.as_deref(), one.dead_letter)).collect();
    assert_eq!(named, [(Some("k0"), id(0)), (Some("k1"), id(1))]);
    assert_eq!(shop.letters.purge(PAY, Selection::Ids(vec![id(0)]), false).await, done(1, 1));
    let keys = shop.letters.stopped_keys(PAY, 20);
    assert_eq!(keys.iter().map(|one| one.dead_letter).collect::<Vec<_>>(), [id(1)]);
}
