use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::journal::log::frame::Header;
use crate::journal::log::segment::SEGMENT_HEADER_BYTES;

fn synced(log: &Log) -> u64 {
    log.parts.progress.synced()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_go_on_during_a_sync_and_share_the_next_one() {
    let disk = MemoryDisk::new();
    let options = LogOptions { segment_bytes: 1 << 20, ..options(Sync::Always) };
    let (log, _) = Log::open(disk.clone(), options, None, &mut |_| Ok(())).unwrap();
    let log = Arc::new(log);
    let before = disk.count("sync");
    disk.hold_syncs(true);
    let first = tokio::spawn({
        let log = log.clone();
        async move { fill(&log, 1..=1).await }
    });
    disk.wait_for_syncs(before + 1);
    for sequence in 2..=100 {
        append(&log, sequence);
    }
    assert_eq!(log.durable_now(), 0, "nothing is durable before its sync returned");
    assert!(log.pending_bytes() > 0);
    disk.hold_syncs(false);
    first.await.unwrap();
    log.durable(100).await.unwrap();
    assert_eq!(disk.count("sync"), before + 2);
    assert_eq!((synced(&log), log.pending_bytes()), (100, 0));
}

#[tokio::test]
async fn nothing_is_durable_that_a_power_cut_would_take() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    for sequence in 1..=60 {
        append(&log, sequence);
        log.durable(sequence).await.unwrap();
        assert_prefix(&reopen(&disk.after_power_cut(), None).unwrap().2, sequence);
    }
}

#[tokio::test]
async fn a_flush_that_nobody_waits_for_writes_without_a_sync() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let (writes, syncs) = (disk.count("write"), disk.count("sync"));
    append(&log, 1);
    log.flush_hint(false);
    disk.wait_for_writes(writes + 1);
    append(&log, 2);
    log.durable(2).await.unwrap();
    assert_eq!(disk.count("sync"), syncs + 1, "one sync for both");
}

#[tokio::test]
async fn a_record_tells_what_was_synced_when_it_was_written() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let mut places = fill(&log, 1..=2).await;
    let (writes, syncs) = (disk.count("write"), disk.count("sync"));
    places.push(append(&log, 3));
    log.flush_hint(false);
    disk.wait_for_writes(writes + 1);
    places.push(append(&log, 4));
    log.durable(4).await.unwrap();
    assert_eq!(disk.count("sync"), syncs + 1);
    let bytes = disk.bytes(&disk.segments()[0]);
    let salt = crc32fast::hash(&7_u128.to_le_bytes());
    let marks = places
        .iter()
        .map(|place| Header::decode(&bytes[place.position as usize..], salt).unwrap().synced);
    assert_eq!(marks.collect::<Vec<_>>(), [0, 1, 2, 2]);
}

#[tokio::test]
async fn an_interval_calls_written_durable_and_syncs_by_itself() {
    let disk = MemoryDisk::new();
    let sync = Sync::Interval(Duration::from_millis(1));
    let (log, _) = Log::open(disk.clone(), options(sync), None, &mut |_| Ok(())).unwrap();
    let syncs = disk.count("sync");
    disk.hold_syncs(true);
    append(&log, 1);
    log.durable(1).await.unwrap();
    assert_eq!((log.durable_now(), synced(&log)), (1, 0));
    disk.wait_for_syncs(syncs + 1);
    disk.hold_syncs(false);
    log.close().unwrap();
    assert_eq!(synced(&log), 1);
}

#[tokio::test]
async fn never_syncs_nothing_but_seals_and_the_end() {
    let disk = MemoryDisk::new();
    let options = LogOptions { segment_bytes: 1 << 20, ..options(Sync::Never) };
    let (log, _) = Log::open(disk.clone(), options, None, &mut |_| Ok(())).unwrap();
    let syncs = disk.count("sync");
    fill(&log, 1..=50).await;
    assert_eq!((disk.count("sync"), synced(&log)), (syncs, 0));
    log.close().unwrap();
    assert_eq!((disk.count("sync"), synced(&log)), (syncs + 1, 50));
}

#[tokio::test]
async fn the_hook_hears_of_every_advance() {
    let log = open(&MemoryDisk::new());
    let heard = Arc::new(AtomicU64::new(0));
    let hears = heard.clone();
    log.on_durable(Box::new(move |sequence| {
        assert!(hears.swap(sequence, Ordering::SeqCst) < sequence, "it never goes back");
    }));
    fill(&log, 1..=30).await;
    log.close().unwrap();
    assert_eq!(heard.load(Ordering::SeqCst), 30);
}

#[tokio::test]
async fn closing_makes_everything_durable_and_nothing_later() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    append_all(&log, 1..=30);
    log.close().unwrap();
    assert_eq!(log.durable_now(), 30);
    append(&log, 31);
    assert!(log.durable(31).await.is_err());
    log.durable(30).await.unwrap();
    log.close().unwrap();
    assert_prefix(&reopen(&disk.after_power_cut(), None).unwrap().2, 30);
}

#[tokio::test]
async fn small_writes_find_zeros_that_were_written_before() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let writes = disk.count("write");
    fill(&log, 1..=2).await;
    assert_eq!(disk.count("write"), writes + 2, "zeros go with the records, in one call");
    let bytes = disk.bytes(&disk.segments()[0]);
    assert_eq!(bytes.len() as u64, SEGMENT_BYTES);
    assert!(bytes[SEGMENT_HEADER_BYTES as usize..].ends_with(&[0; 64]));
}
