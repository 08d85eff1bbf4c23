//! The disk keeps what it promises, and loses the rest in every way there is.

use std::collections::BTreeSet;

use super::*;

fn file(disk: &SimulatedDisk, name: &str) -> Box<dyn DiskFile> {
    disk.open(name).unwrap_or_else(|_| disk.create(name).unwrap())
}

fn read(disk: &SimulatedDisk, name: &str) -> Option<Vec<u8>> {
    disk.contents().into_iter().find(|(found, _)| found == name).map(|(_, bytes)| bytes)
}

fn images(disk: &SimulatedDisk) -> Vec<SimulatedDisk> {
    let crash = disk.crash();
    let mut random = Random::new(7);
    (0..2_000).map(|_| crash.image(&mut random)).collect()
}

#[test]
fn what_was_synced_is_in_every_image() {
    let disk = SimulatedDisk::new();
    file(&disk, "a").write_at(0, b"synced").unwrap();
    file(&disk, "a").sync().unwrap();
    disk.sync().unwrap();
    file(&disk, "a").write_at(6, b" and not").unwrap();
    let seen: BTreeSet<_> = images(&disk).iter().map(|image| read(image, "a").unwrap()).collect();
    assert!(seen.iter().all(|bytes| bytes.starts_with(b"synced")));
    assert_eq!(seen.len(), 2, "with and without the rest");
}

#[test]
fn unsynced_writes_survive_one_without_the_other_and_torn_at_sectors() {
    let disk = SimulatedDisk::new();
    let a = file(&disk, "a");
    a.allocate(4_096).unwrap();
    a.sync().unwrap();
    disk.sync().unwrap();
    a.write_at(100, &[1; 1_000]).unwrap();
    a.write_at(2_048, &[2; 512]).unwrap();
    let images: Vec<_> = images(&disk).iter().map(|image| read(image, "a").unwrap()).collect();
    let of = |image: &Vec<u8>| [image[100], image[512], image[1_024], image[2_048]];
    let seen: BTreeSet<[u8; 4]> = images.iter().map(of).collect();
    assert_eq!(seen.len(), 16, "every subset of three sectors of one write and one of another");
    assert!(images.iter().all(|image| image[511] == image[100] && image[1_023] == image[512]));
}

#[test]
fn a_name_lasts_only_when_the_folder_was_synced() {
    let disk = SimulatedDisk::new();
    file(&disk, "a").write_at(0, b"old").unwrap();
    file(&disk, "a").sync().unwrap();
    assert!(images(&disk).iter().any(|image| read(image, "a").is_none()));
    disk.sync().unwrap();
    assert!(images(&disk).iter().all(|image| read(image, "a").is_some()));
    file(&disk, "b").write_at(0, b"new").unwrap();
    file(&disk, "b").sync().unwrap();
    disk.rename("b", "a").unwrap();
    let seen: BTreeSet<_> = images(&disk).iter().map(|image| read(image, "a").unwrap()).collect();
    assert_eq!(seen, BTreeSet::from([b"old".to_vec(), b"new".to_vec()]));
    disk.remove("a").unwrap();
    assert!(images(&disk).iter().any(|image| image.list().unwrap().is_empty()));
}

#[test]
fn a_named_file_that_was_not_synced_may_be_empty() {
    let disk = SimulatedDisk::new();
    file(&disk, "a").write_at(0, b"data").unwrap();
    disk.sync().unwrap();
    let seen: BTreeSet<_> = images(&disk).iter().map(|image| read(image, "a").unwrap()).collect();
    assert_eq!(seen, BTreeSet::from([b"".to_vec(), b"data".to_vec()]));
}

#[test]
fn a_cut_and_a_growth_may_be_lost() {
    let disk = SimulatedDisk::new();
    let a = file(&disk, "a");
    a.write_at(0, b"whole").unwrap();
    a.sync().unwrap();
    disk.sync().unwrap();
    a.truncate(2).unwrap();
    a.allocate(4).unwrap();
    let seen: BTreeSet<_> = images(&disk).iter().map(|image| read(image, "a").unwrap()).collect();
    let expected = [b"whole".to_vec(), b"wh".to_vec(), b"wh\0\0".to_vec()];
    assert_eq!(seen, BTreeSet::from(expected));
}

#[test]
fn after_a_failed_sync_reads_see_what_is_lost_for_good() {
    let disk = SimulatedDisk::new();
    let a = file(&disk, "a");
    disk.sync().unwrap();
    (0..20).for_each(|place| assert_eq!(a.write_at(place, b"x").unwrap(), 1));
    disk.plan(Trigger::Nth(Call::SyncFile, 1), Fault::Error(EIO));
    assert_eq!(a.sync().unwrap_err().raw_os_error(), Some(EIO));
    a.sync().unwrap();
    assert_eq!(read(&disk, "a"), Some(vec![b'x'; 20]));
    let seen: BTreeSet<_> = images(&disk).iter().map(|image| read(image, "a").unwrap()).collect();
    assert!(seen.len() == 1 && !seen.contains(&vec![b'x'; 20]), "a second sync mends nothing");
    assert!(disk.has_failed());
}

#[test]
fn calls_fail_by_kind_and_by_count() {
    let disk = SimulatedDisk::new();
    disk.plan(Trigger::NthChange(3), Fault::Error(ENOSPC));
    let a = file(&disk, "a");
    a.write_at(0, b"1").unwrap();
    assert_eq!(a.write_at(1, b"2").unwrap_err().raw_os_error(), Some(ENOSPC));
    disk.plan(Trigger::Nth(Call::Write, 3), Fault::Short);
    assert_eq!(a.write_at(1, b"23").unwrap(), 1);
    assert_eq!((disk.calls(Call::Write), disk.changes()), (3, 4));
}

#[test]
fn a_full_disk_takes_what_fits_and_then_nothing() {
    let disk = SimulatedDisk::new();
    disk.set_capacity(10);
    let a = file(&disk, "a");
    assert_eq!(a.write_at(0, &[1; 8]).unwrap(), 8);
    assert_eq!((disk.free_bytes().unwrap(), disk.used()), (2, 8));
    assert_eq!(a.write_at(8, &[1; 8]).unwrap(), 2);
    assert_eq!(a.write_at(10, &[1; 8]).unwrap_err().raw_os_error(), Some(ENOSPC));
    assert_eq!(a.allocate(11).unwrap_err().raw_os_error(), Some(ENOSPC));
    assert_eq!(a.write_at(4, &[2; 6]).unwrap(), 6, "what is there may be overwritten");
    disk.remove("a").unwrap();
    assert_eq!(disk.free_bytes().unwrap(), 10);
}

#[test]
fn every_sync_is_seen_before_it_takes_effect() {
    let disk = SimulatedDisk::new();
    let seen: Arc<Mutex<Vec<Crash>>> = Arc::default();
    let list = Arc::clone(&seen);
    disk.on_sync(Some(Box::new(move |crash| list.lock().unwrap().push(crash))));
    file(&disk, "a").write_at(0, b"x").unwrap();
    file(&disk, "a").sync().unwrap();
    disk.sync().unwrap();
    let mut random = Random::new(1);
    let crashes = seen.lock().unwrap();
    assert_eq!(crashes.len(), 2);
    assert!((0..50).any(|_| read(&crashes[1].image(&mut random), "a").is_none()));
}

#[test]
fn one_process_holds_the_lock_until_it_lets_go() {
    let disk = SimulatedDisk::new();
    let held = disk.lock().unwrap();
    assert!(held.is_some() && disk.lock().unwrap().is_none());
    drop(held);
    assert!(disk.lock().unwrap().is_some());
    disk.create("a").unwrap();
    disk.quarantine("a").unwrap();
    assert_eq!((disk.list().unwrap().len(), disk.quarantined()), (0, vec!["a".to_owned()]));
}
