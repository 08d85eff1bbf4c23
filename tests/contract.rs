//! What a guest may do, and what follows from it, end to end.

use millstream_tests::{Host, Input, Output, Project, Summary, guest};

#[test]
fn both_worlds_and_both_ways_to_answer_hand_messages_on_unchanged() {
    for echo in ["echo", "echo-by-field", "message-echo"] {
        let project = Project::new();
        let output = run(&project, echo, "", b"one\n\xff\xfe\nthree\n").success();
        let summary = Summary::of(&output);
        summary.adds_up();
        assert_eq!(summary.topic("out", "published"), 3, "{echo}");
        assert_eq!(project.lines("out.txt"), [&b"one"[..], b"\xff\xfe", b"three"], "{echo}");
    }
}

#[test]
fn a_retry_is_delivered_again_and_then_handled() {
    let project = Project::new();
    let summary = Summary::of(&run(&project, "retry-once", "", b"a\nb\n").success());
    summary.adds_up();
    assert_eq!(summary.subscription("work", "handled"), 2);
    assert_eq!(summary.subscription("work", "retried"), 2);
    assert_eq!(project.lines("out.txt").len(), 2);
}

#[test]
fn a_message_that_fails_for_ever_is_dead_lettered_and_its_outputs_are_never_seen() {
    let project = Project::new();
    let summary = Summary::of(&run(&project, "always-retry", "", b"a\nb\n").success());
    summary.adds_up();
    assert_eq!(summary.subscription("work", "dead_lettered"), 2);
    assert_eq!(summary.topic("out", "published"), 0);
}

#[test]
fn a_memory_bomb_hits_the_limit_and_costs_only_itself() {
    let project = Project::new();
    let file = pipeline(&project, "memory-bomb", "");
    let mut host = Host::start(&file, Input::Piped, &["--drain"]);
    host.write(b"one\nbomb\nthree\n").expect("the host reads");
    let letter = host.api().dead_letters("work", 1).remove(0);
    let error = letter["dead_letter"]["error"].as_str().expect("the story has its error");
    assert!(error.starts_with("memory limit: "), "{error}");
    host.end_input();
    let summary = Summary::of(&host.finish().success());
    summary.adds_up();
    assert_eq!(summary.subscription("work", "handled"), 2);
}

#[test]
fn a_topic_that_is_not_a_route_fails_the_delivery() {
    let project = Project::new();
    let host = Host::start(&pipeline(&project, "route", ""), Input::Piped, &[]);
    let to = |topic: &str| {
        let object = format!("{{\"payload\": \"x\", \"headers\": [[\"to\", \"{topic}\"]]}}\n");
        assert_eq!(
            host.api().publish("in", "application/vnd.millstream.messages+ndjson", object).0,
            202
        );
    };
    to("out");
    to("elsewhere");
    let letter = host.api().dead_letters("work", 1).remove(0);
    let error = letter["dead_letter"]["error"].as_str().expect("the story has its error");
    assert!(error.starts_with("route: ") && error.contains("elsewhere"), "{error}");
    let summary = host.terminate();
    summary.adds_up();
    assert_eq!(summary.topic("out", "published"), 1);
}

#[test]
fn a_refused_configuration_stops_the_start() {
    let project = Project::new();
    let output = run(&project, "refuse-config", "config: { accept: false }", b"a\n");
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert!(output.stderr.contains("accept must be true"), "{output:#?}");
    let _ = run(&Project::new(), "refuse-config", "config: { accept: true }", b"a\n").success();
}

#[test]
fn what_a_guest_logs_reaches_stderr_with_its_name() {
    let output = run(&Project::new(), "log", "", b"hello\n").success();
    for level in ["INFO", "WARN", "ERROR"] {
        let line =
            output.stderr.lines().find(|line| line.contains(level) && line.contains("hello"));
        let line = line.unwrap_or_else(|| panic!("nothing at {level}: {output:#?}"));
        assert!(line.contains("guest"), "the plugin's name is missing: {line}");
    }
    assert!(!output.stderr.contains("DEBUG"), "more than the default is logged: {output:#?}");
}

fn run(project: &Project, plugin: &str, more: &str, input: &[u8]) -> Output {
    Host::run(&pipeline(project, plugin, more), &["--drain"], &[], input)
}

fn pipeline(project: &Project, plugin: &str, more: &str) -> std::path::PathBuf {
    let source = guest(plugin);
    project.write(
        "contract.yaml",
        format!(
            "pipeline: contract
topics:
  in: {{ kind: event }}
  out: {{ kind: command }}
  dead: {{ kind: dead_letter }}
plugins:
  guest:
    source: {}
    limits: {{ memory: 16MiB, timeout: 5s }}
    {more}
sources:
  lines: {{ stdin: {{ format: lines }}, topic: in }}
subscriptions:
  work:
    topic: in
    plugin: guest
    output: out
    retry: {{ max_attempts: 2, backoff: {{ initial: 1ms, factor: 1, max: 1ms, jitter: 0 }} }}
    dead_letter: dead
  write: {{ topic: out, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}
",
            source.display()
        ),
    )
}
