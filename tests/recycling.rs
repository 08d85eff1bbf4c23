//! A plugin whose memory rises without end goes on without end: its instances are replaced before they
//! reach their limit, and no message is charged for that.

use millstream_tests::{
    DEAD_LETTERS, Host, Input, Project, Summary, is_ready, language_of, plugin, week,
};
use serde_json::Value;

/// Little more than Python needs to start, so that the rise to half of what is left is short.
const MEMORY: &str = "16MiB";
/// Weeks of flights after which one of its instances must have been replaced.
const WEEKS_MAX: usize = 20;

/// Its collector gives nothing back to the host, so that each message leaves some bytes.
#[test]
fn a_python_plugin_is_replaced_as_it_grows_and_no_message_fails() {
    const NAME: &str = "delays-python";
    if !is_ready(&language_of(NAME)) {
        return;
    }
    let project = Project::new();
    let mut host = Host::start(&pipeline(&project, NAME), Input::Piped, &[]);
    let (api, week) = (host.api(), week());
    let flights = week.iter().filter(|byte| **byte == b'\n').count() as u64;
    let recycled = |plugin: &Value| plugin["metrics"]["recycled"].as_u64().expect("it is counted");
    let mut weeks = 0;
    while recycled(&api.get("/v1/plugins/delays").1) == 0 {
        weeks += 1;
        assert!(weeks <= WEEKS_MAX, "it did not grow: {:#}", api.get("/v1/plugins/delays").1);
        host.write(&week).expect("the host reads");
        let done = |figures: &Value| {
            let ends = ["handled", "dead_lettered"].map(|name| figures[name].as_u64());
            ends.into_iter().flatten().sum::<u64>() == flights * weeks as u64
        };
        api.subscription_until("delays", done);
    }
    let metrics = &api.get("/v1/plugins/delays").1["metrics"];
    println!("{weeks} weeks, at most {} KiB", metrics["memory_peak"].as_u64().unwrap_or(0) >> 10);
    let failures = metrics["failures"].as_object().expect("failures are counted by kind");
    assert!(failures.values().all(|times| times == 0), "{metrics:#}");
    let summary: Summary = host.terminate();
    summary.adds_up();
    assert_eq!(summary.subscription("delays", "retried"), 0);
    // The flights that were cancelled, which the plugin rejects.
    assert_eq!(summary.subscription("delays", "dead_lettered"), DEAD_LETTERS * weeks as u64);
}

fn pipeline(project: &Project, name: &str) -> std::path::PathBuf {
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
  delays: {{ topic: in, plugin: delays, output: out, dead_letter: dead }}
",
            plugin(name).display()
        ),
    )
}
