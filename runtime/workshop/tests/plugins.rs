//! Real plugins, built and tried as an author would.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use millstream_plugin_host::{Host, HostSettings, World};
use millstream_workshop::{CaseReport, build, component_path, test};
use tempfile::TempDir;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Builds `folder` and runs its cases.
fn try_out(folder: &Path) -> Vec<CaseReport> {
    build(folder, &mut |line| eprintln!("{line}")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let host = Host::new(HostSettings::default()).unwrap();
    runtime.block_on(test(folder, &host)).unwrap()
}

/// A plugin folder around the guest `name`, with one case.
fn guest(name: &str, case: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let guests = repository().join("tests/guests");
    let build = format!(
        "cargo build --release --locked --target wasm32-unknown-unknown --manifest-path {}/Cargo.toml",
        guests.display()
    );
    let file = format!("{}.wasm", name.replace('-', "_"));
    let artifact = guests.join("target/wasm32-unknown-unknown/release").join(file);
    let manifest = format!(
        "name = {name:?}\nlanguage = \"rust\"\nbuild = {build:?}\nartifact = {artifact:?}\n"
    );
    fs::write(folder.path().join("plugin.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("cases")).unwrap();
    fs::write(folder.path().join("cases/case.yaml"), case).unwrap();
    folder
}

/// What is printed of the only case of guest `name`.
fn differences(name: &str, case: &str) -> Vec<String> {
    let reports = try_out(guest(name, case).path());
    reports[0].differences.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn passes(name: &str, case: &str) {
    let found = differences(name, case);
    assert!(found.is_empty(), "{name}: {found:#?}");
}

#[test]
fn the_delays_plugin_builds_and_passes_its_cases() {
    let folder = repository().join("plugins/delays");
    let built = build(&folder, &mut |line| eprintln!("{line}")).unwrap();
    assert_eq!((built.inspection.world, built.inspection.lifecycle), (World::Batch, true));
    assert_eq!(built.path, component_path(&folder).unwrap());
    assert_eq!(built.inspection, Host::inspect(&fs::read(&built.path).unwrap()).unwrap());
    let reports = try_out(&folder);
    assert!(reports.iter().all(CaseReport::passed), "{reports:#?}");
    let names: Vec<_> = reports.iter().map(|report| report.name.as_str()).collect();
    assert!(names.is_sorted() && names.contains(&"notifies"), "{names:?}");
}

#[test]
fn a_message_handed_on_keeps_payload_key_and_headers_in_both_worlds() {
    let case = "
messages:
  - { payload: a, key: k, headers: [[x, '1'], [x, '2']] }
  - { payload: '' }
  - { payload_base64: /w== }
expect:
  - ok: [{ payload: a, key: k, headers: [[x, '1'], [x, '2']], topic: null, delay_ms: 0 }]
  - ok: [{ payload: '', key: null, headers: [], topic: null }]
  - ok: any
";
    passes("echo", case);
    passes("echo-by-field", case);
    passes("message-echo", case);
}

#[test]
fn topic_and_delay_of_an_output_are_compared() {
    let case = "
messages:
  - { payload: a, key: k, headers: [[to, left]] }
  - { payload: b, headers: [[to, right], [delay-ms, '250']] }
  - { payload: c }
  - { payload: d, headers: [[to, right], [delay-ms, soon]] }
expect:
  - ok: [{ payload: a, key: k, topic: left, delay_ms: 0 }]
  - ok: [{ payload: b, key: null, topic: right, delay_ms: 250 }]
  - reject: no header `to`
  - reject: header `delay-ms`
";
    passes("route", case);
}

#[test]
fn a_retry_is_compared_with_its_delay() {
    let case = "
messages: [{ payload: a }, { payload: b, attempt: 2 }]
expect: [{ retry: not the first, delay_ms: 1 }, { ok: [{ payload: b }] }]
";
    passes("retry-once", case);
    passes(
        "always-retry",
        "
messages: [{ payload: a }, { payload: b, attempt: 9 }]
expect: [{ retry: never now, delay_ms: 0 }, { retry: never }]
",
    );
}

#[test]
fn a_trap_costs_only_its_message_and_shows_the_panic_and_its_place() {
    let case = "
messages: [payload: a, payload: some poison, payload: b]
expect:
  - ok: [{ payload: a }]
  - trap: 'panicked at trap-on-poison/src/lib.rs:10:9: swallowed poison'
  - ok: [{ payload: b }]
";
    passes("trap-on-poison", case);
}

#[test]
fn an_exceeded_limit_counts_as_a_trap() {
    passes(
        "memory-bomb",
        "
messages: [payload: a, payload: bomb]
expect: [ok: any, trap: 'memory limit: limits.memory 128MiB']
",
    );
    passes(
        "loop-on-poison",
        "
messages: [payload: poison]
expect: [trap: 'timeout: limits.timeout']
",
    );
}

#[test]
fn a_refused_configuration_is_compared() {
    passes("refuse-config", "config: { accept: false }\nconfig_refused: accept must be true\n");
    passes("refuse-config", "config_refused: missing field `accept`\n");
    passes(
        "refuse-config",
        "config: { accept: true }\nmessages: [payload: a]\nexpect: [ok: any]\n",
    );
}

#[test]
fn a_configuration_that_goes_otherwise_than_expected_is_told() {
    assert_eq!(
        differences("refuse-config", "config: { accept: true }\nconfig_refused: must be\n"),
        ["configuration\n  expected: refused with \"must be\"\n  found:    accepted"]
    );
    assert_eq!(
        differences(
            "refuse-config",
            "config: { accept: false }\nmessages: [payload: a]\nexpect: [ok: any]\n"
        ),
        [
            "start\n  expected: the plugin starts\n  found:    configuration refused: accept must be true"
        ]
    );
    let found = differences("echo", "config_refused: must be\n");
    assert!(found[0].contains("the plugin exports no `lifecycle`"), "{found:?}");
}

#[test]
fn what_differs_is_told_once_with_its_place() {
    let case = "
messages: [{ json: { late: 60, by: x }, key: a }, payload: poison, payload: c]
expect:
  - ok: [{ json: { by: x, late: 61 }, key: b }]
  - ok: any
  - reject: no
";
    assert_eq!(
        differences("trap-on-poison", case),
        [
            "message 1, json /late of output 1\n  expected: 61\n  found:    60",
            "message 1, key of output 1\n  expected: \"b\"\n  found:    \"a\"",
            "message 2, outcome\n  expected: ok\n  found:    trap: panicked at trap-on-poison/src/lib.rs:10:9: swallowed poison",
            "message 3, outcome\n  expected: reject: no\n  found:    ok, outputs \"c\"",
        ]
    );
}
