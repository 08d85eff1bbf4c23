//! A plugin is compiled once, and damage to what was kept costs one more compile.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use millstream_plugin_host::{
    ChildCompiler, CompileLimits, Compiler, Host, HostError, LoadError, PluginSettings,
};

use crate::support::{batch, call, guest, host, host_with, instance};

/// A host that was just started with the cache `folder`, after loading and running one plugin.
async fn loaded(folder: &Path) -> Host {
    let host = host_with(|settings| settings.cache = Some(folder.to_owned()));
    let plugin = host.load("echo", guest("echo_batch"), PluginSettings::default()).await.unwrap();
    call(&mut instance(&plugin).await, &batch(&["x"])).await.unwrap();
    host
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn the_second_start_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/millstream");
    assert_eq!(loaded(&folder).await.compiles(), 1);
    assert_eq!(loaded(&folder).await.compiles(), 0);
    assert_eq!(entries(&folder).len(), 1, "one entry, nothing half written");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_damaged_entry_is_compiled_anew_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    loaded(folder.path()).await;
    let entry = entries(folder.path()).remove(0);
    let whole = fs::read(&entry).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() / 2], b"", b"short"] {
        fs::write(&entry, damaged).unwrap();
        assert_eq!(loaded(folder.path()).await.compiles(), 1);
        assert_eq!(loaded(folder.path()).await.compiles(), 0);
    }
}

/// How often a host with the cache `folder` compiles for a load within `limits`.
async fn compiled(folder: &Path, limits: CompileLimits) -> Result<u64, LoadError> {
    let child = ChildCompiler::new(env!("CARGO_BIN_EXE_compile-child").into(), Vec::new());
    let host = host_with(|settings| {
        settings.cache = Some(folder.to_owned());
        settings.compiler = Compiler::Child(child);
    });
    let mut settings = PluginSettings::default();
    settings.limits.compile = limits;
    host.load("echo", guest("echo_batch"), settings).await.map(|_| host.compiles())
}

#[tokio::test]
async fn what_was_compiled_within_wider_limits_is_no_way_around_narrower_ones() {
    let folder = tempfile::tempdir().unwrap();
    let wide = CompileLimits::default();
    let narrow = CompileLimits { memory: wide.memory / 2, ..wide };
    assert_eq!(compiled(folder.path(), wide).await, Ok(1));
    assert_eq!(compiled(folder.path(), narrow).await, Ok(1));
    // Less time than was allowed is enough, as long as it is not less than it took.
    let hasty = CompileLimits { timeout: wide.timeout / 2, ..narrow };
    assert_eq!(compiled(folder.path(), hasty).await, Ok(0));
    // It was compiled within them: that holds for wider ones as well.
    assert_eq!(compiled(folder.path(), narrow).await, Ok(0));
    assert_eq!(compiled(folder.path(), wide).await, Ok(0));
    for (limits, hit) in [
        (CompileLimits { timeout: Duration::from_millis(1), ..wide }, "compile_timeout 1ms"),
        (CompileLimits { memory: 4 << 20, ..wide }, "compile_memory 4MiB"),
        (CompileLimits { size: 1 << 10, ..wide }, "compile_size 1KiB"),
    ] {
        let error = compiled(folder.path(), limits).await.unwrap_err();
        assert_eq!(error, LoadError::Compile(format!("limits.{hit}")));
    }
}

/// What is compiled in the host's own process is held to no limits.
#[tokio::test]
async fn what_was_compiled_without_limits_is_compiled_again_where_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    loaded(folder.path()).await;
    assert_eq!(compiled(folder.path(), CompileLimits::default()).await, Ok(1));
    assert_eq!(loaded(folder.path()).await.compiles(), 0);
}

#[tokio::test]
async fn without_a_folder_every_host_compiles() {
    let host = host();
    for compiled in 1..=2 {
        host.load("echo", guest("echo_batch"), PluginSettings::default()).await.unwrap();
        assert_eq!(host.compiles(), compiled);
    }
}

#[test]
fn a_cache_that_is_no_folder_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = millstream_plugin_host::HostSettings {
        cache: Some(file.path().to_owned()),
        instances_max: 1,
        ..Default::default()
    };
    let refused = Host::new(settings).unwrap_err();
    assert!(
        matches!(&refused, HostError::Cache(text) if text.contains("cannot create")),
        "{refused}"
    );
}

/// Only root can give a folder away: without it there is nothing to try here.
#[test]
fn a_folder_of_someone_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(folder.path(), Some(65_534), None).is_err() {
        return;
    }
    let settings = millstream_plugin_host::HostSettings {
        cache: Some(folder.path().to_owned()),
        instances_max: 1,
        ..Default::default()
    };
    let refused = Host::new(settings).unwrap_err();
    assert!(matches!(&refused, HostError::Cache(text) if text.contains("65534")), "{refused}");
}

#[tokio::test]
async fn the_oldest_entries_give_way_when_the_cache_is_full() {
    let folder = tempfile::tempdir().unwrap();
    for (name, age) in [("old.cwasm", 3), ("older.cwasm", 2), ("other.txt", 1)] {
        // Sparse: it takes no room on the disk.
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(600 << 20).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(age)).unwrap();
    }
    loaded(folder.path()).await;
    let left = |name: &str| folder.path().join(name).exists();
    assert!(left("old.cwasm") && !left("older.cwasm") && left("other.txt"));
    assert_eq!(loaded(folder.path()).await.compiles(), 0);
}
