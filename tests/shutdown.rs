//! How a host ends: gracefully on the first signal, at once on the second, never with a message
//! unaccounted for.

use millstream_tests::{DEPARTURES, Host, Input, Project, Summary, flights_pipeline, guest, week};

const STDIN_SOURCE: &str = "stdin: { format: ndjson }";

#[test]
fn a_host_told_to_stop_in_the_middle_accounts_for_every_message() {
    let project = Project::new();
    let mut host = Host::start(&flights_pipeline(&project, STDIN_SOURCE), Input::Piped, &[]);
    // A pipe holds 64 KiB: once some weeks are written, almost all of them have been read.
    for _ in 0..8 {
        host.write(&week()).expect("the host reads");
    }
    let summary = host.terminate();
    summary.adds_up();
    let published = summary.topic("departures", "published");
    assert!(published > DEPARTURES, "only {published} were published: this is not the middle");
    assert_eq!(
        project.lines("departures.ndjson").len() as u64,
        summary.subscription("archive", "handled"),
        "the archive holds what was handled, no more and no less"
    );
}

#[test]
fn a_drain_that_is_interrupted_ends_gracefully_with_its_summary() {
    let project = Project::new();
    let file = flights_pipeline(&project, STDIN_SOURCE);
    let mut host = Host::start(&file, Input::Piped, &["--drain"]);
    host.write(&week()).expect("the host reads");
    host.signal("INT");
    Summary::of(&host.finish().success()).adds_up();
}

#[test]
fn a_host_without_work_stops_with_its_summary() {
    let project = Project::new();
    let file = flights_pipeline(&project, "http: { path: /flights }");
    let summary = Host::start(&file, Input::None, &[]).terminate();
    assert_eq!(summary.topic("departures", "published"), 0);
}

#[test]
fn a_read_of_stdin_that_waits_does_not_hold_the_process() {
    let project = Project::new();
    // The input stays open and empty.
    let host = Host::start(&flights_pipeline(&project, STDIN_SOURCE), Input::Piped, &[]);
    host.terminate().adds_up();
}

#[test]
fn work_that_outlasts_the_grace_is_abandoned_and_stays_queued() {
    let project = Project::new();
    let host = stuck_host(&project, &["--grace", "50ms"]);
    let summary = host.terminate();
    summary.adds_up();
    assert_eq!(summary.subscription("work", "queued"), 1);
}

/// `timeout` signals its child, then the whole group that the child is in. The second one used to
/// count as "stop at once", so that a host under `timeout` never ended gracefully.
#[test]
fn a_signal_that_echoes_is_one_signal() {
    let project = Project::new();
    let host = stuck_host(&project, &["--grace", "50ms"]);
    host.signals(&["TERM", "TERM"]);
    Summary::of(&host.finish().success()).adds_up();
}

#[test]
fn a_second_signal_stops_at_once() {
    let project = Project::new();
    let mut host = stuck_host(&project, &["--grace", "1h"]);
    host.signal("TERM");
    host.wait_for("SIGTERM: stopping");
    host.signal("INT");
    let output = host.finish();
    assert_eq!(output.code, Some(130), "{output:#?}");
}

/// A host whose only worker is in the hands of a guest that never returns.
fn stuck_host(project: &Project, args: &[&str]) -> Host {
    let text = format!(
        "pipeline: stuck
topics: {{ in: {{ kind: event }}, out: {{ kind: command }}, dead: {{ kind: dead_letter }} }}
plugins:
  guest: {{ source: {}, limits: {{ timeout: 1h, batch_timeout: 1h }} }}
subscriptions:
  work: {{ topic: in, plugin: guest, output: out, ack_deadline: 2h, dead_letter: dead }}
  print: {{ topic: out, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}
",
        guest("loop-on-poison").display()
    );
    let host = Host::start(&project.write("stuck.yaml", text), Input::None, args);
    assert_eq!(host.api().publish("in", "text/plain", "poison").0, 202);
    host.api().until("/v1/subscriptions/work", |figures| figures["in_flight"] == 1);
    host
}
