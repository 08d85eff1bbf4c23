use super::*;

#[tokio::test]
async fn what_was_appended_is_read_back_in_order() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let places = fill(&log, 1..=60).await;
    log.close().unwrap();
    let (_, opened, records) = reopen(&disk, None).unwrap();
    assert_prefix(&records, 60);
    let read: Vec<_> = records.iter().map(|record| record.position).collect();
    assert_eq!(read, places.iter().map(|place| place.position).collect::<Vec<_>>());
    assert_eq!((opened.records, opened.next_sequence, opened.lost), (60, 61, 0));
    assert_eq!((opened.last, opened.cut), (Some(stamp(60)), None));
}

#[tokio::test]
async fn the_next_position_is_known_before_the_record() {
    let log = open(&MemoryDisk::new());
    for sequence in 1..=60 {
        let next = log.next_position(body(sequence).len());
        assert_eq!(append(&log, sequence).position, next);
    }
}

#[tokio::test]
async fn every_record_is_read_at_its_position_in_any_segment() {
    let log = open(&MemoryDisk::new());
    let places = fill(&log, 1..=60).await;
    assert!(log.sealed().len() > 2);
    for place in places.iter().rev() {
        assert_is(&log.read(place.position).unwrap(), place.sequence);
    }
    assert!(log.read(places[3].position + 8).is_err(), "no record begins there");
    assert!(log.read(places[59].position + 4096).is_err(), "nothing is written there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_read_while_others_are_written() {
    let log = Arc::new(open(&MemoryDisk::new()));
    let writing = log.clone();
    let writer = tokio::spawn(async move { fill(&writing, 1..=400).await });
    let first = SEGMENT_HEADER;
    let mut reads = 0;
    while !writer.is_finished() || reads == 0 {
        if log.durable_now() > 0 {
            assert_is(&log.read(first).unwrap(), 1);
            reads += 1;
        }
        tokio::task::yield_now().await;
    }
    for place in writer.await.unwrap() {
        assert_is(&log.read(place.position).unwrap(), place.sequence);
    }
}

const SEGMENT_HEADER: u64 = super::super::segment::SEGMENT_HEADER_BYTES;

#[tokio::test]
async fn sealed_segments_end_where_the_next_begins() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    fill(&log, 1..=60).await;
    let sealed = log.sealed();
    let ends: Vec<_> = sealed.iter().map(|facts| facts.end).collect();
    let begins = sealed.iter().skip(1).map(|facts| facts.base).chain([log.active_base()]);
    assert_eq!(ends, begins.collect::<Vec<_>>());
    for (facts, name) in sealed.iter().zip(disk.segments()) {
        assert_eq!(disk.bytes(&name).len() as u64, facts.end - facts.base);
        assert!(facts.end - facts.base <= SEGMENT_BYTES);
    }
    log.close().unwrap();
    assert_eq!(reopen(&disk, None).unwrap().0.sealed(), sealed, "as after opening again");
}

#[tokio::test]
async fn sealed_segments_are_read_again_beside_the_writer() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    fill(&log, 1..=60).await;
    let sealed = log.sealed();
    let range = sealed[1].base..log.active_base();
    let mut read = Vec::new();
    let mut keep = |record: Record| {
        read.push(record.sequence);
        Ok(())
    };
    Log::records(&*disk, range.clone(), &mut keep).unwrap();
    let first = 1 + sealed[0].records;
    let last = sealed.iter().map(|facts| facts.records).sum();
    assert_eq!(read, (first..=last).collect::<Vec<_>>());
    log.remove(sealed[2].base).unwrap();
    let missing = Log::records(&*disk, range, &mut |_| Ok(())).unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
}

#[tokio::test]
async fn a_record_larger_than_a_segment_gets_one_of_its_own() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    append(&log, 1);
    let large = vec![9; 3 * SEGMENT_BYTES as usize];
    let place = log.append(Body::new(large.clone()), stamp(2));
    append(&log, 3);
    log.durable(3).await.unwrap();
    assert_eq!(log.read(place.position).unwrap().body, large);
    assert_eq!(log.sealed().iter().map(|facts| facts.records).collect::<Vec<_>>(), [1, 1]);
    log.close().unwrap();
    assert_eq!(reopen(&disk, None).unwrap().2[1].body, large);
}

#[tokio::test]
async fn short_writes_are_completed() {
    let disk = MemoryDisk::new();
    disk.write_at_most(7);
    let log = open(&disk);
    fill(&log, 1..=20).await;
    log.close().unwrap();
    assert_prefix(&reopen(&disk, None).unwrap().2, 20);
}

#[tokio::test]
async fn a_removed_segment_is_gone_durably_and_the_log_opens_behind_it() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let places = fill(&log, 1..=60).await;
    let sealed = log.sealed();
    log.remove(sealed[1].base).unwrap();
    assert!(log.read(sealed[1].base + SEGMENT_HEADER).is_err());
    assert!(log.remove(log.active_base()).is_err(), "the active one stays");
    let disk = disk.after_power_cut();
    let (log, _, records) = reopen(&disk, Some(sealed[2].base)).unwrap();
    assert_eq!(records[0].sequence, 1 + sealed[0].records + sealed[1].records);
    assert_eq!(log.sealed(), [&sealed[..1], &sealed[2..]].concat());
    assert_is(&log.read(places[0].position).unwrap(), 1);
}

#[tokio::test]
async fn below_the_reserve_there_is_no_room_until_space_comes_back() {
    let disk = MemoryDisk::new();
    let options = LogOptions { reserve: 1000, ..options(Sync::Always) };
    let (log, _) = Log::open(disk.clone(), options, None, &mut |_| Ok(())).unwrap();
    assert!(log.has_room());
    disk.set_free(999);
    fill(&log, 1..=30).await;
    assert!(!log.has_room(), "looked at when a segment was begun");
    disk.set_free(1000);
    log.remove(log.sealed()[0].base).unwrap();
    assert!(log.has_room());
}

#[tokio::test]
async fn a_real_folder_holds_a_log() {
    let temporary = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let disk = Arc::new(crate::journal::disk::Folder::create(temporary.path()).unwrap());
        let mut next = 1;
        let mut check = |record: Record| {
            assert_is(&record, next);
            next += 1;
            Ok(())
        };
        let (log, _) = Log::open(disk, options(Sync::Always), None, &mut check).unwrap();
        assert_eq!(next, 1 + round * 60);
        for place in fill(&log, next..=next + 59).await {
            assert_is(&log.read(place.position).unwrap(), place.sequence);
        }
    }
}
