//! A check tries the plugins: they compile within their limits and like their configuration, or
//! there is a finding at its place; and what was compiled once is found again.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use millstream_tests::{Host, Output, Project, guest, millstream};
use serde_json::Value;

#[test]
fn a_refused_configuration_is_a_finding_at_its_place() {
    let project = Project::new();
    let file = pipeline(&project, &guest("refuse-config"), "config: { accept: false }");
    let finding = only_finding(&check(&file, &[]));
    assert_eq!((finding["code"].as_str(), finding["line"].as_u64()), (Some("MS0407"), Some(5)));
    let message = finding["message"].as_str().expect("it says why");
    assert_eq!(message, "the plugin `guest` refuses its configuration: accept must be true");
}

#[test]
fn a_check_offline_asks_no_plugin() {
    let project = Project::new();
    let file = pipeline(&project, &guest("refuse-config"), "config: { accept: false }");
    let _ = check(&file, &["--offline"]).success();
}

#[test]
fn a_start_that_takes_too_much_is_a_finding_with_the_limit() {
    let project = Project::new();
    let file = pipeline(&project, &guest("echo"), "limits: { memory: 64KiB }");
    let finding = only_finding(&check(&file, &[]));
    assert_eq!(finding["code"], "MS0408");
    let message = finding["message"].as_str().expect("it says why");
    assert!(message.contains("limits.memory 64KiB"), "{message}");
}

#[test]
fn the_limit_that_a_compile_hits_is_a_finding() {
    let project = Project::new();
    let plugin = never_compiled(&project);
    for (limit, said) in [
        ("compile_timeout: 1ms", "limits.compile_timeout 1ms"),
        ("compile_memory: 1MiB", "limits.compile_memory 1MiB"),
        ("compile_size: 1KiB", "limits.compile_size 1KiB"),
    ] {
        let file = pipeline(&project, &plugin, &format!("limits: {{ {limit} }}"));
        let finding = only_finding(&check(&file, &[]));
        assert_eq!(finding["code"], "MS0406");
        let message = finding["message"].as_str().expect("it says why");
        assert!(message.ends_with(said), "{message}");
    }
}

#[test]
fn what_was_compiled_is_compiled_again_only_for_narrower_limits() {
    let project = Project::new();
    let plugin = never_compiled(&project);
    let cache = project.path("cache");
    let run = |limits: &str| {
        let file = pipeline(&project, &plugin, limits);
        let env = [("XDG_CACHE_HOME", cache.as_path())];
        Host::run(&file, &["--drain", "--http", "off"], &env, b"a\n")
    };
    let _ = run("config: {}").success();
    let compiled = kept(&cache);
    let _ = run("limits: { compile_timeout: 90s }").success();
    assert_eq!(kept(&cache), compiled, "it was compiled again");
    // Nothing compiles in a millisecond.
    let refused = run("limits: { compile_timeout: 1ms }");
    assert!(refused.stderr.contains("limits.compile_timeout 1ms"), "{refused:#?}");
}

/// When each entry of the compile cache in `folder` was written.
fn kept(folder: &Path) -> Vec<SystemTime> {
    let entries = std::fs::read_dir(folder.join("millstream")).expect("there is a cache");
    let written = entries.map(|entry| entry?.metadata()?.modified());
    let written: Vec<_> = written.collect::<Result<_, _>>().expect("it can be read");
    assert_eq!(written.len(), 1, "one plugin, one entry");
    written
}

#[test]
fn a_damaged_file_is_an_error_of_inspect() {
    let project = Project::new();
    let mut bytes = std::fs::read(guest("echo")).expect("the guest was built");
    bytes.truncate(bytes.len() / 2);
    let file = project.write("half.wasm", bytes).display().to_string();
    let output = millstream(["plugin", "inspect", &file]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:#?}");
    assert!(output.stderr.contains("not a valid component"), "{output:#?}");
}

fn check(file: &Path, args: &[&str]) -> Output {
    let file = file.display().to_string();
    millstream([&["check", &file, "--format", "json"][..], args].concat())
}

#[track_caller]
fn only_finding(output: &Output) -> Value {
    assert_eq!(output.code, Some(2), "{output:#?}");
    let findings = output.json();
    assert_eq!(findings.as_array().map(Vec::len), Some(1), "{findings:#}");
    findings[0].clone()
}

/// A plugin that no cache holds: an echo with a section of its own, which says where it lies.
fn never_compiled(project: &Project) -> PathBuf {
    let mut bytes = std::fs::read(guest("echo")).expect("the guest was built");
    let path = project.path("echo.wasm");
    let name = path.display().to_string().into_bytes();
    let length = u8::try_from(name.len()).expect("paths of tests are short");
    assert!(length < 127, "both lengths take one byte");
    bytes.extend([0, length + 1, length]);
    bytes.extend(name);
    project.write("echo.wasm", bytes)
}

/// Line 5 is `setting`.
fn pipeline(project: &Project, plugin: &Path, setting: &str) -> PathBuf {
    let text = format!(
        "pipeline: checked
plugins:
  guest:
    source: {}
    {setting}
topics:
  in: {{ kind: event }}
  dead: {{ kind: dead_letter }}
sources:
  lines: {{ stdin: {{ format: lines }}, topic: in }}
subscriptions:
  work: {{ topic: in, plugin: guest, dead_letter: dead }}
",
        plugin.display()
    );
    project.write("checked.yaml", text)
}
