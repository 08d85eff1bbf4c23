//! Any event that the core may meet.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{Batch, BatchBuilder, MessageId, SubscriptionId, TopicId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::core::{
    Act, Declaration, Deploy, Event, History, Kind, LeaseId, Letter, ModulePart, Move, Named,
    Rename, SeekTo, Source,
};
use crate::dead_letter::DeadLetterReason;
use crate::judge::{Fate, Fates, Judged, Outcome, Parking, Withholding};
use crate::publication::{Arrival, Publication, SourcePosition};
use crate::rules::{
    Backoff, DedupRules, Exhausted, Expired, Handler, KeyRange, LeaseRequest, OnDeadLetter,
    Ordering, RateRules, Share, StartFrom, SubscriptionRules, TopicKind, TopicRules, WhenFull,
};
use crate::stored::Stored;

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (topic(), publication()).prop_map(|(topic, one)| Event::Publish(topic, one)),
        4 => (lease(), judged())
            .prop_map(|(lease, judged)| Event::Settle(lease, Box::new(judged))),
        2 => (subscription(), vec(letter(), 0..3))
            .prop_map(|(subscription, letters)| Event::Redrive(subscription, letters)),
        2 => vec(moved(), 0..3).prop_map(Event::Moved),
        1 => vec(letter(), 0..3).prop_map(Event::PurgeLetters),
        1 => request().prop_map(Event::Lease),
        1 => declaration().prop_map(|one| Event::Declare(Box::new(one))),
        1 => declaration().prop_map(|one| Event::Alter(Box::new(one))),
        1 => deploy().prop_map(|one| Event::Deploy(Box::new(one))),
        1 => module_part().prop_map(|one| Event::Keep(Box::new(one))),
        3 => plain(),
    ]
}

fn plain() -> impl Strategy<Value = Event> {
    let seek = prop_oneof![
        Just(SeekTo::Earliest),
        Just(SeekTo::Now),
        any::<u64>().prop_map(SeekTo::Time),
    ];
    prop_oneof![
        lease().prop_map(Event::Renew),
        (subscription(), any::<u64>()).prop_map(|(id, generation)| Event::Fence(id, generation)),
        (subscription(), any::<bool>()).prop_map(|(id, paused)| Event::Pause(id, paused)),
        (subscription(), option::of(vec(any::<u8>(), 0..6)))
            .prop_map(|(id, errand)| Event::Errand(id, errand.map(Bytes::from))),
        (subscription(), seek).prop_map(|(id, to)| Event::Seek(id, to)),
        (topic(), any::<[u64; 2]>()).prop_map(|(id, [from, to])| Event::Purge(id, from, to)),
        Just(()).prop_map(|()| Event::Tick),
        topic().prop_map(Event::Seal),
        Just(()).prop_map(|()| Event::Restart),
    ]
}

/// A part of a batch, with messages around it that are none of its own.
pub(super) fn batch(messages: Range<usize>) -> impl Strategy<Value = Batch> {
    let with = (any::<bool>(), any::<bool>());
    (vec(message(), 0..3), vec(message(), messages), vec(message(), 0..3), with).prop_map(
        |(before, own, after, (keys, headers))| {
            let range = before.len()..before.len() + own.len();
            let mut builder = BatchBuilder::with_capacity(0, 0);
            for one in before.iter().chain(&own).chain(&after) {
                let key = one.key.as_deref().filter(|_| keys);
                let pairs = one.headers.iter().filter(|_| headers);
                let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
                builder.push(one.id, one.at, key, pairs, &one.payload).unwrap();
            }
            builder.build().slice(range)
        },
    )
}

#[derive(Clone, Debug)]
struct Sample {
    id: MessageId,
    at: u64,
    key: Option<String>,
    headers: Vec<(String, String)>,
    payload: Vec<u8>,
}

fn message() -> impl Strategy<Value = Sample> {
    let headers = vec(("[a-zé]{1,3}", "\\PC{0,4}"), 0..3);
    (id(), any::<u64>(), option::of("\\PC{1,4}"), headers, vec(any::<u8>(), 0..24))
        .prop_map(|(id, at, key, headers, payload)| Sample { id, at, key, headers, payload })
}

pub(super) fn publication() -> impl Strategy<Value = Publication> {
    let position = ("[a-z]{0,4}", vec(any::<u8>(), 0..6))
        .prop_map(|(source, at)| SourcePosition { source, at: Bytes::from(at) });
    let delayed = vec((any::<u64>(), arrival()), 0..3);
    (vec(arrival(), 0..3), delayed, option::of(position))
        .prop_map(|(visible, delayed, position)| Publication { visible, delayed, position })
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let with = any::<[bool; 3]>();
    (batch(1..4), with, any::<u128>()).prop_map(|(batch, [dedup, expires, hashes], number)| {
        let numbers = |wanted: bool| (0..batch.len() as u128).filter(move |_| wanted);
        Arrival {
            dedup: numbers(dedup).map(|i| number ^ i).collect(),
            expires_ms: numbers(expires).map(|i| (number ^ i) as u64).collect(),
            hashes: numbers(hashes).map(|i| (number ^ i) as u64).collect(),
            stored: None,
            batch,
        }
    })
}

fn judged() -> impl Strategy<Value = Judged> {
    let fates = prop_oneof![
        Just(Fates::AllHandled),
        Just(Fates::AllReturned),
        vec(fate(), 0..5).prop_map(Fates::Each),
    ];
    let outputs = vec((topic(), publication()), 0..3);
    (fates, option::of((topic(), publication())), outputs, any::<[u64; 2]>()).prop_map(
        |(fates, dead_letters, outputs, [failed, revision])| Judged {
            fates,
            dead_letters,
            outputs,
            failed,
            revision,
        },
    )
}

fn withholding() -> impl Strategy<Value = Withholding> {
    (parking(), batch(1..2), reason(), 0..3_u8).prop_map(|(parking, letter, reason, which)| {
        let Parking { message, history, alone, due, .. } = parking;
        let outcome = match which {
            0 => Outcome::Retry { history, alone, due },
            1 => Outcome::Letter { reason, letter, stored: None },
            _ => Outcome::Drop { failed: alone },
        };
        Withholding { message, stored: None, outcome }
    })
}

fn deploy() -> impl Strategy<Value = Deploy> {
    let share = || (1..=100_u8).prop_map(|percent| Share::percent(percent).unwrap());
    let act = prop_oneof![
        (name(), share()).prop_map(|(digest, share)| Act::Begin { digest, share }),
        share().prop_map(Act::Widen),
        Just(Act::Promote),
        name().prop_map(|why| Act::RollBack { why }),
    ];
    (name(), act).prop_map(|(plugin, act)| Deploy { plugin, act })
}

fn module_part() -> impl Strategy<Value = ModulePart> {
    (name(), name(), any::<[u32; 2]>(), batch(1..2)).prop_map(
        |(plugin, digest, [part, parts], bytes)| ModulePart {
            plugin,
            digest,
            part,
            parts,
            bytes,
            stored: None,
        },
    )
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Handled),
        Just(Fate::Filtered),
        Just(Fate::Dropped),
        Just(Fate::ExpiredDropped),
        (reason(), id()).prop_map(|(reason, letter)| Fate::DeadLettered(reason, letter)),
        parking().prop_map(|parking| Fate::Parked(Box::new(parking))),
        Just(Fate::Returned),
        withholding().prop_map(|one| Fate::Withheld(Box::new(one))),
    ]
}

fn reason() -> impl Strategy<Value = DeadLetterReason> {
    prop::sample::select(vec![
        DeadLetterReason::Rejected,
        DeadLetterReason::Exhausted,
        DeadLetterReason::Expired,
        DeadLetterReason::Crashed,
    ])
}

fn parking() -> impl Strategy<Value = Parking> {
    let history = (any::<[u32; 3]>(), any::<u64>()).prop_map(|([a, b, crashes], at)| History {
        failures: a,
        deliveries: b,
        first_failed_ms: at,
        crashes,
    });
    (batch(1..2), history, any::<bool>(), time()).prop_map(|(message, history, alone, due)| {
        Parking { message, history, alone, due, stored: None }
    })
}

fn letter() -> impl Strategy<Value = Letter> {
    (topic(), any::<u64>(), id(), batch(1..2), option::of(stored())).prop_map(
        |(topic, sequence, id, message, stored)| Letter { topic, sequence, id, message, stored },
    )
}

fn moved() -> impl Strategy<Value = Move> {
    (vec(stored(), 0..3), batch(1..4)).prop_map(|(from, batch)| Move { from, batch, to: None })
}

fn stored() -> impl Strategy<Value = Stored> {
    (any::<u64>(), any::<[u32; 3]>()).prop_map(|(position, [index, first, len])| Stored {
        position,
        index,
        first,
        len,
    })
}

fn request() -> impl Strategy<Value = LeaseRequest> {
    let keys = option::of(any::<[u64; 2]>().prop_map(|[first, last]| KeyRange { first, last }));
    let handler = (name(), name()).prop_map(|(name, digest)| Handler { name, digest });
    (subscription(), any::<u64>(), keys, any::<u32>(), handler.prop_map(Arc::new)).prop_map(
        |(subscription, generation, keys, messages_max, handler)| LeaseRequest {
            subscription,
            generation,
            keys,
            messages_max,
            handler,
        },
    )
}

fn declaration() -> impl Strategy<Value = Declaration> {
    let kind = || prop::sample::select(vec![Kind::Topic, Kind::Subscription]);
    let drop = (kind(), name()).prop_map(|(kind, name)| Named { kind, name });
    let rename = (kind(), name(), name()).prop_map(|(kind, from, to)| Rename { kind, from, to });
    let (topics, subscriptions) = (vec(topic_rules(), 0..3), vec(subscription_rules(), 0..3));
    let source = (name(), name()).prop_map(|(plugin, digest)| Source { plugin, digest });
    let changes = (vec(name(), 0..3), vec(drop, 0..3), vec(rename, 0..3), vec(source, 0..3));
    (name(), "\\PC{0,9}", topics, subscriptions, changes).prop_map(
        |(pipeline, text, topics, subscriptions, (sources, drops, renames, plugins))| Declaration {
            pipeline,
            text,
            topics,
            subscriptions,
            sources,
            drops,
            renames,
            plugins,
        },
    )
}

fn topic_rules() -> impl Strategy<Value = TopicRules> {
    let kind = [TopicKind::Event, TopicKind::Command, TopicKind::DeadLetter];
    let full = [WhenFull::Block, WhenFull::Reject, WhenFull::DropOldest];
    let dedup = option::of((time(), any::<u64>()));
    let chosen = (name(), 0..3_usize, 0..3_usize);
    (chosen, any::<[u64; 2]>(), [time(), time(), time()], dedup, option::of(time())).prop_map(
        move |((name, k, f), [max_messages, max_bytes], [wait, retain, delay], dedup, expires)| {
            TopicRules {
                name,
                kind: kind[k],
                max_messages,
                max_bytes,
                publish_timeout: wait,
                when_full: full[f],
                retain,
                dedup: dedup.map(|(window, ids_max)| DedupRules { window, ids_max }),
                delay,
                expires_in: expires,
            }
        },
    )
}

fn subscription_rules() -> impl Strategy<Value = SubscriptionRules> {
    let names = (name(), topic(), name(), vec(topic(), 0..3));
    let exhausted = prop_oneof![topic().prop_map(Exhausted::DeadLetter), Just(Exhausted::Drop)];
    let rate = option::of((any::<u64>(), time()))
        .prop_map(|rate| rate.map(|(messages, per)| RateRules { messages, per }));
    let order = [Ordering::None, Ordering::Key, Ordering::Strict];
    let chosen = (0..3_usize, any::<[bool; 2]>());
    let times = [time(), time(), time(), time()];
    let numbers = (any::<[u32; 2]>(), any::<[u64; 2]>(), [-9.0..9.0, -9.0..9.0]);
    let swaps = (option::of(name()), any::<bool>(), any::<u64>());
    (names, exhausted, rate, chosen, times, numbers, swaps).prop_map(
        move |(names, exhausted, rate, (o, [parks, drops]), times, numbers, swaps)| {
            let (plugin, earliest, revision) = swaps;
            let (name, topic, topic_name, outputs) = names;
            let [initial, max, ack_deadline, batch_wait] = times;
            let ([max_attempts, batch_messages], [max_parked, batch_bytes], [factor, jitter]) =
                numbers;
            SubscriptionRules {
                name,
                topic,
                topic_name,
                outputs,
                max_attempts,
                backoff: Backoff { initial, factor, max, jitter },
                exhausted,
                ack_deadline,
                max_parked,
                batch_messages,
                batch_bytes,
                batch_wait,
                ordering: order[o],
                on_dead_letter: [OnDeadLetter::Continue, OnDeadLetter::ParkKey][usize::from(parks)],
                expired: [Expired::DeadLetter, Expired::Drop][usize::from(drops)],
                rate,
                plugin,
                from: [StartFrom::New, StartFrom::Earliest][usize::from(earliest)],
                revision,
            }
        },
    )
}

fn topic() -> impl Strategy<Value = TopicId> {
    any::<u32>().prop_map(TopicId)
}

fn subscription() -> impl Strategy<Value = SubscriptionId> {
    any::<u32>().prop_map(SubscriptionId)
}

fn lease() -> impl Strategy<Value = LeaseId> {
    any::<u64>().prop_map(LeaseId)
}

fn id() -> impl Strategy<Value = MessageId> {
    any::<[u8; 16]>().prop_map(MessageId::from_bytes)
}

fn name() -> impl Strategy<Value = String> {
    "[a-zß]{0,5}"
}

fn time() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos))
}
