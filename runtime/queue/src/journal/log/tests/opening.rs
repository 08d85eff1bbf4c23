use super::*;
use crate::journal::log::SegmentFacts;
use crate::journal::log::segment::SEGMENT_HEADER_BYTES;

/// A log of three segments and more, as a killed process leaves it.
async fn killed(records: u64) -> (Arc<MemoryDisk>, Vec<Appended>, Vec<SegmentFacts>) {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let places = fill(&log, 1..=records).await;
    (disk.after_kill(), places, log.sealed())
}

#[tokio::test]
async fn an_empty_folder_becomes_a_log_that_outlives_a_power_cut() {
    let disk = MemoryDisk::new();
    let (log, opened, _) = reopen(&disk, None).unwrap();
    assert_eq!((opened.next_sequence, opened.last, opened.records), (1, None, 0));
    drop(log);
    assert_eq!(reopen(&disk.after_power_cut(), None).unwrap().1.next_sequence, 1);
}

#[tokio::test]
async fn a_torn_tail_is_cut_kept_and_told() {
    let (disk, places, sealed) = killed(60).await;
    let name = disk.segments().pop().unwrap();
    let offset = places[59].position - sealed.last().unwrap().end;
    disk.edit(&name, |bytes| bytes[offset as usize + 60] ^= 1);
    let (log, opened, records) = reopen(&disk, None).unwrap();
    assert_prefix(&records, 59);
    let cut = opened.cut.unwrap();
    assert_eq!((cut.file, cut.offset, cut.last_sequence), (name, offset, 59));
    assert_eq!(disk.quarantined(), [format!("cut-{:016x}.bin", places[59].position)]);
    // Its place is taken by the next one, and nothing of it comes back.
    assert_eq!(append(&log, 60).position, places[59].position);
    log.durable(60).await.unwrap();
    let (_, opened, records) = reopen(&disk.after_power_cut(), None).unwrap();
    assert_prefix(&records, 60);
    assert_eq!(opened.cut, None);
}

#[tokio::test]
async fn a_cut_is_durable_before_anything_is_written_in_its_place() {
    let (disk, places, sealed) = killed(60).await;
    let name = disk.segments().pop().unwrap();
    let offset = (places[59].position - sealed.last().unwrap().end) as usize;
    disk.edit(&name, |bytes| bytes[offset] ^= 1);
    let log = open(&disk);
    let after = disk.after_power_cut().bytes(&name);
    assert!(after[offset..].iter().all(|byte| *byte == 0));
    drop(log);
}

#[tokio::test]
async fn a_lost_write_before_a_kept_one_is_cut_with_it() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let mut places = fill(&log, 1..=3).await;
    let writes = disk.count("write");
    places.extend((4..=6).map(|sequence| append(&log, sequence)));
    log.flush_hint(false);
    disk.wait_for_writes(writes + 1);
    drop(log);
    let (from, to) = (places[3].position as usize, places[4].position as usize);
    disk.edit(&disk.segments()[0], |bytes| bytes[from..to].fill(0));
    let (_, opened, records) = reopen(&disk, None).unwrap();
    assert_prefix(&records, 3);
    assert_eq!(opened.cut.unwrap().offset, places[3].position);
}

#[tokio::test]
async fn damage_below_the_mark_is_refused_with_file_and_offset() {
    let (disk, places, sealed) = killed(60).await;
    for place in &places[..59] {
        let base = sealed.iter().map(|facts| facts.end).filter(|end| *end < place.position).max();
        let base = base.unwrap_or(0);
        let offset = place.position - base;
        let disk = disk.after_kill();
        let name = format!("segment-{base:016x}.log");
        disk.edit(&name, |bytes| bytes[offset as usize + 57] ^= 4);
        let before = disk.bytes(&name);
        let found = damage(&disk);
        assert_eq!((found.file.as_str(), found.offset), (name.as_str(), offset));
        assert_eq!(disk.bytes(&name), before, "a refusal changes nothing");
    }
}

#[tokio::test]
async fn an_unknown_format_version_is_refused_by_its_number() {
    let (disk, ..) = killed(3).await;
    disk.edit(&disk.segments()[0], |bytes| {
        for at in [0, 512] {
            bytes[at + 8] = 9;
            let crc = crc32fast::hash(&bytes[at..at + 60]);
            bytes[at + 60..at + 64].copy_from_slice(&crc.to_le_bytes());
        }
    });
    let refused = reopen(&disk, None).map(drop).unwrap_err();
    assert!(matches!(&refused, LogError::Format(text) if text.contains("version 9")), "{refused}");
}

#[tokio::test]
async fn other_rules_are_refused_where_they_are_replayed() {
    let (disk, ..) = killed(3).await;
    let options = LogOptions { rules: 2, ..options(Sync::Always) };
    let refused = Log::open(disk, options, None, &mut |_| Ok(())).map(drop).unwrap_err();
    assert!(matches!(&refused, LogError::Format(text) if text.contains("rules")), "{refused}");
}

#[tokio::test]
async fn a_missing_segment_is_refused_by_its_name() {
    let (disk, _, sealed) = killed(60).await;
    for name in disk.segments().iter().take(sealed.len()) {
        let disk = disk.after_kill();
        crate::journal::disk::Disk::remove(&*disk, name).unwrap();
        let found = damage(&disk);
        assert_eq!(&found.file, name);
        assert!(found.what.contains("missing"), "{found}");
    }
}

#[tokio::test]
async fn a_checkpoint_whose_segment_is_gone_is_refused() {
    let (disk, _, sealed) = killed(60).await;
    let gone = sealed.last().unwrap().end;
    crate::journal::disk::Disk::remove(&*disk, disk.segments().last().unwrap()).unwrap();
    assert!(reopen(&disk, Some(gone)).map(drop).unwrap_err().to_string().contains("missing"));
    let empty = MemoryDisk::new();
    assert!(reopen(&empty, Some(gone)).map(drop).unwrap_err().to_string().contains("missing"));
}

#[tokio::test]
async fn a_segment_of_another_journal_is_refused() {
    let (disk, ..) = killed(60).await;
    let other = MemoryDisk::new();
    let foreign = LogOptions { id: 8, ..options(Sync::Always) };
    let (log, _) = Log::open(other.clone(), foreign, None, &mut |_| Ok(())).unwrap();
    fill(&log, 1..=60).await;
    let name = &disk.segments()[1];
    disk.put(name, other.bytes(name));
    assert!(damage(&disk).what.contains("another journal"));
}

#[tokio::test]
async fn a_segment_shorter_than_it_was_made_is_refused() {
    let (disk, places, sealed) = killed(60).await;
    let name = disk.segments().pop().unwrap();
    for place in &places {
        let Some(offset) = place.position.checked_sub(sealed.last().unwrap().end) else { continue };
        let disk = disk.after_kill();
        disk.edit(&name, |bytes| bytes.truncate(offset as usize));
        assert_eq!((damage(&disk).file, damage(&disk).offset), (name.clone(), offset));
    }
}

#[tokio::test]
async fn a_sealed_segment_without_its_end_is_refused_even_below_the_checkpoint() {
    let (disk, _, sealed) = killed(60).await;
    let (name, length) = (&disk.segments()[0], sealed[0].end - 8);
    disk.edit(name, |bytes| bytes.truncate(length as usize));
    assert!(reopen(&disk, Some(sealed[2].base)).is_err());
    assert_eq!((&damage(&disk).file, damage(&disk).offset), (name, length));
}

/// A log whose next record begins a segment; how many records it has.
async fn about_to_roll() -> (Arc<MemoryDisk>, Log, u64) {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let mut sequence = 0;
    while log.next_position(body(sequence + 1).len()) < SEGMENT_BYTES {
        sequence += 1;
        append(&log, sequence);
    }
    log.durable(sequence).await.unwrap();
    (disk, log, sequence)
}

#[tokio::test]
async fn a_crash_between_a_seal_and_the_next_segment_is_mended() {
    let (disk, log, sequence) = about_to_roll().await;
    let created = disk.count("create");
    // Seal, sync, truncate, sync; then the creation fails.
    disk.fail_at(disk.calls().len() + 4);
    append(&log, sequence + 1);
    log.durable(sequence + 1).await.unwrap_err();
    assert_eq!((disk.count("create"), disk.calls().last()), (created + 1, Some(&"create")));
    let disk = disk.after_power_cut();
    let (log, opened, records) = reopen(&disk, None).unwrap();
    assert_prefix(&records, sequence);
    assert_eq!((opened.cut, log.sealed().len()), (None, 1));
    fill(&log, sequence + 1..=sequence + 5).await;
    log.close().unwrap();
    assert_prefix(&reopen(&disk, None).unwrap().2, sequence + 5);
}

#[tokio::test]
async fn what_stands_behind_a_seal_is_cut_before_another_segment_follows() {
    let (disk, log, sequence) = about_to_roll().await;
    disk.fail_at(disk.calls().len() + 2);
    append(&log, sequence + 1);
    log.durable(sequence + 1).await.unwrap_err();
    assert_eq!(disk.calls().last(), Some(&"truncate"));
    let disk = disk.after_power_cut();
    let (log, ..) = reopen(&disk, None).unwrap();
    fill(&log, sequence + 1..=sequence + 5).await;
    log.close().unwrap();
    assert_prefix(&reopen(&disk.after_power_cut(), None).unwrap().2, sequence + 5);
}

#[tokio::test]
async fn a_segment_that_was_being_made_is_none() {
    let (disk, ..) = killed(60).await;
    disk.put("segment-0000000000abcdef.tmp", vec![1; 100]);
    disk.put("notes.txt", b"not ours".to_vec());
    let (_, _, records) = reopen(&disk, None).unwrap();
    assert_prefix(&records, 60);
    let names = crate::journal::disk::Disk::list(&*disk).unwrap();
    assert!(!names.iter().any(|name| name.ends_with(".tmp")));
    assert!(names.contains(&"notes.txt".to_owned()), "a foreign file is left alone");
}

#[tokio::test]
async fn what_a_killed_process_only_wrote_is_synced_before_it_is_built_upon() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let writes = disk.count("write");
    append_all(&log, 1..=3);
    log.flush_hint(false);
    disk.wait_for_writes(writes + 1);
    std::mem::forget(log);
    let (log, _, records) = reopen(&disk, None).unwrap();
    assert_prefix(&records, 3);
    assert_eq!(log.parts.progress.synced(), 3);
    assert_prefix(&reopen(&disk.after_power_cut(), None).unwrap().2, 3);
}

#[tokio::test]
async fn one_damaged_copy_of_a_header_costs_nothing() {
    let (disk, ..) = killed(60).await;
    for (name, at) in disk.segments().iter().zip([0, 512, 20, 540]) {
        disk.edit(name, |bytes| bytes[at] ^= 1);
    }
    assert_prefix(&reopen(&disk, None).unwrap().2, 60);
    disk.edit(&disk.segments()[0], |bytes| bytes[..SEGMENT_HEADER_BYTES as usize].fill(0));
    assert_eq!((damage(&disk).file, damage(&disk).offset), (disk.segments()[0].clone(), 0));
}
