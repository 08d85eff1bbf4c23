//! What is written is read, what is damaged is refused.

mod any;
mod damage;
mod sharing;

use std::sync::Arc;

use bytes::Bytes;
use millstream_message::{Batch, SubscriptionId, TopicId};
use proptest::prelude::*;

use super::{batch, decode, encode, locate};
use crate::codec::Malformed;
use crate::core::Event;
use crate::judge::{Fate, Fates, Outcome};
use crate::publication::Publication;
use crate::rules::{Handler, LeaseRequest};
use crate::stored::{Stored, nothing};

const POSITION: u64 = 0x1234_5678_9abc;

proptest! {
    #[test]
    fn a_batch_is_read_as_a_copy_of_the_messages_it_was(batch in any::batch(0..6)) {
        let mut bytes = Vec::new();
        super::batch::put(&batch, &mut bytes);
        prop_assert_eq!(bytes.len(), super::batch::encoded_len(&batch));
        let (copy, read) = (batch.copy_out(), super::batch::get(bytes.into()).unwrap());
        prop_assert_eq!(read.resident_bytes(), copy.resident_bytes());
        prop_assert_eq!(format!("{read:?}"), format!("{copy:?}"));
    }

    #[test]
    fn an_event_is_read_as_it_was(mut event in any::event()) {
        let read = read(encode(&event, false).unwrap()).unwrap();
        reduce(&mut event);
        prop_assert_eq!(format!("{read:?}"), format!("{event:?}"));
        prop_assert_eq!(encode(&read, false), encode(&event, false));
    }

    #[test]
    fn messages_are_stored_where_their_event_was_told(mut event in any::event()) {
        let body = Bytes::from(encode(&event, false).unwrap());
        locate(&mut event, POSITION);
        let mut next = 0;
        visit(&mut event, &mut |messages, stored| {
            let (index, len) = (next, messages.len() as u32);
            assert_eq!(*stored, Some(Stored { position: POSITION, index, first: 0, len }));
            let found = batch(body.clone(), index).unwrap();
            assert_eq!(format!("{found:?}"), format!("{:?}", messages.copy_out()));
            next += 1;
        });
        prop_assert!(batch(body, next).is_err(), "a batch that nobody stored");
    }
}

#[test]
fn a_tap_is_never_recorded() {
    assert_eq!(encode(&Event::Tap(TopicId(1), true), false), None);
}

#[test]
fn a_lease_names_its_handler_only_when_that_is_not_known() {
    let handler = Arc::new(Handler { name: "fraud".to_owned(), digest: "sha256:1".to_owned() });
    let event = Event::Lease(LeaseRequest {
        subscription: SubscriptionId(3),
        generation: 1,
        keys: None,
        messages_max: 256,
        handler: Arc::clone(&handler),
    });
    let (told, known) = (encode(&event, false).unwrap(), encode(&event, true).unwrap());
    assert!(known.len() < told.len());
    let Ok(Event::Lease(request)) = read(told) else { panic!("no lease") };
    assert_eq!(request.handler, handler);
    let of = |id| match id {
        SubscriptionId(3) => Arc::clone(&handler),
        _ => panic!("another subscription's handler"),
    };
    let Ok(Event::Lease(request)) = decode(known.into(), 0, &of) else { panic!("no lease") };
    assert!(Arc::ptr_eq(&request.handler, &handler));
}

fn read(body: Vec<u8>) -> Result<Event, Malformed> {
    decode(body.into(), POSITION, &|_| Arc::new(Handler { name: "-".into(), digest: "-".into() }))
}

/// Leaves what a record keeps of the event: messages without those around them, no hashes.
fn reduce(event: &mut Event) {
    if let Event::PurgeLetters(letters) = event {
        letters.iter_mut().for_each(|letter| (letter.message, letter.stored) = (nothing(), None));
    }
    locate(event, POSITION);
    visit(event, &mut |batch, _| *batch = batch.copy_out());
    let publications = match event {
        Event::Publish(_, publication) => vec![publication],
        Event::Settle(_, judged) => {
            let outputs = judged.outputs.iter_mut().chain(&mut judged.dead_letters);
            outputs.map(|(_, publication)| publication).collect()
        }
        _ => vec![],
    };
    for publication in publications {
        publication.visible.iter_mut().for_each(|arrival| arrival.hashes.clear());
        publication.delayed.iter_mut().for_each(|(_, arrival)| arrival.hashes.clear());
    }
}

/// Every batch that the event brings into the journal, in the order of the record.
fn visit(event: &mut Event, each: &mut dyn FnMut(&mut Batch, &mut Option<Stored>)) {
    match event {
        Event::Publish(_, publication) => visit_publication(publication, each),
        Event::Settle(_, judged) => {
            if let Fates::Each(fates) = &mut judged.fates {
                fates.iter_mut().for_each(|fate| visit_fate(fate, each));
            }
            for (_, publication) in judged.dead_letters.iter_mut().chain(&mut judged.outputs) {
                visit_publication(publication, each);
            }
        }
        Event::Redrive(_, letters) => {
            letters.iter_mut().for_each(|one| each(&mut one.message, &mut one.stored));
        }
        Event::Moved(moves) => moves.iter_mut().for_each(|one| each(&mut one.batch, &mut one.to)),
        Event::Keep(part) => each(&mut part.bytes, &mut part.stored),
        _ => {}
    }
}

fn visit_fate(fate: &mut Fate, each: &mut dyn FnMut(&mut Batch, &mut Option<Stored>)) {
    match fate {
        Fate::Parked(parking) => each(&mut parking.message, &mut parking.stored),
        Fate::Withheld(one) => {
            each(&mut one.message, &mut one.stored);
            if let Outcome::Letter { letter, stored, .. } = &mut one.outcome {
                each(letter, stored);
            }
        }
        _ => {}
    }
}

fn visit_publication(
    publication: &mut Publication,
    each: &mut dyn FnMut(&mut Batch, &mut Option<Stored>),
) {
    let delayed = publication.delayed.iter_mut().map(|(_, arrival)| arrival);
    for arrival in publication.visible.iter_mut().chain(delayed) {
        each(&mut arrival.batch, &mut arrival.stored);
    }
}
