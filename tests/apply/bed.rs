//! A host whose pipeline changes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use millstream_tests::{Api, Host, Input, Output, Project, figure};
use serde_json::{Value, json};

/// A host in a folder of its own.
pub(crate) struct Bed {
    pub(crate) project: Project,
    pub(crate) host: Host,
    pub(crate) api: Api,
    pub(crate) file: PathBuf,
}

/// What messages are published as.
const FORM: &str = "application/vnd.millstream.messages+ndjson";

impl Bed {
    /// Runs the pipeline of `text`.
    #[track_caller]
    pub(crate) fn open(text: &str) -> Self {
        Self::open_in(Project::new(), text, &[])
    }

    /// With more arguments.
    #[track_caller]
    pub(crate) fn open_in(project: Project, text: &str, args: &[&str]) -> Self {
        let file = project.write("pipeline.yaml", text);
        let host = Host::start(&file, Input::None, args);
        let api = host.api();
        Self { project, host, api, file }
    }

    /// Writes `text` to the file and lets `apply` do the rest.
    #[track_caller]
    pub(crate) fn apply(&self, text: &str, args: &[&str]) -> Output {
        self.project.write("pipeline.yaml", text);
        let file = self.file.to_str().expect("a path");
        self.host.command(&[&["apply", file], args].concat())
    }

    /// As [`Bed::apply`], which must succeed; gives what it says.
    #[track_caller]
    pub(crate) fn applied(&self, text: &str, args: &[&str]) -> Value {
        self.apply(text, &[args, &["--format", "json"]].concat()).success().json()
    }

    /// Publishes messages with these payloads, each its own key.
    #[track_caller]
    pub(crate) fn publish(&self, topic: &str, payloads: impl IntoIterator<Item = String>) {
        publish(&self.api, topic, payloads);
    }

    /// Waits until nothing waits any more but dead letters.
    #[track_caller]
    pub(crate) fn idle(&self) {
        idle(&self.api);
    }

    /// The lines of a file, each once.
    #[track_caller]
    pub(crate) fn written_once(&self, name: &str) -> BTreeSet<String> {
        let lines = self.project.lines(name);
        let set: BTreeSet<String> =
            lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        assert_eq!(set.len(), lines.len(), "{name}: repeated lines");
        set
    }

    /// The text of the pipeline that runs.
    #[track_caller]
    pub(crate) fn runs(&self) -> String {
        self.api.text("/v1/pipeline")
    }
}

/// Publishes messages with these payloads, each its own key.
#[track_caller]
pub(crate) fn publish(api: &Api, topic: &str, payloads: impl IntoIterator<Item = String>) {
    let line = |payload: String| format!("{}\n", json!({ "key": payload, "payload": payload }));
    let lines: String = payloads.into_iter().map(line).collect();
    let (status, answer) = api.publish(topic, FORM, lines);
    assert_eq!(status, 202, "{answer:#}");
}

/// Waits until nothing waits any more but dead letters.
#[track_caller]
pub(crate) fn idle(api: &Api) {
    let at_rest = |list: &Value| {
        list["items"]
            .as_array()
            .expect("a list has items")
            .iter()
            .all(|one| ["lag", "in_flight", "parked"].iter().all(|name| figure(one, name) == 0))
    };
    api.until("/v1/subscriptions", at_rest);
}

/// `name 0`, `name 1`, …
pub(crate) fn numbered(name: &str, count: usize) -> impl Iterator<Item = String> + use<> {
    let name = name.to_owned();
    (0..count).map(move |number| format!("{name} {number}"))
}

/// The lines of a plan.
pub(crate) fn steps(applied: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let changes = applied["changes"].as_array().expect("changes are a list");
    let step = |one: &Value| {
        let settings = one["settings"].as_array().expect("settings are a list");
        let settings: Vec<String> = settings.iter().map(|one| text(&one["name"])).collect();
        let (change, kind, name) = (text(&one["change"]), text(&one["kind"]), text(&one["name"]));
        format!("{change} {kind} {name} {}", settings.join(" ")).trim_end().to_owned()
    };
    changes.iter().map(step).collect()
}
