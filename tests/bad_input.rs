//! Bad input among good: each bad line ends with a reason and a position, the others are handled.
//!
//! `ndjson` demands valid JSON, so a line that is none is refused by the source. `lines` hands every
//! line on as it is, so the plugin judges it. Neither takes a line over the topic's `max_message`.

use millstream_tests::{
    DEAD_LETTERS, DEPARTURES, Host, Input, NOTIFICATIONS, Project, Summary, flights_pipeline, week,
};

const MALFORMED: &[u8] = br#"{"carrier": "UA", "flight": }"#;
const EMPTY: &[u8] = b"";
const NOT_UTF8: &[u8] = b"{\"carrier\": \"\xff\xfe\"}";

/// The line after which the bad lines stand.
const AFTER: usize = 1_000;

const NDJSON: &str = "application/x-ndjson";
const OPAQUE: &str = "application/octet-stream";

#[test]
fn a_file_of_ndjson_loses_its_bad_lines_only() {
    let project = Project::new();
    project.write("week.ndjson", week_with_bad_lines());
    let file = flights_pipeline(&project, "file: { path: week.ndjson, format: ndjson }");
    refuses_three_lines(&project, &Host::run(&file, &["--drain"], &[], b""), "week.ndjson");
}

#[test]
fn stdin_of_ndjson_loses_its_bad_lines_only() {
    let project = Project::new();
    let file = flights_pipeline(&project, "stdin: { format: ndjson }");
    refuses_three_lines(
        &project,
        &Host::run(&file, &["--drain"], &[], &week_with_bad_lines()),
        "stdin",
    );
}

#[test]
fn a_file_of_lines_hands_malformed_lines_to_the_plugin() {
    let project = Project::new();
    project.write("week.txt", week_with_bad_lines());
    let file = flights_pipeline(&project, "file: { path: week.txt, format: lines }");
    plugin_rejects_two_lines(&Host::run(&file, &["--drain"], &[], b""));
}

#[test]
fn stdin_of_lines_hands_malformed_lines_to_the_plugin() {
    let project = Project::new();
    let file = flights_pipeline(&project, "stdin: { format: lines }");
    plugin_rejects_two_lines(&Host::run(&file, &["--drain"], &[], &week_with_bad_lines()));
}

#[test]
fn a_request_with_one_bad_line_is_refused_whole_and_names_the_line() {
    let project = Project::new();
    let mut host = Host::start(
        &flights_pipeline(&project, "stdin: { format: ndjson }"),
        Input::Piped,
        &["--drain"],
    );
    let api = host.api();
    let good = first_lines(3);
    for (bad, status) in [(MALFORMED, 400), (NOT_UTF8, 400), (&too_long()[..], 413)] {
        let (answered, problem) =
            api.publish("departures", NDJSON, [&good[..], bad, b"\n"].concat());
        assert_eq!(answered, status, "{problem}");
        let detail = problem["detail"].as_str().expect("a problem has a detail");
        assert!(detail.contains("line 4"), "the line is not named: {detail}");
    }
    assert_eq!(published(&api), 0, "a refused request left messages");

    // An empty line is no message and no fault.
    let (status, answer) =
        api.publish("departures", NDJSON, [&good[..], EMPTY, b"\n", &good].concat());
    assert_eq!((status, answer["ids"].as_array().map(Vec::len)), (202, Some(6)), "{answer}");
    host.end_input();
    let summary = Summary::of(&host.finish().success());
    summary.adds_up();
    assert_eq!(summary.topic("departures", "published"), 6);
}

#[test]
fn one_request_each_among_the_flights_costs_no_flight() {
    let project = Project::new();
    let mut host = Host::start(
        &flights_pipeline(&project, "stdin: { format: ndjson }"),
        Input::Piped,
        &["--drain"],
    );
    let api = host.api();
    assert_eq!(api.publish("departures", OPAQUE, MALFORMED).0, 202);
    assert_eq!(api.publish("departures", NDJSON, week()).0, 202);
    assert_eq!(api.publish("departures", OPAQUE, NOT_UTF8).0, 202);
    assert_eq!(api.publish("departures", OPAQUE, too_long()).0, 413);
    // A body without a byte is one message without a payload.
    assert_eq!(api.publish("departures", OPAQUE, EMPTY).0, 202);
    host.end_input();
    let summary = Summary::of(&host.finish().success());
    summary.adds_up();
    assert_eq!(summary.topic("departures", "published"), DEPARTURES + 3);
    assert_eq!(summary.topic("notify", "published"), NOTIFICATIONS);
    assert_eq!(summary.subscription("find-delays", "dead_lettered"), DEAD_LETTERS + 3);
}

#[track_caller]
fn refuses_three_lines(project: &Project, output: &millstream_tests::Output, origin: &str) {
    assert_eq!(output.code, Some(0), "{output:#?}");
    let summary = Summary::of(output);
    summary.adds_up();
    assert_eq!(summary.topic("departures", "published"), DEPARTURES);
    assert_eq!(summary.topic("notify", "published"), NOTIFICATIONS);
    assert_eq!(summary.topic("dead", "published"), DEAD_LETTERS);
    assert_eq!(summary.source("week", "refused"), 3);
    assert_eq!(summary.source("week", "skipped_empty"), 1);
    assert_eq!(project.lines("departures.ndjson").len() as u64, DEPARTURES);
    // Malformed, empty, too long, not UTF-8: in this order from this line on.
    for (line, refusal) in [1, 3, 4].iter().zip(summary.refusals("week")) {
        let place = format!("{origin}:{}", AFTER + line);
        assert!(refusal.contains(&place), "{refusal:?} does not name {place}");
    }
}

#[track_caller]
fn plugin_rejects_two_lines(output: &millstream_tests::Output) {
    assert_eq!(output.code, Some(0), "{output:#?}");
    let summary = Summary::of(output);
    summary.adds_up();
    assert_eq!(summary.topic("departures", "published"), DEPARTURES + 2);
    assert_eq!(summary.topic("notify", "published"), NOTIFICATIONS);
    assert_eq!(summary.subscription("find-delays", "dead_lettered"), DEAD_LETTERS + 2);
    assert_eq!(summary.subscription("archive", "handled"), DEPARTURES + 2);
    assert_eq!(summary.source("week", "refused"), 1);
    assert_eq!(summary.source("week", "skipped_empty"), 1);
}

fn published(api: &millstream_tests::Api) -> u64 {
    let (_, topic) = api.get("/v1/topics/departures");
    topic["published"].as_u64().expect("a topic counts what was published")
}

fn week_with_bad_lines() -> Vec<u8> {
    let week = week();
    let (before, after) = week.split_at(first_lines(AFTER).len());
    let bad = [MALFORMED, EMPTY, &too_long(), NOT_UTF8].map(|line| [line, b"\n"].concat()).concat();
    [before, &bad, after].concat()
}

fn first_lines(count: usize) -> Vec<u8> {
    week().split_inclusive(|byte| *byte == b'\n').take(count).flatten().copied().collect()
}

/// A line of 2 MiB that is valid JSON: only its length is wrong.
fn too_long() -> Vec<u8> {
    format!("\"{}\"", "x".repeat((2 << 20) - 2)).into_bytes()
}
