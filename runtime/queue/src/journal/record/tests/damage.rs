//! Bytes that are no event: checksums find them first, but reading them must not end the process.

use std::sync::Arc;

use bytes::Bytes;
use millstream_message::{Batch, Column, HeaderColumns, MessageId, SubscriptionId, TopicId};
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::{batch, decode, encode};
use super::{any, nothing, read, visit};
use crate::codec::Malformed;
use crate::core::{Event, Letter};
use crate::publication::{Arrival, Publication};
use crate::rules::Handler;

proptest! {
    #[test]
    fn a_body_that_was_cut_does_no_harm(event in any::event()) {
        let body = encode(&event, false).unwrap();
        (0..body.len()).for_each(|len| use_all(&body[..len]));
    }

    #[test]
    fn flipped_bits_do_no_harm(
        event in any::event(),
        flips in prop::collection::vec((any::<Index>(), 0..8), 1..4),
    ) {
        let body = encode(&event, false).unwrap();
        for alone in &flips {
            use_all(&flipped(&body, &[*alone]));
        }
        use_all(&flipped(&body, &flips));
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 0..=20_u8) {
        let body: Vec<u8> = std::iter::once(kind).chain(bytes).collect();
        use_all(&body);
        use_all(&[&body[..], &[0; 4]].concat());
    }
}

#[test]
fn an_event_that_nobody_knows_is_malformed() {
    let body = |kind: u8| [&[kind][..], &0_u32.to_le_bytes()].concat();
    assert!(matches!(read(body(11)), Ok(Event::Tick)));
    for kind in [0, 19, 255] {
        assert_eq!(read(body(kind)).unwrap_err(), Malformed("no such event"));
    }
}

#[test]
fn nothing_may_stand_behind_an_event() {
    let tick = [&[11, 0][..], &0_u32.to_le_bytes()].concat();
    assert!(read(tick).is_err(), "a field too many");
    let messages = batch_of(b"k", b"");
    let mut body = encode(&Event::Tick, false).unwrap();
    body.truncate(1);
    super::super::batch::put(&messages, &mut body);
    body.extend_from_slice(&(super::super::batch::encoded_len(&messages) as u32).to_le_bytes());
    body.extend_from_slice(&1_u32.to_le_bytes());
    assert!(read(body).is_err(), "a batch too many");
}

#[test]
fn counts_are_held_against_the_bytes_at_hand() {
    let most = u32::MAX.to_le_bytes();
    let messages = [&most[..], &[3], &[0; 64]].concat();
    assert!(super::super::batch::get(messages.into()).is_err());
    for kind in 1..16 {
        let body = [&[kind][..], &[0; 4], &most, &[0; 16], &most, &0_u32.to_le_bytes()].concat();
        assert!(read(body.clone()).is_err());
        assert!(read([&body[..], &most].concat()).is_err());
    }
}

#[test]
fn columns_that_nobody_knows_are_malformed() {
    let mut bytes = Vec::new();
    super::super::batch::put(&batch_of(b"key", b"value"), &mut bytes);
    assert!(super::super::batch::get(bytes.clone().into()).is_ok());
    bytes[4] |= 4;
    let unknown = Malformed("a batch with columns that nobody knows");
    assert_eq!(super::super::batch::get(bytes.into()).unwrap_err(), unknown);
}

#[test]
fn an_arrival_without_messages_is_malformed() {
    assert!(publish(batch_of(b"key", b"value")).is_ok());
    assert!(publish(nothing()).is_err());
}

#[test]
fn a_letter_is_one_message() {
    let (id, keys) = (MessageId::published(1, 2), |n| Column::empty(n));
    let redrive = |message: Batch| {
        let letter = Letter { topic: TopicId(1), sequence: 2, id, message, stored: None };
        read(encode(&Event::Redrive(SubscriptionId(1), vec![letter]), false).unwrap())
    };
    assert!(redrive(batch_of_columns(keys(1), HeaderColumns::empty(1))).is_ok());
    assert!(redrive(batch_of_columns(keys(2), HeaderColumns::empty(2))).is_err());
}

#[test]
fn terms_are_one_a_message_or_none() {
    let publish = |dedup: &[u128], expires_ms: &[u64]| {
        let batch = batch_of_columns(Column::empty(2), HeaderColumns::empty(2));
        let (dedup, expires_ms) = (dedup.to_vec(), expires_ms.to_vec());
        publish_arrival(Arrival { dedup, expires_ms, ..Arrival::new(batch).unwrap() })
    };
    assert!(publish(&[1, 2], &[3, 4]).is_ok());
    assert!(publish(&[1], &[]).is_err());
    assert!(publish(&[], &[1, 2, 3]).is_err());
}

#[test]
fn keys_and_headers_are_text_or_malformed() {
    assert!(publish(batch_of("ключ".as_bytes(), "значение".as_bytes())).is_ok());
    assert!(publish(batch_of(b"\xff", b"")).is_err());
    assert!(publish(batch_of(b"", b"\xff")).is_err());
    // Text as a whole, but the halves of a character in two keys.
    let halves = Column::new(vec![0, 1, 2], Bytes::from("é")).unwrap();
    assert!(publish(batch_of_columns(halves, HeaderColumns::empty(2))).is_err());
}

/// Reads whatever can be read of an event that may be none.
fn use_all(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let nobody = Arc::new(Handler { name: String::new(), digest: String::new() });
    if let Ok(mut event) = decode(body.clone(), u64::MAX, &|_| Arc::clone(&nobody)) {
        visit(&mut event, &mut |messages, _| use_messages(messages));
        let _ = encode(&event, true);
    }
    for index in 0..4 {
        if let Ok(messages) = batch(body.clone(), index) {
            use_messages(&messages);
        }
    }
    assert!(batch(body, u32::MAX).is_err());
}

fn use_messages(messages: &Batch) {
    for message in messages {
        let headers = message.headers().map(|(name, value)| name.len() + value.len());
        let text = message.key().map_or(0, str::len) + headers.sum::<usize>();
        assert!(text + message.payload().len() <= messages.bytes());
    }
    assert_eq!(messages.copy_out().bytes(), messages.bytes());
}

fn flipped(body: &[u8], flips: &[(Index, i32)]) -> Vec<u8> {
    let mut body = body.to_vec();
    for (place, bit) in flips {
        let place = place.index(body.len());
        body[place] ^= 1 << bit;
    }
    body
}

fn publish(messages: Batch) -> Result<Event, Malformed> {
    let one = Arrival::new(batch_of(b"", b"")).unwrap();
    publish_arrival(Arrival { batch: messages, ..one })
}

fn publish_arrival(arrival: Arrival) -> Result<Event, Malformed> {
    let publication = Publication { visible: vec![arrival], ..Publication::default() };
    read(encode(&Event::Publish(TopicId(1), publication), false).unwrap())
}

/// One message with this key, and a header with this value.
fn batch_of(key: &[u8], value: &[u8]) -> Batch {
    let column = |item: &[u8]| {
        Column::new(vec![0, item.len() as u32], Bytes::copy_from_slice(item)).unwrap()
    };
    let headers = HeaderColumns::new(vec![0, 1], column(b"name"), column(value)).unwrap();
    batch_of_columns(column(key), headers)
}

fn batch_of_columns(keys: Column, headers: HeaderColumns) -> Batch {
    let n = keys.len();
    let ids = vec![MessageId::published(1, 2); n];
    Batch::from_columns(ids, vec![3; n], keys, headers, Column::empty(n)).unwrap()
}
