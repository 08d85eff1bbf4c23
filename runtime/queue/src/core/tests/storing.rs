use super::*;
use crate::core::Move;
use crate::stored::Stored;

const BEFORE: Stored = Stored { position: 100, index: 0, first: 0, len: 2 };
const AFTER: Stored = Stored { position: 9_000, ..BEFORE };

/// Whether a worker's lease needs what only the journal has.
fn is_absent(drive: &Drive) -> bool {
    let lease = Event::Lease(Drive::request(SUB));
    !drive.core.absent(&lease, drive.now).is_empty()
}

#[test]
fn what_moves_in_the_journal_stays_in_memory_until_its_new_record_is_written() {
    let mut drive = Drive::new();
    let batch = drive.batch(&["a", "b"]);
    let mut publication = Publication::now(batch.clone());
    publication.visible[0].stored = Some(BEFORE);
    drive.step(Event::Publish(EVENTS, publication));
    drive.step(Event::Seal(EVENTS));
    // The end of a log never leaves memory; this is too large to share it.
    let large = "c".repeat(1 << 16);
    let mut end = BatchBuilder::with_capacity(1, large.len());
    end.push(drive.next_id(), drive.now.wall_ms, None, [], large.as_bytes()).unwrap();
    drive.step(Event::Publish(EVENTS, Publication::now(end.build())));
    assert_eq!(drive.core.evict(0, BEFORE.position + 1).len(), 1);
    assert!(is_absent(&drive));
    let moves = vec![Move { from: vec![BEFORE], batch, to: Some(AFTER) }];
    drive.step(Event::Moved(moves));
    assert!(!is_absent(&drive), "it would be read where nothing is yet");
    assert!(drive.core.evict(0, AFTER.position).is_empty(), "its record is not written");
    assert_eq!(drive.core.evict(0, AFTER.position + 1).len(), 1);
}
