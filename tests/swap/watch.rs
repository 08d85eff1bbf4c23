//! `run --watch`: what is saved is built and swapped.

use std::path::Path;

use millstream_tests::{Project, guest};

use crate::bed::Bed;

#[test]
fn a_file_that_changes_is_swapped_and_a_bad_one_is_not() {
    let project = Project::new();
    let file = project.write("guest.wasm", bytes("echo"));
    let mut bed = Bed::open_in(project, &file, "", &["--watch"]);
    let file = bed.file("guest.wasm", bytes("stamp"));
    bed.host.wait_for("`guest`: swapped, sha256:");
    replace(&file, b"no component");
    let line = bed.host.wait_for("`guest`: refused, the version before serves: ");
    assert!(line.contains("verify: not a WebAssembly file"), "{line}");
    bed.publish([("a", "0")]);
    bed.until_written(1);
    let (_, came) = bed.close();
    assert!(came[0].stamped);
}

#[test]
fn a_folder_is_built_at_the_start_and_whenever_a_source_changes() {
    let project = Project::new();
    let folder = project.path("guest");
    project.write("guest/source.wasm", bytes("echo"));
    project.write("guest/build.sh", "cp source.wasm made.wasm\n");
    project.write(
        "guest/plugin.toml",
        "name = \"guest\"\nlanguage = \"c\"\nbuild = \"sh build.sh\"\nartifact = \"made.wasm\"\n",
    );
    let mut bed = Bed::open_in(project, &folder, "", &["--watch"]);
    bed.file("guest/build.sh", "echo it does not build; exit 7\n");
    let line = bed.host.wait_for("`guest`: not swapped, the version before serves: ");
    assert!(line.contains("`sh build.sh`") && line.contains("exit code 7"), "{line}");
    bed.publish([("a", "0")]);
    bed.until_written(1);
    bed.file("guest/source.wasm", bytes("stamp"));
    bed.file("guest/build.sh", "cp source.wasm made.wasm\n");
    bed.host.wait_for("`guest`: swapped, sha256:");
    bed.publish([("a", "1")]);
    bed.until_written(2);
    let (_, came) = bed.close();
    assert_eq!(came.iter().map(|one| one.stamped).collect::<Vec<_>>(), [false, true]);
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(guest(name)).expect("the guest is built")
}

/// Writes beside and renames, as an editor does.
fn replace(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).expect("a file can be written");
    std::fs::rename(&beside, path).expect("a file can be renamed");
}
