//! A pipeline of the project, run as a user runs it.

use millstream_tests::{Host, Input, Output, Project, figure, repository};
use serde_json::Value;

/// Entries for accounts; one of them fails at first.
pub(crate) const ENTRIES: &str = "pipelines/data/entries.ndjson";

/// A pipeline of the project, with a folder for what it writes.
pub(crate) struct Idea {
    pub(crate) name: &'static str,
    pub(crate) project: Project,
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Idea {
    pub(crate) fn of(name: &'static str) -> Self {
        let project = Project::new();
        let env = vec![("MILLSTREAM_OUT", project.folder().display().to_string())];
        Self { name, project, env }
    }

    /// Starts in a folder where it ran before.
    #[track_caller]
    pub(crate) fn again(mut self) -> Running {
        self.env = vec![("MILLSTREAM_OUT", self.project.folder().display().to_string())];
        self.start()
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        repository().join(format!("pipelines/{}.yaml", self.name))
    }

    #[track_caller]
    pub(crate) fn start(self) -> Running {
        let env: Vec<(&str, &str)> =
            self.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let host = Host::start_with_env(&self.file(), Input::None, &[], &env);
        Running { host, project: self.project }
    }

    #[track_caller]
    pub(crate) fn run(&self, input: &[u8]) -> Output {
        let out = [("MILLSTREAM_OUT", self.project.folder())];
        Host::run(&self.file(), &["--drain", "--http", "off"], &out, input)
    }
}

/// An idea while it runs.
pub(crate) struct Running {
    pub(crate) host: Host,
    pub(crate) project: Project,
}

impl Running {
    pub(crate) fn api(&self) -> millstream_tests::Api {
        self.host.api()
    }

    #[track_caller]
    pub(crate) fn command(&self, args: &[&str]) -> Output {
        self.host.command(args)
    }

    #[track_caller]
    pub(crate) fn publish(&self, args: &[&str]) {
        let _ = self.command(&[&["publish"], args].concat()).success();
    }

    /// As many lines that a sink printed.
    #[track_caller]
    pub(crate) fn printed(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.host.wait_for_output("{")).collect()
    }

    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.project.lines(name);
        lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn subscription(&self, name: &str) -> Value {
        self.api().get(&format!("/v1/subscriptions/{name}")).1
    }

    #[track_caller]
    pub(crate) fn until(&self, name: &str, what: &str, count: u64) -> Value {
        self.api().subscription_until(name, |figures| figure(figures, what) == count)
    }

    #[track_caller]
    pub(crate) fn adds_up(&self) {
        self.api().adds_up();
    }
}

/// The text of a pipeline of the project.
pub(crate) fn source(name: &str) -> String {
    let file = repository().join(format!("pipelines/{name}.yaml"));
    let text = std::fs::read_to_string(file).expect("the pipeline is there");
    text.replace("../plugins", &repository().join("plugins").display().to_string())
}

/// A field of a line of JSON, as text.
#[track_caller]
pub(crate) fn text(line: &str, field: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    match &value[field] {
        Value::String(text) => text.clone(),
        Value::Null => panic!("no `{field}` in {line}"),
        other => other.to_string(),
    }
}
