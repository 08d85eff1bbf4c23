//! The main job: a week of real flights through a real plugin, from one pipeline file.

use std::path::Path;
use std::process::{Command, Stdio};

use millstream_tests::{
    DEAD_LETTERS, DEPARTURES, Host, Input, NOTIFICATIONS, Project, Summary, delays,
    flights_pipeline, millstream, repository, week,
};

const NDJSON: &str = "application/x-ndjson";
const STDIN_SOURCE: &str = "stdin: { format: ndjson }";

#[test]
fn a_week_of_flights_gives_three_numbers() {
    let (project, summary) = run_the_projects_own_file();
    has_the_three_numbers(&summary);
    assert_eq!(summary.source("week", "published"), DEPARTURES);
    assert_eq!(project.lines("departures.ndjson").len() as u64, DEPARTURES);
}

#[test]
fn the_archive_holds_every_flight_as_it_came() {
    let (project, _) = run_the_projects_own_file();
    let mut archived = project.lines("departures.ndjson");
    let week = week();
    let mut flights: Vec<&[u8]> =
        week.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    archived.sort();
    flights.sort();
    assert!(archived == flights, "the archive differs from the input");
}

#[test]
fn every_notification_names_a_flight_that_left_an_hour_late() {
    let (project, _) = run_the_projects_own_file();
    let notifications = project.lines("notifications.ndjson");
    assert_eq!(notifications.len() as u64, NOTIFICATIONS);
    for line in notifications {
        let notification: serde_json::Value =
            serde_json::from_slice(&line).expect("a notification is JSON");
        let delay = notification["delay_minutes"].as_i64();
        assert!(delay.is_some_and(|minutes| minutes >= 60), "{notification}");
    }
}

#[test]
fn the_summary_for_people_says_the_three_numbers() {
    let project = Project::new();
    let _ = delays();
    let output = millstream_with_output(&project).success();
    for number in ["6,099", "335", "35"] {
        let found = output.stdout.split_whitespace().any(|word| word == number);
        assert!(found, "{number} is missing in:\n{}", output.stdout);
    }
}

#[test]
fn the_same_flights_over_stdin_give_the_same_numbers() {
    let project = Project::new();
    let file = flights_pipeline(&project, STDIN_SOURCE);
    let output = Host::run(&file, &["--drain"], &[], &week()).success();
    let summary = Summary::of(&output);
    has_the_three_numbers(&summary);
    assert_eq!(project.lines("notifications.ndjson").len() as u64, NOTIFICATIONS);
}

#[test]
fn the_same_flights_over_http_give_the_same_numbers() {
    let project = Project::new();
    let file = flights_pipeline(&project, STDIN_SOURCE);
    let mut host = Host::start(&file, Input::Piped, &["--drain"]);
    publish_with_curl(
        &host,
        "/v1/topics/departures/messages",
        &project.write("week.ndjson", week()),
    );
    host.end_input();
    let summary = Summary::of(&host.finish().success());
    has_the_three_numbers(&summary);
    assert_eq!(project.lines("notifications.ndjson").len() as u64, NOTIFICATIONS);
}

#[test]
fn an_http_source_takes_the_flights_at_its_own_path() {
    let project = Project::new();
    let web =
        "http: { path: /flights }\n    topic: departures\n  gate:\n    stdin: { format: ndjson }";
    let file = flights_pipeline(&project, web);
    let mut host = Host::start(&file, Input::Piped, &["--drain"]);
    publish_with_curl(&host, "/flights", &project.write("week.ndjson", week()));
    host.end_input();
    has_the_three_numbers(&Summary::of(&host.finish().success()));
}

#[track_caller]
fn has_the_three_numbers(summary: &Summary) {
    summary.adds_up();
    assert_eq!(summary.topic("departures", "published"), DEPARTURES);
    assert_eq!(summary.topic("notify", "published"), NOTIFICATIONS);
    assert_eq!(summary.topic("dead", "published"), DEAD_LETTERS);
    assert_eq!(summary.subscription("find-delays", "handled"), DEPARTURES - DEAD_LETTERS);
    assert_eq!(summary.subscription("find-delays", "dead_lettered"), DEAD_LETTERS);
    assert_eq!(summary.subscription("archive", "handled"), DEPARTURES);
}

fn run_the_projects_own_file() -> (Project, Summary) {
    let project = Project::new();
    let _ = delays();
    let file = repository().join("pipelines/flights.yaml");
    let output = Host::run(&file, &["--drain"], &[("MILLSTREAM_OUT", project.folder())], b"");
    let summary = Summary::of(&output.success());
    (project, summary)
}

fn millstream_with_output(project: &Project) -> millstream_tests::Output {
    let file = flights_pipeline(
        project,
        &format!("file: {{ path: {}, format: ndjson }}", flights_file().display()),
    );
    millstream(["run", &file.display().to_string(), "--drain", "--http", "off"])
}

fn flights_file() -> std::path::PathBuf {
    repository().join("pipelines/data/flights-week.ndjson")
}

/// By curl, as the README says; where there is no curl, by a client that sends the same request.
fn publish_with_curl(host: &Host, path: &str, body: &Path) {
    let url = format!("{}{path}", host.url());
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--header"]);
    curl.arg(format!("content-type: {NDJSON}"))
        .arg("--data-binary")
        .arg(format!("@{}", body.display()))
        .arg(url);
    match curl.stdin(Stdio::null()).output() {
        Ok(output) => assert!(output.status.success(), "curl: {output:?}"),
        Err(_) => {
            let body = std::fs::read(body).expect("the body can be read");
            assert_eq!(host.api().post(path, NDJSON, body).0, 202);
        }
    }
}
