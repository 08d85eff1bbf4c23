use super::*;

/// Records that were appended in one group, and so may be lost together.
const GROUP: u64 = 5;

/// A log whose last group is larger than one record.
async fn grouped() -> Arc<MemoryDisk> {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    for first in (1..=40).step_by(GROUP as usize) {
        append_all(&log, first..=first + GROUP - 1);
        log.durable(first + GROUP - 1).await.unwrap();
    }
    drop(log);
    disk.after_kill()
}

/// What opening may do with a damaged log: refuse it, open it whole, or cut the last group.
fn judge(disk: &Arc<MemoryDisk>, what: &str) {
    match reopen(disk, None) {
        Err(LogError::Damaged(damage)) => assert!(disk.segments().contains(&damage.file)),
        Err(other) => panic!("{what}: {other}"),
        Ok((_, opened, records)) => {
            assert_prefix(&records, records.len() as u64);
            let cut = opened.cut.map(|cut| cut.last_sequence);
            let whole = records.len() == 40;
            assert!(whole || cut == Some(records.len() as u64), "{what}: lost without a word");
            assert!(records.len() as u64 >= 40 - GROUP, "{what}: more than the last group is gone");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_detected_harmless_or_in_the_last_group() {
    let disk = grouped().await;
    for name in disk.segments() {
        let intact = disk.bytes(&name);
        for at in 0..intact.len() {
            let disk = disk.after_kill();
            disk.edit(&name, |bytes| bytes[at] ^= 1 << (at % 8));
            judge(&disk, &format!("{name} byte {at}"));
        }
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_is_detected_or_harmless() {
    let disk = grouped().await;
    for name in disk.segments() {
        for length in 0..disk.bytes(&name).len() {
            let disk = disk.after_kill();
            disk.edit(&name, |bytes| bytes.truncate(length));
            assert!(reopen(&disk, None).is_err(), "{name} cut to {length} opened");
        }
    }
}

#[tokio::test]
async fn damage_met_when_a_record_is_read_is_told() {
    let disk = MemoryDisk::new();
    let log = open(&disk);
    let places = fill(&log, 1..=3).await;
    log.close().unwrap();
    let (log, ..) = reopen(&disk, None).unwrap();
    let name = disk.segments()[0].clone();
    for at in places[1].position..places[2].position - 8 {
        // In place: the log has the file open.
        let file = crate::journal::disk::Disk::open(&*disk, &name).unwrap();
        let byte = disk.bytes(&name)[at as usize];
        file.write_at(at, &[byte ^ 1]).unwrap();
        let found = log.read(places[1].position).unwrap_err();
        assert_eq!((found.file, found.offset), (name.clone(), places[1].position));
        file.write_at(at, &[byte]).unwrap();
    }
    assert_is(&log.read(places[1].position).unwrap(), 2);
}
