//! A check tries the plugins: they compile within their limits and like their configuration, or
//! there is a finding at its place; and `run` finds compiled what a check compiled.

use std::path::PathBuf;

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
fn what_a_check_compiled_a_run_does_not_compile_again() {
    let project = Project::new();
    let plugin = never_compiled(&project);
    let _ = check(&pipeline(&project, &plugin, "config: {}"), &[]).success();
    // Nothing compiles in a millisecond.
    let file = pipeline(&project, &plugin, "limits: { compile_timeout: 1ms }");
    let _ = Host::run(&file, &["--drain", "--http", "off"], &[], b"a\n").success();
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

fn check(file: &std::path::Path, args: &[&str]) -> Output {
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
fn pipeline(project: &Project, plugin: &std::path::Path, setting: &str) -> PathBuf {
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
