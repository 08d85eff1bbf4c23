//! What can go wrong at the start goes wrong before anything has begun: one clear message that
//! names the thing and the way out, exit 1, nothing half started.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use millstream_tests::{Host, Input, Output, Project, delays, flights_pipeline, week};

const STDIN_SOURCE: &str = "stdin: { format: ndjson }";
const ARCHIVE: &str = "departures.ndjson";

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let project = Project::new();
    let output = run(&flights_pipeline(&project, STDIN_SOURCE), &["--http", &address]);
    fails_before_the_start(&output, &[&address, "--http"]);
    assert!(!project.path(ARCHIVE).exists(), "a sink was opened before the port");
}

#[test]
fn a_missing_source_file_is_named() {
    let project = Project::new();
    let file = flights_pipeline(&project, "file: { path: nowhere.ndjson, format: ndjson }");
    let output = run(&file, &[]);
    fails_before_the_start(&output, &["source `week`", "nowhere.ndjson", "no such file"]);
}

#[test]
fn a_file_that_is_no_plugin_is_named() {
    let project = Project::new();
    project.write("text.wasm", "not a plugin at all");
    let output = run(&pipeline_with_plugin(&project, "text.wasm"), &[]);
    fails_before_the_start(&output, &["text.wasm", "not a WebAssembly file"]);
}

#[test]
fn a_missing_plugin_file_is_named() {
    let project = Project::new();
    let output = run(&pipeline_with_plugin(&project, "nowhere.wasm"), &[]);
    fails_before_the_start(&output, &["nowhere.wasm", "could not open"]);
}

#[test]
fn an_unreadable_plugin_file_is_named() {
    let project = Project::new();
    // A folder under the name of a file cannot be read by anyone, not even by root.
    std::fs::create_dir(project.path("folder.wasm")).expect("a folder can be made");
    let output = run(&pipeline_with_plugin(&project, "folder.wasm"), &[]);
    fails_before_the_start(&output, &["folder.wasm", "could not read"]);
}

#[test]
fn a_plugin_that_refuses_its_configuration_is_named_with_its_reason() {
    let project = Project::new();
    let file = flights_pipeline(&project, STDIN_SOURCE);
    let text = std::fs::read_to_string(&file).expect("it was just written");
    let limits = "limits: { memory: 64MiB, timeout: 1s }";
    assert!(text.contains(limits), "the pipeline file no longer says {limits:?}");
    let config = format!("{limits}\n    config: {{ threshold_minutes: -1 }}");
    project.write("flights.yaml", text.replace(limits, &config));
    fails_before_the_start(&run(&file, &[]), &["plugin `delays`", "threshold_minutes"]);
}

#[test]
fn an_output_folder_that_is_not_there_is_named() {
    let project = Project::new();
    let file = with_archive(&project, "nowhere/archive.ndjson");
    fails_before_the_start(&run(&file, &[]), &["subscription `archive`", "nowhere/archive.ndjson"]);
}

#[test]
fn an_output_folder_that_is_not_writable_is_named() {
    let project = Project::new();
    let locked = project.path("locked");
    std::fs::create_dir(&locked).expect("a folder can be made");
    let output = if can_write_anywhere(&project) {
        // Root may write everywhere, but nobody into what the system only shows.
        run(&with_archive(&project, "/proc/archive.ndjson"), &[])
    } else {
        std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o555)).expect("it is ours");
        run(&with_archive(&project, "locked/archive.ndjson"), &[])
    };
    fails_before_the_start(&output, &["subscription `archive`", "archive.ndjson"]);
}

#[test]
fn a_second_host_on_the_same_output_is_refused_and_the_first_goes_on() {
    let project = Project::new();
    let file = flights_pipeline(&project, STDIN_SOURCE);
    let mut first = Host::start(&file, Input::Piped, &["--drain"]);
    let second = run(&file, &[]);
    fails_before_the_start(&second, &["departures.ndjson"]);
    first.write(&week()).expect("the first host reads");
    first.end_input();
    let _ = first.finish().success();
    assert_eq!(project.lines(ARCHIVE).len(), 6_099);
}

#[test]
fn an_address_that_others_reach_is_refused_until_tokens_exist() {
    let project = Project::new();
    let output = run(&flights_pipeline(&project, STDIN_SOURCE), &["--http", "0.0.0.0:0"]);
    assert_eq!(output.code, Some(2), "{output:#?}");
    assert!(output.stderr.contains("tokens"), "{output:#?}");
}

#[test]
fn an_unbuilt_plugin_folder_is_a_finding_that_names_the_command() {
    let project = Project::new();
    project.write(
        "plugin/plugin.toml",
        "name = \"p\"\nlanguage = \"rust\"\nbuild = \"true\"\nartifact = \"p.wasm\"\n",
    );
    let output = run(&pipeline_with_plugin(&project, "plugin"), &[]);
    assert_eq!(output.code, Some(2), "{output:#?}");
    let findings = output.json();
    assert_eq!(findings[0]["code"], "MS0401", "{findings:#}");
    let help = findings[0]["help"].as_str().expect("a finding has help");
    assert!(help.contains("millstream build"), "{help}");
}

/// Runs to the end with some input, which nothing should read.
fn run(file: &Path, args: &[&str]) -> Output {
    Host::run(file, &[args, &["--drain"]].concat(), &[], &week())
}

#[track_caller]
fn fails_before_the_start(output: &Output, named: &[&str]) {
    assert_eq!(output.code, Some(1), "{output:#?}");
    for name in named {
        assert!(said(output).contains(name), "{name:?} is not named: {output:#?}");
    }
    let errors = output.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    let findings = usize::from(output.stdout.starts_with('['));
    assert_eq!(errors + findings, 1, "not one message but {errors} + {findings}: {output:#?}");
    for started in ["serving", "running", "published"] {
        let begun = output.stderr.lines().any(|line| line.starts_with(started));
        assert!(!begun, "it had started: {output:#?}");
    }
}

/// The message: an error on stderr, or with `--format json` the findings on stdout.
fn said(output: &Output) -> String {
    format!("{}{}", output.stderr, output.stdout)
}

fn pipeline_with_plugin(project: &Project, source: &str) -> std::path::PathBuf {
    replaced(project, &delays().display().to_string(), source)
}

fn with_archive(project: &Project, path: &str) -> std::path::PathBuf {
    let archive = project.path(ARCHIVE).display().to_string();
    replaced(project, &archive, path)
}

fn replaced(project: &Project, from: &str, to: &str) -> std::path::PathBuf {
    let file = flights_pipeline(project, STDIN_SOURCE);
    let text = std::fs::read_to_string(&file).expect("it was just written");
    assert!(text.contains(from), "the pipeline file does not say {from:?}");
    project.write("flights.yaml", text.replace(from, to))
}

/// Whether this user is stopped by no permission, as root is not.
fn can_write_anywhere(project: &Project) -> bool {
    let probe = project.path("probe");
    std::fs::create_dir(&probe).expect("a folder can be made");
    std::fs::set_permissions(&probe, PermissionsExt::from_mode(0o555)).expect("it is ours");
    std::fs::write(probe.join("file"), "").is_ok()
}
