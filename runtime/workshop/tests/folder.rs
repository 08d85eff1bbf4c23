//! Which component a plugin folder stands for, and what is said when there is none.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use millstream_workshop::{WorkshopError, build, component_path};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_secs(3600);

fn written() -> SystemTime {
    SystemTime::UNIX_EPOCH + 10_000 * HOUR
}

fn write(path: &Path, at: SystemTime) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

/// A plugin folder whose files are as old as its component.
fn built() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "true");
    File::options()
        .write(true)
        .open(folder.path().join("plugin.toml"))
        .unwrap()
        .set_modified(written())
        .unwrap();
    write(&folder.path().join("src/lib.rs"), written());
    write(&folder.path().join("build/noop.wasm"), written());
    folder
}

fn manifest(folder: &Path, build: &str) {
    let text = format!(
        "name = 'noop'\nlanguage = 'shell'\nbuild = '''{build}'''\nartifact = 'noop.wasm'\n"
    );
    fs::write(folder.join("plugin.toml"), text).unwrap();
}

#[test]
fn a_built_folder_has_its_component() {
    let folder = built();
    assert_eq!(component_path(folder.path()).unwrap(), folder.path().join("build/noop.wasm"));
}

#[test]
fn a_source_newer_than_the_component_makes_it_stale() {
    let folder = built();
    let source = folder.path().join("src/deep/er.rs");
    write(&source, written() + HOUR);
    let error = component_path(folder.path()).unwrap_err();
    let (text, command) =
        (error.to_string(), format!("`millstream build {}`", folder.path().display()));
    assert!(matches!(error, WorkshopError::Unbuilt { .. }), "{text}");
    assert!(
        text.contains(&format!("is older than {}", source.display())) && text.contains(&command),
        "{text}"
    );
}

#[test]
fn what_is_no_source_makes_nothing_stale() {
    let folder = built();
    for path in
        ["build/other.wasm", "target/release/x", "cases/a.yaml", ".git/index", ".env", "src/.swp"]
    {
        write(&folder.path().join(path), written() + HOUR);
    }
    component_path(folder.path()).unwrap();
}

#[test]
fn a_folder_named_build_below_the_root_holds_sources() {
    let folder = built();
    write(&folder.path().join("src/build/mod.rs"), written() + HOUR);
    assert!(component_path(folder.path()).is_err());
}

#[test]
fn a_folder_that_was_not_built_names_the_command() {
    let folder = built();
    fs::remove_dir_all(folder.path().join("build")).unwrap();
    let error = component_path(folder.path()).unwrap_err();
    assert_eq!(error.help(), format!("run `millstream build {}`", folder.path().display()));
    assert!(error.to_string().contains("is not built"), "{error}");
}

#[test]
fn a_folder_without_a_manifest_is_no_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let text = |path: &Path| component_path(path).unwrap_err().to_string();
    assert_eq!(text(folder.path()), format!("{place}: no plugin folder: it has no plugin.toml"));
    assert_eq!(text(&folder.path().join("no")), format!("{place}/no: no such folder"));
}

#[test]
fn a_failing_build_shows_its_command_and_the_end_of_its_output() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "seq 1 100; echo broken >&2; exit 3");
    let mut lines = Vec::new();
    let error =
        build(folder.path(), &mut |line| lines.push(line.to_owned())).unwrap_err().to_string();
    assert_eq!((lines.len(), lines[100].as_str()), (101, "broken"));
    assert!(error.starts_with("`seq 1 100; echo broken >&2; exit 3` in "), "{error}");
    assert!(error.contains("failed with exit code 3:\n    82\n"), "{error}");
    assert!(error.ends_with("\n    100\n    broken"), "{error}");
}

#[test]
fn a_missing_tool_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "no-such-tool --release");
    let error = build(folder.path(), &mut |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("needs a tool that is not installed") && error.contains("no-such-tool"),
        "{error}"
    );
}

#[test]
fn a_line_without_end_comes_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "head -c 100000 /dev/zero | tr '\\0' x; exit 1");
    let mut longest = 0;
    build(folder.path(), &mut |line| longest = longest.max(line.len())).unwrap_err();
    assert_eq!(longest, 16 << 10);
}

#[test]
fn a_build_that_makes_no_artifact_is_a_mistake_of_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "true");
    let error = build(folder.path(), &mut |_| {}).unwrap_err().to_string();
    let place = folder.path().join("plugin.toml");
    assert_eq!(
        error,
        format!("{}: `true` succeeded, but made no `artifact` noop.wasm", place.display())
    );
}

#[test]
fn an_artifact_that_is_no_plugin_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "echo text > noop.wasm");
    write(&folder.path().join("build/noop.wasm"), written());
    let error = build(folder.path(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, WorkshopError::NotAPlugin { .. }), "{error}");
    assert_eq!(fs::read(folder.path().join("build/noop.wasm")).unwrap(), b"");
}
