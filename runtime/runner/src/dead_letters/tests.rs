use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_formats::Condition;
use millstream_message::{
    BatchBuilder, Failure, FailureKind, MessageId, Settlement, SubscriptionId, TopicId, Verdict,
    Verdicts,
};
use millstream_pipeline::Plan;
use millstream_queue::{
    Broker, Clock, Delivery, EmbeddedBroker, Handler, LeaseRequest, Now, Publication,
};
use tokio::time::{Instant, advance, sleep};

use super::{DeadLetterError, DeadLetters, JobState, JobStatus, Outcome, Rate, Redrive, Selection};
use crate::rules;
use crate::wiring::{Wiring, Wirings};

const IN: TopicId = TopicId(0);
const PAY: SubscriptionId = SubscriptionId(0);
const COPY: SubscriptionId = SubscriptionId(1);
const DROP: SubscriptionId = SubscriptionId(2);
const WALL: u64 = 1_700_000_000_000;

/// Tokio's own clock, which a test pauses.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let monotonic = self.0.elapsed();
        Now { monotonic, wall_ms: WALL + monotonic.as_millis() as u64 }
    }
}

/// Two subscriptions that share a dead-letter topic, and one that drops.
struct Shop {
    broker: Arc<EmbeddedBroker>,
    letters: DeadLetters,
    plan: Arc<Plan>,
}

impl Shop {
    fn open() -> Self {
        Self::with("")
    }

    /// With more rules for the subscription that pays.
    fn with(rules: &str) -> Self {
        let plan = plan(rules);
        let broker = Arc::new(EmbeddedBroker::memory(
            rules::topics(&plan),
            rules::subscriptions(&plan),
            Arc::new(TokioClock(Instant::now())),
            || 0,
        ));
        let letters = DeadLetters::new(Arc::clone(&broker) as Arc<dyn Broker>, wirings(&plan));
        Self { broker, letters, plan }
    }

    /// Somebody else works with the same broker.
    fn started_again(&self) -> Self {
        let (broker, plan) = (Arc::clone(&self.broker), self.plan.clone());
        let letters = DeadLetters::new(Arc::clone(&broker) as Arc<dyn Broker>, wirings(&plan));
        Self { broker, letters, plan }
    }

    /// Publishes one message a payload; each `subscription` gives up all of them.
    async fn give_up(&self, payloads: &[&str], subscriptions: &[SubscriptionId]) {
        let mut builder = BatchBuilder::with_capacity(payloads.len(), 0);
        for (i, payload) in payloads.iter().enumerate() {
            let headers = [("from", "desk")];
            builder
                .push(id(i), WALL - 5, Some(&format!("k{i}")), headers, payload.as_bytes())
                .unwrap();
        }
        self.broker.publish(IN, Publication::now(builder.build())).await.unwrap();
        for &subscription in subscriptions {
            for _ in payloads {
                self.reject_one(subscription).await;
            }
        }
    }

    async fn reject_one(&self, subscription: SubscriptionId) {
        let delivery = self.lease(subscription).await;
        let failure = Failure::new(FailureKind::Reject, "no");
        let verdicts = Verdicts::Each(vec![Verdict::Rejected(failure)]);
        let settlement = Settlement { verdicts, outputs: Vec::new() };
        self.broker.settle(delivery, settlement).await.unwrap();
    }

    /// One message for the subscription.
    async fn lease(&self, subscription: SubscriptionId) -> Delivery {
        let handler = Arc::new(Handler { name: "plugin".into(), digest: String::new() });
        let request =
            LeaseRequest { subscription, generation: 0, keys: None, messages_max: 1, handler };
        self.broker.lease(request).await.unwrap()
    }

    async fn redrive(&self, which: Selection, how: Redrive) -> Result<Outcome, DeadLetterError> {
        self.letters.redrive(PAY, which, how).await
    }

    /// The payloads of the subscription's letters.
    fn left(&self, subscription: SubscriptionId) -> Vec<String> {
        let listing = self.letters.list(subscription, 0, 10_000, None).unwrap();
        let payload = |found: &super::Found| found.letter.get(0).payload().to_vec();
        let items = listing.items.iter().map(payload);
        items.map(|payload| String::from_utf8(payload).unwrap()).collect()
    }
}

fn wirings(plan: &Arc<Plan>) -> Wirings {
    Wirings::fixed(Wiring::new(Arc::clone(plan), String::new()))
}

fn plan(rules: &str) -> Arc<Plan> {
    let sink = |name: &str| format!("topic: in, sink: {{ file: {{ path: {name} }} }}");
    let text = format!(
        "pipeline: p\n\
         topics:\n  in: {{ kind: event, max_message: 100B }}\n  dead: {{ kind: dead_letter }}\n\
         subscriptions:\n  \
         pay: {{ {}, dead_letter: dead, {rules} }}\n  \
         copy: {{ {}, dead_letter: dead }}\n  \
         drop: {{ {}, on_exhausted: drop }}\n",
        sink("pay"),
        sink("copy"),
        sink("drop"),
    );
    crate::tests::plan(&text, Path::new("."))
}

fn id(i: usize) -> MessageId {
    MessageId::published(1, i as u128)
}

fn done(matched: u64, moved: u64) -> Result<Outcome, DeadLetterError> {
    Ok(Outcome::Done { matched, moved, complete: true })
}

fn at(rate: &str) -> Redrive {
    Redrive { rate: Some(rate.parse().unwrap()), ..Redrive::default() }
}

fn where_(text: &str) -> Selection {
    Selection::Where(Condition::parse(text).unwrap())
}

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

#[tokio::test(start_paused = true)]
async fn a_job_keeps_to_its_rate() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c", "d"], &[PAY]).await;
    let began = Instant::now();
    let started = shop.redrive(Selection::All, at("2/s")).await;
    let running = JobStatus { matched: 4, moved: 0, state: JobState::Running };
    assert_eq!(started, Ok(Outcome::Started(running)));
    while shop.letters.job(PAY).unwrap().state == JobState::Running {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        shop.letters.job(PAY),
        Some(JobStatus { moved: 4, state: JobState::Done, ..running })
    );
    // The first goes at once, the others half a second apart.
    let taken = began.elapsed().as_millis();
    assert!((1_500..1_600).contains(&taken), "{taken} ms");
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_room_where_no_more_may_be_parked() {
    let shop = Shop::with("max_parked: 1");
    shop.give_up(&["a", "b"], &[PAY]).await;
    shop.redrive(Selection::All, at("1000/s")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let waiting = JobStatus { matched: 2, moved: 1, state: JobState::Running };
    assert_eq!(shop.letters.job(PAY), Some(waiting));
    let delivery = shop.lease(PAY).await;
    shop.broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.letters.job(PAY).unwrap().state, JobState::Done);
    assert!(shop.left(PAY).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_job_leaves_the_rest_where_it_is() {
    let shop = Shop::open();
    shop.give_up(&["a", "b", "c"], &[PAY]).await;
    shop.redrive(Selection::All, at("1/m")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let again = [shop.redrive(Selection::All, at("1/m")), shop.redrive(Selection::All, at("1/s"))];
    for refused in again {
        assert_eq!(refused.await, Err(DeadLetterError::JobRunning));
    }
    let at_once = shop.redrive(Selection::All, Redrive::default()).await;
    assert_eq!(at_once, Err(DeadLetterError::JobRunning));
    let stopped = JobStatus { matched: 3, moved: 1, state: JobState::Stopped };
    assert_eq!(shop.letters.stop(PAY).await, Some(stopped));
    advance(Duration::from_secs(600)).await;
    assert_eq!(
        (shop.letters.job(PAY), shop.left(PAY)),
        (Some(stopped), vec!["b".into(), "c".into()])
    );
    assert_eq!(shop.redrive(Selection::All, Redrive::default()).await, done(2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_again_is_not_put_back_for_ever() {
    let shop = Shop::open();
    shop.give_up(&["a", "b"], &[PAY]).await;
    shop.redrive(Selection::All, at("1/s")).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    // While the job still has the other one to move.
    shop.reject_one(PAY).await;
    sleep(Duration::from_secs(5)).await;
    let ended = JobStatus { matched: 2, moved: 2, state: JobState::Done };
    assert_eq!((shop.letters.job(PAY), shop.left(PAY)), (Some(ended), vec!["a".into()]));
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_every_job_and_none_starts_any_more() {
    let shop = Shop::open();
    shop.give_up(&["a", "b"], &[PAY]).await;
    shop.redrive(Selection::All, at("1/h")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    shop.letters.clone().close().await;
    let stopped = JobStatus { matched: 2, moved: 1, state: JobState::Stopped };
    assert_eq!(shop.letters.job(PAY), Some(stopped));
    assert_eq!(shop.redrive(Selection::All, at("1/s")).await, Err(DeadLetterError::Closed));
}

/// What a broker remembers outlives whoever works with it: as after a start.
#[tokio::test(start_paused = true)]
async fn a_closed_job_goes_on_where_it_was_and_a_stopped_one_does_not() {
    let shop = Shop::open();
    let payloads = ["a", "x", "b", "x", "c"];
    shop.give_up(&payloads, &[PAY]).await;
    shop.redrive(where_("text != \"x\""), at("1/s")).await.unwrap();
    sleep(Duration::from_millis(1_500)).await;
    shop.letters.close().await;
    // The first fails again: its new letter came too late to be meant.
    shop.reject_one(PAY).await;
    assert_eq!(shop.left(PAY), ["x", "x", "c", "a"]);

    let next = shop.started_again();
    assert_eq!(next.letters.resume(), ["pay"]);
    sleep(Duration::from_millis(100)).await;
    let done = JobStatus { matched: 3, moved: 3, state: JobState::Done };
    assert_eq!((next.letters.job(PAY), next.left(PAY)), (Some(done), strings(&["x", "x", "a"])));
    assert_eq!(next.started_again().letters.resume(), [""; 0], "it is over");

    next.redrive(Selection::All, at("1/h")).await.unwrap();
    assert_eq!(next.letters.stop(PAY).await.unwrap().state, JobState::Stopped);
    assert_eq!(next.started_again().letters.resume(), [""; 0], "it was stopped");
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_on_with_its_ids_and_its_payload() {
    let shop = Shop::with("max_parked: 1");
    shop.give_up(&["a", "b"], &[PAY]).await;
    assert_eq!(shop.redrive(Selection::Ids(vec![id(0)]), Redrive::default()).await, done(1, 1));
    let mended = Redrive { payload: Some(Bytes::from_static(b"be\ntter")), ..at("9/s") };
    shop.redrive(Selection::Ids(vec![id(1)]), mended).await.unwrap();
    shop.letters.close().await;
    let next = shop.started_again();
    assert_eq!(next.letters.resume(), ["pay"]);
    for payload in [&b"a"[..], b"be\ntter"] {
        let delivery = next.lease(PAY).await;
        assert_eq!(delivery.batch.get(0).payload(), payload);
        next.broker.settle(delivery, Settlement::all_handled()).await.unwrap();
    }
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
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

#[test]
fn a_rate_has_a_number_and_a_unit_of_time() {
    let second = Duration::from_secs(1);
    assert_eq!("50/s".parse(), Ok(Rate { messages: 50, per: second }));
    assert_eq!("1_000/h".parse(), Ok(Rate { messages: 1_000, per: second * 3_600 }));
    for wrong in ["", "50", "0/s", "50/d", "/s", "-1/s", "1.5/s", "s/50", "99999999999999999999/s"]
    {
        assert!(wrong.parse::<Rate>().is_err(), "{wrong:?} passed");
    }
}

#[test]
fn a_rate_is_spread_over_its_time() {
    let pace = |text: &str| text.parse::<Rate>().unwrap().pace();
    assert_eq!(pace("1/h"), (1, Duration::from_secs(3_600)));
    assert_eq!(pace("50/s"), (5, Duration::from_millis(100)));
    assert_eq!(pace("1024000/s"), (1_024, Duration::from_millis(1)));
    // A rate without end has some bound.
    assert_eq!(pace("18446744073709551615/s"), (1_024, Duration::from_nanos(1)));
}
