//! A poisoned message costs only itself.

use millstream_tests::{Host, Input, Project, Summary, guest};

/// Messages of one batch, one of which is poison.
const BATCH: usize = 256;
const POISONED: usize = 77;
const ATTEMPTS: u64 = 3;
/// All but the poisoned one, and the one that asks whether the host lives.
const HANDLED: u64 = BATCH as u64 - 1 + 1;

#[test]
fn a_trap_on_one_message_of_256_costs_only_that_message() {
    let letter = costs_only_itself("trap-on-poison", "2s");
    let error = letter["dead_letter"]["error"].as_str().expect("the story has its error");
    assert!(error.starts_with("trap: "), "{error}");
    assert!(error.contains("swallowed poison"), "the panic's own text is missing: {error}");
    // Where it was, in the names of the plugin's own source, and which version of it.
    assert!(error.contains("wasm backtrace") && error.contains("trap_on_poison"), "{error}");
    let digest = letter["dead_letter"]["plugin_digest"].as_str().expect("the story has the digest");
    assert!(error.ends_with(&format!("\nplugin {digest}")), "{error}");
}

#[test]
fn an_endless_loop_on_one_message_of_256_costs_only_that_message() {
    let letter = costs_only_itself("loop-on-poison", "100ms");
    let error = letter["dead_letter"]["error"].as_str().expect("the story has its error");
    assert!(error.starts_with("timeout: limits.timeout 100ms"), "{error}");
    assert!(error.contains("loop_on_poison"), "where it was stopped is missing: {error}");
}

/// Runs the batch, looks at the dead letter on the living host, publishes once more to show that
/// the host lives, and checks the sums.
#[track_caller]
fn costs_only_itself(plugin: &str, timeout: &str) -> serde_json::Value {
    let project = Project::new();
    let mut host = Host::start(&pipeline(&project, plugin, timeout), Input::Piped, &["--drain"]);
    host.write(&batch()).expect("the host reads");
    let api = host.api();
    // The one dead letter becomes visible when its attempts are used up.
    let letter = api.dead_letters("work", 1).remove(0);
    assert_eq!(api.publish("in", "text/plain", "still there").0, 202, "the host is not alive");
    host.end_input();

    let summary = Summary::of(&host.finish().success());
    summary.adds_up();
    assert_eq!(summary.subscription("work", "handled"), HANDLED);
    assert_eq!(summary.subscription("work", "dead_lettered"), 1);
    assert_eq!(summary.topic("out", "published"), HANDLED);
    assert_eq!(project.lines("out.txt").len(), BATCH);

    assert_eq!(letter["payload"], "message 77 poison");
    assert_eq!(letter["dead_letter"]["reason"], "exhausted");
    assert_eq!(
        letter["dead_letter"]["attempts"].to_string().trim_matches('"'),
        ATTEMPTS.to_string()
    );
    letter
}

fn batch() -> Vec<u8> {
    let poison = |i| if i == POISONED { " poison" } else { "" };
    (0..BATCH).map(|i| format!("message {i}{}\n", poison(i))).collect::<String>().into_bytes()
}

fn pipeline(project: &Project, plugin: &str, timeout: &str) -> std::path::PathBuf {
    let source = guest(plugin);
    project.write(
        "poison.yaml",
        format!(
            "pipeline: poison
topics:
  in: {{ kind: event }}
  out: {{ kind: command }}
  dead: {{ kind: dead_letter }}
plugins:
  guest:
    source: {}
    limits: {{ timeout: {timeout}, batch_timeout: {timeout} }}
sources:
  lines: {{ stdin: {{ format: lines }}, topic: in }}
subscriptions:
  work:
    topic: in
    plugin: guest
    output: out
    batch: {{ max_messages: {BATCH}, max_wait: 200ms }}
    retry: {{ max_attempts: {ATTEMPTS}, backoff: {{ initial: 10ms, factor: 1, max: 10ms, jitter: 0 }} }}
    dead_letter: dead
  write: {{ topic: out, sink: {{ file: {{ path: out.txt }} }}, dead_letter: dead }}
",
            source.display()
        ),
    )
}
