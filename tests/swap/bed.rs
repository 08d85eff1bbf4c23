//! A pipeline with one plugin, whose versions are swapped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use millstream_tests::{Api, Host, Input, Project, Summary, figure, guest};
use serde_json::{Value, json};

/// A host that runs the guest `echo` as the plugin `guest`.
pub(crate) struct Bed {
    project: Project,
    pub(crate) host: Host,
    pub(crate) api: Api,
}

/// What came out of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) key: String,
    pub(crate) payload: String,
    pub(crate) stamped: bool,
}

impl Bed {
    /// With more lines for the plugin, such as its limits.
    #[track_caller]
    pub(crate) fn open(plugin: &str) -> Self {
        Self::open_in(Project::new(), &guest("echo"), plugin, &[])
    }

    /// With the plugin from `source`, and more arguments.
    #[track_caller]
    pub(crate) fn open_in(project: Project, source: &Path, plugin: &str, args: &[&str]) -> Self {
        Self::open_with(project, source, plugin, args, &[])
    }

    /// And with variables in the environment.
    #[track_caller]
    pub(crate) fn open_with(
        project: Project,
        source: &Path,
        plugin: &str,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let file = project.write("swap.yaml", pipeline(source, plugin));
        let host = Host::start_with_env(&file, Input::None, args, env);
        let api = host.api();
        Self { project, host, api }
    }

    /// Publishes messages by key and payload.
    #[track_caller]
    pub(crate) fn publish<'a>(&self, messages: impl IntoIterator<Item = (&'a str, &'a str)>) {
        publish(&self.api, messages);
    }

    /// Begins a swap to `component`: status and answer.
    #[track_caller]
    pub(crate) fn swap(&self, component: &Path, query: &str) -> (u16, Value) {
        let bytes = std::fs::read(component).expect("the component is there");
        let path = format!("/v1/plugins/guest/swap?{query}");
        self.api.post(&path, "application/wasm", bytes)
    }

    /// Swaps to a guest and waits for the end.
    #[track_caller]
    pub(crate) fn swapped(&self, component: &Path, query: &str) -> Value {
        let (status, begun) = self.swap(component, query);
        assert_eq!(status, 202, "{begun:#}");
        self.status_when(|status| status["done"] == true)
    }

    /// The status of the last swap once it is as wanted.
    #[track_caller]
    pub(crate) fn status_when(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.api.until("/v1/plugins/guest/swap", wanted)
    }

    /// The versions of the plugin, as `STATE` and digest.
    #[track_caller]
    pub(crate) fn versions(&self) -> Vec<(String, String)> {
        let (_, plugin) = self.api.get("/v1/plugins/guest");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let versions = plugin["versions"].as_array().expect("versions are a list").iter();
        versions.map(|one| (text(&one["state"]), text(&one["digest"]))).collect()
    }

    /// Waits until the plugin and the sink behind it have handled so many messages.
    #[track_caller]
    pub(crate) fn until_written(&self, messages: u64) {
        self.api.subscription_until("write", |one| figure(one, "handled") >= messages);
    }

    /// What was written so far, in order.
    #[track_caller]
    pub(crate) fn came(&self) -> Vec<Came> {
        let lines = self.project.lines("out.ndjson");
        lines.iter().map(|line| came(line)).collect()
    }

    /// Ends the host, whose figures must add up.
    #[track_caller]
    pub(crate) fn close(self) -> (Summary, Vec<Came>) {
        self.api.adds_up();
        let Self { project, host, .. } = self;
        let summary = host.terminate();
        let lines = project.lines("out.ndjson");
        (summary, lines.iter().map(|line| came(line)).collect())
    }

    /// A file of the project.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.project.write(name, content)
    }
}

/// Publishes messages by key and payload, all or nothing.
#[track_caller]
pub(crate) fn publish<'a>(api: &Api, messages: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let line = |(key, payload)| format!("{}\n", json!({ "key": key, "payload": payload }));
    let lines: String = messages.into_iter().map(line).collect();
    let form = "application/vnd.millstream.messages+ndjson";
    let (status, answer) = api.publish("in", form, lines);
    assert_eq!(status, 202, "{answer:#}");
}

fn came(line: &[u8]) -> Came {
    let message: Value = serde_json::from_slice(line).expect("a line is a message");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let stamped = message["headers"].to_string().contains("stamp");
    Came { key: text(&message["key"]), payload: text(&message["payload"]), stamped }
}

/// Payloads `0`, `1`, … of each key must have come in this order, each once.
#[track_caller]
pub(crate) fn each_key_counts_to(came: &[Came], keys: usize, messages: usize) {
    let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in came {
        by_key.entry(&one.key).or_default().push(&one.payload);
    }
    assert_eq!(by_key.len(), keys);
    let expected: Vec<String> = (0..messages).map(|number| number.to_string()).collect();
    for (key, payloads) in by_key {
        assert_eq!(payloads, expected, "{key}: lost, repeated or out of order");
    }
}

fn pipeline(source: &Path, plugin: &str) -> String {
    format!(
        "pipeline: swap
topics:
  in: {{ kind: event }}
  out: {{ kind: command }}
  dead: {{ kind: dead_letter }}
plugins:
  guest:
    source: {}
    {plugin}
subscriptions:
  work:
    topic: in
    plugin: guest
    output: out
    dead_letter: dead
    ordering: key
    concurrency: 4
    retry: {{ max_attempts: 20, backoff: {{ initial: 10ms }} }}
  write:
    topic: out
    ordering: strict
    sink: {{ file: {{ path: out.ndjson, form: message }} }}
    dead_letter: dead
",
        source.display(),
    )
}
