//! Between publish and settle the ordinary path makes no heap allocation per message: building,
//! slicing, gathering and reading cost a number of allocations that the batch's length does not
//! change.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::alloc::System;
use std::hint::black_box;

use millstream_message::{Answers, Batch, BatchBuilder, MessageId, OutputIds};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PAYLOAD: &[u8] = &[b'x'; 200];

fn build(messages: usize) -> Batch {
    let mut builder = BatchBuilder::with_capacity(messages, messages * PAYLOAD.len());
    for i in 0..messages as u128 {
        let headers = [("content-type", "application/json"), ("source", "test")];
        builder.push(MessageId::published(1, i), 1, Some("key"), headers, PAYLOAD).unwrap();
    }
    builder.build()
}

fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

// One test: the counter is the process's, so that tests side by side would count each other.
#[test]
fn no_allocation_is_made_per_message() {
    let (small, large) = (allocations(|| drop(build(256))), allocations(|| drop(build(4_096))));
    // Keys and headers grow by doubling: four columns, four doublings from 256 to 4,096.
    assert!(large <= small + 6 * 4, "building 256 took {small}, 4,096 took {large}");

    let batch = build(4_096);
    assert_eq!(allocations(|| drop(black_box(batch.slice(100..4_000)))), 0, "slicing");
    let reading = || {
        let ids = OutputIds::new("pipeline", "subscription");
        let mut bytes = 0;
        for message in &batch {
            let headers = message.headers().map(|(name, value)| name.len() + value.len());
            bytes += message.payload().len()
                + message.key().map_or(0, str::len)
                + headers.sum::<usize>();
            black_box((ids.id(&message.id(), 0), message.key_hash(), message.published_at()));
        }
        black_box(bytes);
    };
    assert_eq!(allocations(reading), 0, "reading");

    let part = |len: usize| [batch.slice(0..len), batch.slice(len..2 * len)];
    let gather = |len: usize| allocations(|| drop(Batch::gather(&part(len)).unwrap()));
    let (small, large) = (gather(16), gather(2_048));
    assert!(large <= small + 7 * 7, "gathering 32 took {small}, 4,096 took {large}");

    let (small, large) =
        (allocations(|| drop(Answers::all_ok(16))), allocations(|| drop(Answers::all_ok(4_096))));
    assert_eq!(small, large, "an ordinary answer");
}
