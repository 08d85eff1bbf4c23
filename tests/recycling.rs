//! A plugin whose memory rises goes on without end: its instances are replaced before they reach their
//! limit, and no message is charged for that.

use std::path::PathBuf;

use millstream_tests::{Host, Input, Project, figure, is_ready, language_of, plugin};

/// What Python takes at rest, and little more: a batch takes it beyond half of what is left.
const MEMORY: &str = "18MiB";
const FLIGHTS: u64 = 1_000;
/// Letters of one flight's destination.
const LETTERS: usize = 8_000;

/// Its collector gives nothing back to the host, so that what one batch took stays.
#[test]
fn a_python_plugin_is_replaced_as_it_grows_and_no_message_fails() {
    const NAME: &str = "delays-python";
    if !is_ready(&language_of(NAME)) {
        return;
    }
    let project = Project::new();
    let mut host = Host::start(&pipeline(&project, NAME), Input::Piped, &[]);
    host.write(&flights()).expect("the host reads");
    let api = host.api();
    let figures = api.subscription_until("delays", |figures| figure(figures, "handled") == FLIGHTS);
    assert_eq!((figure(&figures, "failed"), figure(&figures, "dead_lettered")), (0, 0));
    let metrics = &api.get("/v1/plugins/delays").1["metrics"];
    let failures = metrics["failures"].as_object().expect("failures are counted by kind");
    assert!(failures.values().all(|times| times == 0), "{metrics:#}");
    assert!(figure(metrics, "recycled") > 0, "it did not grow: {metrics:#}");
    host.terminate().adds_up();
}

/// None of them late.
fn flights() -> Vec<u8> {
    let flight = |number| {
        let dest = "x".repeat(LETTERS);
        let flight = serde_json::json!({
            "carrier": "UA", "flight": number, "origin": "EWR", "dest": dest,
            "scheduled": "2013-01-01T05:15", "dep_delay": 1,
        });
        flight.to_string() + "\n"
    };
    (0..FLIGHTS).map(flight).collect::<String>().into_bytes()
}

fn pipeline(project: &Project, name: &str) -> PathBuf {
    project.write(
        "recycling.yaml",
        format!(
            "pipeline: recycling
topics:
  in: {{ kind: event }}
  out: {{ kind: event }}
  dead: {{ kind: dead_letter }}
plugins:
  delays:
    source: {}
    limits: {{ memory: {MEMORY}, timeout: 20s, batch_timeout: 20s, compile_timeout: 5m }}
sources:
  lines: {{ stdin: {{ format: ndjson }}, topic: in }}
subscriptions:
  delays:
    topic: in
    plugin: delays
    output: out
    batch: {{ max_messages: 256, max_wait: 500ms }}
    dead_letter: dead
",
            plugin(name).display()
        ),
    )
}
