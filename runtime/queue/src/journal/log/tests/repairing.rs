use std::collections::BTreeSet;

use super::*;
use crate::journal::disk::Disk;
use crate::journal::log::{repair, stats, verify};

async fn killed() -> (Arc<MemoryDisk>, Vec<Appended>) {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let places = fill(&log, 1..=60).await;
    drop(log);
    (disk.after_kill(), places)
}

/// Repairs, opens, and tells which records are gone; the others are what and where they were.
async fn repaired(disk: &Arc<MemoryDisk>, places: &[Appended]) -> BTreeSet<u64> {
    let told = repair(&**disk, None).unwrap();
    let (log, opened, records) = reopen(&disk.after_power_cut(), None).unwrap();
    for record in &records {
        assert_is(record, record.sequence);
        assert_eq!(record.position, places[record.sequence as usize - 1].position);
        assert_is(&log.read(record.position).unwrap(), record.sequence);
    }
    let there: BTreeSet<u64> = records.iter().map(|record| record.sequence).collect();
    let gone: BTreeSet<u64> = (1..=60).filter(|sequence| !there.contains(sequence)).collect();
    let named = told.left_out.iter().filter_map(|out| out.sequences).flat_map(|(a, b)| a..=b);
    let whole = told.left_out.iter().all(|out| out.sequences.is_some());
    let at_once = opened.lost == 0 || !told.left_out.is_empty();
    if at_once && whole && opened.cut.is_none() {
        assert_eq!(named.collect::<BTreeSet<_>>(), gone, "what is left out is named");
    }
    fill(&log, opened.next_sequence..=opened.next_sequence + 5).await;
    gone
}

#[tokio::test]
async fn a_healthy_log_is_verified_and_left_alone() {
    let (disk, _) = killed().await;
    let report = verify(&*disk, None, &mut |_| Ok(())).unwrap();
    assert_eq!((report.records, report.opens, report.faults.len()), (60, true, 0));
    assert_eq!(report.segments as usize, disk.segments().len());
    let calls = disk.calls().len();
    assert_eq!(repair(&*disk, None).unwrap(), Default::default());
    assert_eq!(disk.calls().len(), calls, "nothing was written");
    assert!(verify(&*MemoryDisk::new(), None, &mut |_| Ok(())).unwrap().opens);
}

#[tokio::test]
async fn every_fault_is_listed_and_each_costs_one_record() {
    let (disk, places) = killed().await;
    let hurt = [3, 20, 21, 40, 57];
    let bases: Vec<u64> = stats(&*disk).unwrap().segments.iter().map(|line| line.base).collect();
    let mut expected = Vec::new();
    for sequence in hurt {
        let position = places[sequence - 1].position;
        let base = bases.iter().rev().find(|base| **base < position).unwrap();
        let name = format!("segment-{base:016x}.log");
        disk.edit(&name, |bytes| bytes[(position - base) as usize + 58] ^= 1);
        expected.push((name, position - base));
    }
    let report = verify(&*disk, None, &mut |_| Ok(())).unwrap();
    assert!(!report.opens);
    let found = report.faults.into_iter().map(|fault| (fault.file, fault.offset));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(repaired(&disk, &places).await, hurt.map(|sequence| sequence as u64).into());
    let kept = disk.quarantined().len();
    assert_eq!(kept, expected.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len());
    let report = verify(&*disk, None, &mut |_| Ok(())).unwrap();
    assert_eq!((report.opens, report.lost, report.faults.len()), (true, 5, 0));
}

#[tokio::test]
async fn a_lost_header_costs_no_record_where_another_segment_has_one() {
    let (disk, places) = killed().await;
    for name in disk.segments().into_iter().skip(1) {
        let disk = disk.after_kill();
        disk.edit(&name, |bytes| bytes[..576].fill(7));
        assert_eq!(verify(&*disk, None, &mut |_| Ok(())).unwrap().faults[0].offset, 0);
        assert_eq!(repaired(&disk, &places).await, BTreeSet::new(), "{name}");
    }
}

#[tokio::test]
async fn a_missing_segment_costs_its_own_records() {
    let (disk, places) = killed().await;
    let facts = stats(&*disk).unwrap();
    for line in &facts.segments[..facts.segments.len() - 1] {
        let disk = disk.after_kill();
        Disk::remove(&*disk, &line.file).unwrap();
        let report = verify(&*disk, None, &mut |_| Ok(())).unwrap();
        assert!(report.faults[0].what.contains("missing"), "{report:?}");
        let own = line.first_sequence..line.first_sequence + line.records;
        assert_eq!(repaired(&disk, &places).await, own.collect());
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_is_repaired_to_what_it_still_holds() {
    let (disk, places) = killed().await;
    for name in disk.segments() {
        for length in (0..disk.bytes(&name).len()).step_by(61) {
            let disk = disk.after_kill();
            disk.edit(&name, |bytes| bytes.truncate(length));
            let gone = repaired(&disk, &places).await;
            let all: Vec<u64> = gone.iter().copied().collect();
            assert!(all.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{name} {length}: {gone:?}");
        }
    }
}

#[tokio::test]
async fn a_repair_that_is_cut_off_can_be_run_again() {
    let (disk, places) = killed().await;
    let name = disk.segments()[1].clone();
    disk.edit(&name, |bytes| bytes[700] ^= 1);
    let begun = disk.after_kill();
    repair(&*begun, None).unwrap();
    for call in 0..begun.calls().len() {
        let disk = disk.after_kill();
        disk.fail_at(call);
        repair(&*disk, None).unwrap_err();
        for image in [disk.after_kill(), disk.after_power_cut()] {
            assert_eq!(repaired(&image, &places).await.len(), 1, "call {call}");
        }
    }
}

#[tokio::test]
async fn what_stands_below_the_checkpoint_is_repaired_too() {
    let (disk, places) = killed().await;
    let facts = stats(&*disk).unwrap();
    let from = facts.segments[3].base;
    Disk::remove(&*disk, &facts.segments[1].file).unwrap();
    disk.edit(&facts.segments[0].file, |bytes| bytes[700] ^= 1);
    assert!(
        verify(&*disk, Some(from), &mut |_| Ok(())).unwrap().opens,
        "nothing of it is replayed"
    );
    assert_eq!(verify(&*disk, Some(from), &mut |_| Ok(())).unwrap().faults.len(), 1);
    repair(&*disk, Some(from)).unwrap();
    let (log, _, records) = reopen(&disk, Some(from)).unwrap();
    assert_eq!(records[0].sequence, facts.segments[3].first_sequence);
    let readable = places.iter().take(10).filter(|place| log.read(place.position).is_ok()).count();
    assert!(readable >= 5 && log.sealed()[1].base == facts.segments[2].base);
}

#[tokio::test]
async fn stats_tell_what_is_there() {
    let (disk, _) = killed().await;
    let facts = stats(&*disk).unwrap();
    assert_eq!((facts.records, facts.next_sequence), (60, 61));
    let sealed: Vec<_> = facts.segments.iter().map(|line| line.sealed).collect();
    assert_eq!(sealed.iter().filter(|sealed| !**sealed).count(), 1);
    assert!(!sealed[sealed.len() - 1]);
    let bytes = disk.segments().iter().map(|name| disk.bytes(name).len() as u64).sum();
    assert_eq!(facts.bytes, bytes);
}
