//! How a swap goes, for whoever asks.

use millstream_formats::rfc3339;
use serde::{Serialize, Serializer};

use super::judgement::Sample;
use super::options::SwapOptions;
use super::shadow::Comparison;
use super::stage::Stage;
use super::version::micros;

/// How a swap goes, or went.
#[derive(Clone, Debug, Serialize)]
pub struct SwapStatus {
    /// The plugin's name in the plan.
    pub plugin: String,
    /// Grows with every stage: who has seen one can wait for the next.
    pub revision: u64,
    /// How far it has come.
    pub state: Stage,
    /// Whether that is the end.
    pub done: bool,
    /// Digest of the version that served when it began.
    pub from: String,
    /// Digest of the new version, once it is known.
    pub to: Option<String>,
    /// Where in a registry that came from, if from one and if anybody said so.
    pub source: Option<String>,
    /// Why it ended as it did; none while it goes on or went well.
    pub reason: Option<String>,
    /// What was being done when it ended so, such as `compile`.
    pub failed_at: Option<&'static str>,
    /// How careful it is.
    pub options: SwapOptions,
    /// When the canary or the probation is over: milliseconds since the Unix epoch.
    #[serde(serialize_with = "time_if_any")]
    pub until: Option<u64>,
    /// All stages so far, with their times.
    pub stages: Vec<Reached>,
    /// What came of running both versions on the same messages.
    pub shadow: Option<Comparison>,
    /// What the old version did, as far as the new one is measured by it.
    #[serde(serialize_with = "sample")]
    pub old: Option<Sample>,
    /// What the new version did in its trial.
    #[serde(serialize_with = "sample")]
    pub new: Option<Sample>,
}

/// A stage and when it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The stage.
    pub state: Stage,
    /// Milliseconds since the Unix epoch.
    #[serde(serialize_with = "time")]
    pub at: u64,
}

impl SwapStatus {
    pub(super) fn received(plugin: &str, from: &str, options: SwapOptions, at: u64) -> Self {
        let state = Stage::Received;
        Self {
            plugin: plugin.to_owned(),
            revision: 1,
            state,
            done: false,
            from: from.to_owned(),
            to: None,
            source: None,
            reason: None,
            failed_at: None,
            options,
            until: None,
            stages: vec![Reached { state, at }],
            shadow: None,
            old: None,
            new: None,
        }
    }

    /// The swap is at `state` now; again, if it was before.
    pub(super) fn reach(&mut self, state: Stage, at: u64) {
        self.state = state;
        self.done = state.is_end();
        self.revision += 1;
        self.stages.push(Reached { state, at });
    }

    /// When it reached the stage that it is at.
    pub(super) fn since(&self) -> String {
        self.stages.last().map(|reached| rfc3339(reached.at)).unwrap_or_default()
    }
}

pub(super) fn time<S: Serializer>(ms: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&rfc3339(*ms))
}

fn time_if_any<S: Serializer>(ms: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    ms.map(rfc3339).serialize(to)
}

fn sample<S: Serializer>(sample: &Option<Sample>, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown {
        messages: u64,
        failed: u64,
        #[serde(rename = "us_per_message", serialize_with = "micros")]
        pace: std::time::Duration,
    }
    sample
        .map(|one| Shown { messages: one.messages, failed: one.failed, pace: one.pace() })
        .serialize(to)
}
