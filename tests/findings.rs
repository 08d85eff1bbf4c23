//! A wrong pipeline file: every finding in one run, each at its place, and nothing is started.

use std::path::PathBuf;

use millstream_tests::{Host, Output, Project, millstream};

/// One mistake each on the lines that say so.
const TEN_MISTAKES: &str = "\
pipeline: orders
topics:
  orders: { kind: event, max_mesages: 10 }   # 1: an unknown key
  charges: { kind: commando }                # 2: an unknown choice
  dead: { kind: dead_letter }
  other: { kind: command, max_bytes: 1GB }   # 3: no such unit
sources:
  web:
    file: { path: in.ndjson, format: ndjson }
    topic: order                             # 4: an unknown topic
subscriptions:
  check:
    topic: orders
    plugin: fraud                            # 5: an unknown plugin
    output: other
    concurrency: 0                           # 6: out of range
    dead_letter: dead
  archive:                                   # 7: no dead letter topic
    topic: orders
    sink: { file: { path: out.ndjson } }
  ship:
    topic: other
    sink: { stdout: {} }
    ack_deadline: 30                         # 8: no unit
    dead_letter: orders                      # 9: not a dead letter topic
  bill:
    topic: other                             # 10: a second reader of a command topic
    sink: { stdout: {} }
    dead_letter: dead
";

/// Code, line and column of each.
const EXPECTED: [(&str, u64, u64); 10] = [
    ("MS0104", 3, 26),
    ("MS0110", 4, 20),
    ("MS0108", 6, 38),
    ("MS0201", 10, 12),
    ("MS0202", 14, 13),
    ("MS0109", 16, 18),
    ("MS0302", 18, 3),
    ("MS0107", 24, 19),
    ("MS0203", 25, 18),
    ("MS0301", 27, 12),
];

#[test]
fn ten_mistakes_are_ten_findings_in_one_run_at_their_places() {
    let project = Project::new();
    let output = run(&ten_mistakes(&project));
    assert_eq!(
        places(&output),
        EXPECTED.map(|(code, line, column)| (code.to_owned(), line, column))
    );
}

#[test]
fn check_and_run_find_the_same() {
    let project = Project::new();
    let file = ten_mistakes(&project);
    let checked = millstream(["check", &file.display().to_string(), "--format", "json"]);
    assert_eq!(checked.code, Some(2), "{checked:#?}");
    assert_eq!(checked.json(), run(&file).json());
}

#[test]
fn every_finding_has_a_message_a_path_help_and_a_page() {
    let project = Project::new();
    let findings = run(&ten_mistakes(&project)).json();
    for finding in findings.as_array().expect("findings are a list") {
        for part in ["message", "path", "help", "file", "severity"] {
            assert!(
                finding[part].as_str().is_some_and(|text| !text.is_empty()),
                "no {part}: {finding:#}"
            );
        }
        let code = finding["code"].as_str().expect("a finding has a code");
        let page = millstream(["explain", code]).success();
        assert!(page.stdout.contains(code), "{code} has no page of its own");
    }
}

#[test]
fn findings_for_people_name_code_line_and_help() {
    let project = Project::new();
    let output = millstream(["check", &ten_mistakes(&project).display().to_string()]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""), "{output:#?}");
    for (code, line, column) in EXPECTED {
        assert!(output.stderr.contains(code), "{code} is missing: {}", output.stderr);
        let place = format!("{line}:{column}");
        assert!(output.stderr.contains(&place), "{place} is missing: {}", output.stderr);
    }
    assert!(output.stderr.contains("10 errors"), "{}", output.stderr);
}

#[test]
fn a_wrong_file_starts_nothing() {
    let project = Project::new();
    project.write("in.ndjson", "1\n");
    let output = run(&ten_mistakes(&project));
    assert_eq!(output.code, Some(2), "{output:#?}");
    assert!(!output.stderr.contains("serving"), "{output:#?}");
    assert!(!project.path("out.ndjson").exists(), "a sink was opened");
}

#[test]
fn an_http_source_without_http_is_a_finding_at_its_place() {
    let project = Project::new();
    let text = "pipeline: p
topics: { in: { kind: event }, dead: { kind: dead_letter } }
sources:
  web: { http: { path: /in }, topic: in }
subscriptions:
  print: { topic: in, sink: { stdout: {} }, dead_letter: dead }
";
    let file = project.write("p.yaml", text);
    let output = Host::run(&file, &["--http", "off", "--drain"], &[], b"");
    assert_eq!(output.code, Some(2), "{output:#?}");
    assert_eq!(places(&output), [("MS0313".to_owned(), 4, 10)]);
}

#[test]
fn a_good_file_passes_the_check_and_leaves_an_empty_list() {
    let file = "pipelines/flights.yaml";
    let _ = millstream_tests::delays();
    let output = millstream(["check", file, "--format", "json"]).success();
    assert_eq!(output.json(), serde_json::json!([]));
    let output = millstream(["check", file, "--offline"]).success();
    assert!(output.stdout.contains("pipeline `flights` may run"), "{output:#?}");
}

#[test]
fn a_file_that_is_not_there_is_a_wrong_command_line() {
    let output = millstream(["check", "nowhere.yaml"]);
    assert_eq!(output.code, Some(2), "{output:#?}");
    assert!(output.stderr.contains("nowhere.yaml"), "{output:#?}");
}

fn ten_mistakes(project: &Project) -> PathBuf {
    project.write("orders.yaml", TEN_MISTAKES)
}

fn run(file: &std::path::Path) -> Output {
    let output = Host::run(file, &["--drain"], &[], b"");
    assert_eq!(output.code, Some(2), "{output:#?}");
    output
}

#[track_caller]
fn places(output: &Output) -> Vec<(String, u64, u64)> {
    let findings = output.json();
    let place = |finding: &serde_json::Value| {
        let number = |name: &str| finding[name].as_u64().expect("a place is two numbers");
        (
            finding["code"].as_str().expect("a finding has a code").to_owned(),
            number("line"),
            number("column"),
        )
    };
    findings.as_array().expect("findings are a list").iter().map(place).collect()
}
