use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_folder_is_made_with_those_above_it_for_its_owner_only() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a/b/journal");
    assert!(Folder::open(&path).is_err(), "opening makes nothing");
    Folder::create(&path).unwrap();
    Folder::create(&path).unwrap();
    let mode = fs::metadata(Folder::open(&path).unwrap().path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn only_one_holds_the_lock_until_it_is_dropped() {
    let temporary = tempfile::tempdir().unwrap();
    let (one, other) = (Folder::open(temporary.path()), Folder::open(temporary.path()));
    let held = one.unwrap().lock().unwrap();
    assert!(held.is_some());
    let other = other.unwrap();
    assert!(other.lock().unwrap().is_none());
    drop(held);
    assert!(other.lock().unwrap().is_some());
}

#[test]
fn an_allocated_file_reads_as_zeros_and_keeps_what_it_had() {
    let temporary = tempfile::tempdir().unwrap();
    let file = Folder::open(temporary.path()).unwrap().create("file").unwrap();
    assert_eq!(file.write_at(0, b"abc").unwrap(), 3);
    file.allocate(10_000).unwrap();
    file.allocate(5).unwrap();
    let mut bytes = vec![1; 20_000];
    assert_eq!((file.size().unwrap(), file.read_at(0, &mut bytes).unwrap()), (10_000, 10_000));
    assert_eq!(&bytes[..4], b"abc\0");
    assert!(bytes[4..10_000].iter().all(|byte| *byte == 0));
    file.truncate(2).unwrap();
    assert_eq!(file.size().unwrap(), 2);
}

#[test]
fn zeros_take_the_room_where_a_file_system_cannot_preallocate() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("file");
    fs::write(&path, b"abc").unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    fill(&file, 3, 200_000).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!((bytes.len(), &bytes[..4]), (200_000, &b"abc\0"[..]));
}

#[test]
fn a_file_put_away_is_no_longer_listed_and_never_written_over() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = Folder::open(temporary.path()).unwrap();
    for content in ["first", "second"] {
        folder.create("bad").unwrap().write_at(0, content.as_bytes()).unwrap();
        folder.quarantine("bad").unwrap();
    }
    assert_eq!(folder.list().unwrap(), Vec::<String>::new());
    let [away] = names(temporary.path()).try_into().unwrap();
    let away = temporary.path().join(away);
    assert_eq!(names(&away), ["bad", "bad.1"]);
    assert_eq!(fs::read_to_string(away.join("bad.1")).unwrap(), "second");
}

#[test]
fn an_existing_file_is_not_created_again_but_renamed_over() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = Folder::open(temporary.path()).unwrap();
    folder.create("a").unwrap().write_at(0, b"a").unwrap();
    folder.create("b").unwrap();
    assert!(folder.create("a").is_err());
    folder.rename("a", "b").unwrap();
    folder.sync().unwrap();
    assert_eq!(folder.list().unwrap(), ["b"]);
    assert_eq!(folder.open("b").unwrap().size().unwrap(), 1);
    folder.remove("b").unwrap();
    assert!(folder.open("b").is_err());
    assert!(folder.free_bytes().unwrap() > 0);
}

#[test]
fn a_folder_that_is_only_looked_at_is_read_and_locked_and_never_changed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = Folder::open(temporary.path()).unwrap();
    folder.create("a").unwrap().write_at(0, b"abc").unwrap();
    let looking = Folder::open_to_read(temporary.path()).unwrap();
    let file = looking.open("a").unwrap();
    let mut bytes = [0; 3];
    assert_eq!((file.size().unwrap(), file.read_at(0, &mut bytes).unwrap()), (3, 3));
    assert!(file.write_at(0, b"x").is_err(), "its files are open to read only");
    assert!(looking.create("b").is_err() && looking.rename("a", "b").is_err());
    assert!(looking.remove("a").is_err() && looking.quarantine("a").is_err());
    let held = looking.lock().unwrap();
    assert!(held.is_some() && folder.lock().unwrap().is_none(), "who looks keeps others away");
    drop(held);
    let held = folder.lock().unwrap();
    assert!(held.is_some() && looking.lock().unwrap().is_none());
    assert_eq!(names(temporary.path()), ["a", "lock"]);
}
