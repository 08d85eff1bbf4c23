//! What is read shares the memory of the body, where that is no waste.

use bytes::Bytes;
use millstream_message::{Batch, BatchBuilder, MessageId, TopicId};

use super::super::{decode, encode};
use super::visit;
use crate::core::Event;
use crate::publication::{Arrival, Publication};

#[test]
fn a_batch_that_is_most_of_its_record_is_not_copied() {
    assert_eq!(shared(&[messages(256, 200)]), [true]);
}

#[test]
fn a_small_batch_does_not_keep_a_large_record() {
    assert_eq!(shared(&[messages(256, 200), messages(1, 200)]), [true, false]);
    assert_eq!(shared(&[messages(1, 200), messages(1, 200), messages(1, 200)]), [false; 3]);
}

/// Whether each batch of a publish that was recorded lies in the record's body.
fn shared(batches: &[Batch]) -> Vec<bool> {
    let visible = batches.iter().cloned().filter_map(Arrival::new).collect();
    let event = Event::Publish(TopicId(1), Publication { visible, ..Publication::default() });
    let body = Bytes::from(encode(&event, false).unwrap());
    let handler = |_| panic!("a publish has no handler");
    let mut event = decode(body.clone(), 0, &handler).unwrap();
    let mut shared = Vec::new();
    visit(&mut event, &mut |batch, _| {
        shared.push(body.as_ptr_range().contains(&batch.payloads().data().as_ptr()));
    });
    shared
}

fn messages(count: u128, bytes: usize) -> Batch {
    let mut builder = BatchBuilder::with_capacity(0, 0);
    for i in 0..count {
        builder.push(MessageId::published(1, i), 1, None, [], &vec![b'x'; bytes]).unwrap();
    }
    builder.build()
}
