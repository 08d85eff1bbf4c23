//! A pipeline with one plugin, whose versions are swapped.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use millstream_tests::{Api, Host, Input, Project, Summary, figure, guest, millstream};
use serde_json::{Value, json};

/// A broker whose messages are gone with the process.
pub(crate) const MEMORY: &str = "{}";
/// One that keeps them in the project's folder.
pub(crate) const JOURNAL: &str = "{ journal: { path: journal } }";

/// A host that runs the guest `echo` as the plugin `guest`.
pub(crate) struct Bed {
    project: Project,
    pub(crate) host: Host,
    pub(crate) api: Api,
}

/// What came out of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) payload: String,
    /// Whether the version that handled it says so by a header: `echo` and `slow` do not.
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
        Self::start(project, &pipeline(source, plugin, MEMORY), args, env)
    }

    /// With a broker, in a folder where there may be a journal.
    #[track_caller]
    pub(crate) fn open_on(project: Project, source: &Path, broker: &str) -> Self {
        Self::start(project, &pipeline(source, "", broker), &[], &[])
    }

    #[track_caller]
    fn start(project: Project, pipeline: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let file = project.write("swap.yaml", pipeline);
        let host = Host::start_with_env(&file, Input::None, args, env);
        let api = host.api();
        Self { project, host, api }
    }

    /// Saves the pipeline file, now with the plugin from `source`.
    pub(crate) fn save(&self, source: &Path) {
        self.project.write("swap.yaml", pipeline(source, "", MEMORY));
    }

    /// Kills the host; what it left is for the next.
    pub(crate) fn kill(self) -> Project {
        self.host.kill();
        self.project
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

    /// Waits until the plugin and the sink have nothing left to do.
    #[track_caller]
    pub(crate) fn until_idle(&self) {
        let idle =
            |one: &Value| ["lag", "in_flight", "parked"].iter().all(|name| figure(one, name) == 0);
        for name in ["work", "write"] {
            self.api.subscription_until(name, idle);
        }
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

    /// Where a file of the project is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.project.path(name)
    }

    /// A file of the project.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.project.write(name, content)
    }
}

/// The digest of a component.
#[track_caller]
pub(crate) fn digest(component: &Path) -> String {
    let args = ["plugin", "inspect", "--format", "json"].map(AsRef::<OsStr>::as_ref);
    let told = millstream(args.into_iter().chain([component.as_os_str()])).success().json();
    told["digest"].as_str().expect("a component has a digest").to_owned()
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
    let stamped = message["headers"].to_string().contains("\"by\"");
    let [id, key, payload] = ["id", "key", "payload"].map(|name| text(&message[name]));
    Came { id, key, payload, stamped }
}

/// Stops whoever looks at it, also where the test fails: a scope waits for its threads.
pub(crate) struct Stops<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What came without what a sink was given again after a crash: the same message, by its id.
pub(crate) fn once(came: Vec<Came>) -> Vec<Came> {
    let mut seen = BTreeSet::new();
    came.into_iter().filter(|one| seen.insert(one.id.clone())).collect()
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

fn pipeline(source: &Path, plugin: &str, broker: &str) -> String {
    format!(
        "pipeline: swap
broker: {broker}
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
