//! What an apply changes, for whoever asks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an apply changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The pipeline's name.
    pub pipeline: String,
    /// Whether it was done; a plan is not.
    pub applied: bool,
    /// Topics, subscriptions, plugins, sources, in the order of the file; what is removed comes last.
    pub changes: Vec<Step>,
    /// How many of them go on as they are.
    pub unchanged: usize,
}

/// What becomes of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Its name: the new one, if it has another.
    pub name: String,
    /// The name of before, if it has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What becomes of it.
    pub change: ChangeKind,
    /// Settings that change.
    pub settings: Vec<Setting>,
    /// Messages that wait in it.
    pub waiting: u64,
    /// What becomes of them, where that needs a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<String>,
}

/// What has a name in a pipeline file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A topic.
    Topic,
    /// A subscription.
    Subscription,
    /// A plugin.
    Plugin,
    /// A source.
    Source,
}

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It ends.
    Removed,
    /// It goes on otherwise.
    Changed,
    /// It goes on as it is.
    Unchanged,
}

/// A setting that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name in a pipeline file.
    pub name: String,
    /// What it is.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic => "topic",
            Self::Subscription => "subscription",
            Self::Plugin => "plugin",
            Self::Source => "source",
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} → {}", self.name, short(&self.from), short(&self.to))
    }
}

/// What is enough of a digest for people.
fn short(value: &str) -> String {
    let digits = value.strip_prefix("sha256:").and_then(|digits| digits.get(..8));
    digits.map_or_else(|| value.to_owned(), |digits| format!("sha256:{digits}…"))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.change {
            ChangeKind::Added => '+',
            ChangeKind::Removed => '-',
            ChangeKind::Changed => '~',
            ChangeKind::Unchanged => '=',
        };
        write!(f, "{sign} {} {:?}", self.kind, self.name)?;
        let renamed = self.was.iter().map(|was| format!("was {was:?}"));
        let said: Vec<String> = renamed
            .chain(self.settings.iter().map(Setting::to_string))
            .chain(self.messages.clone())
            .collect();
        if said.is_empty() { Ok(()) } else { write!(f, ": {}", said.join(", ")) }
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        write!(f, "= {} unchanged", self.unchanged)
    }
}
