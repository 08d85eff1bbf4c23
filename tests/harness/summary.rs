//! What a run says at its end.

use serde_json::Value;

use crate::binary::Output;

/// The summary of `run --format json`.
#[derive(Debug)]
pub struct Summary(Value);

impl Summary {
    /// The summary that a finished run printed.
    #[track_caller]
    #[must_use]
    pub fn of(output: &Output) -> Self {
        Self(output.json())
    }

    /// A figure of a topic.
    #[track_caller]
    #[must_use]
    pub fn topic(&self, name: &str, figure: &str) -> u64 {
        self.number("topics", name, figure)
    }

    /// A figure of a subscription.
    #[track_caller]
    #[must_use]
    pub fn subscription(&self, name: &str, figure: &str) -> u64 {
        self.number("subscriptions", name, figure)
    }

    /// A figure of a source.
    #[track_caller]
    #[must_use]
    pub fn source(&self, name: &str, figure: &str) -> u64 {
        self.number("sources", name, figure)
    }

    /// The calls of a plugin that failed.
    #[track_caller]
    #[must_use]
    pub fn failures(&self, plugin: &str) -> u64 {
        let failures = self.item("plugins", plugin)["failures"].as_object();
        failures.expect("failures have kinds").values().filter_map(Value::as_u64).sum()
    }

    /// The refused lines of a source, with place and reason.
    #[track_caller]
    #[must_use]
    pub fn refusals(&self, source: &str) -> Vec<String> {
        let refusals =
            self.item("sources", source)["refusals"].as_array().expect("refusals are a list");
        refusals
            .iter()
            .map(|refusal| refusal.as_str().expect("a refusal is text").to_owned())
            .collect()
    }

    /// Of every subscription: published = handled + dead-lettered + dropped + still queued.
    #[track_caller]
    pub fn adds_up(&self) {
        for subscription in self.0["subscriptions"].as_array().expect("subscriptions are a list") {
            let name = subscription["name"].as_str().expect("it has a name");
            let topic = subscription["topic"].as_str().expect("it has a topic");
            let parts = ["handled", "dead_lettered", "dropped", "queued"];
            let accounted: u64 = parts.iter().map(|part| self.subscription(name, part)).sum();
            assert_eq!(
                self.topic(topic, "published"),
                accounted,
                "`{name}` loses messages: {:#}",
                self.0
            );
        }
    }

    #[track_caller]
    fn number(&self, list: &str, name: &str, figure: &str) -> u64 {
        let found = self.item(list, name)[figure].as_u64();
        found.unwrap_or_else(|| panic!("{list} `{name}` has no figure `{figure}`: {:#}", self.0))
    }

    #[track_caller]
    fn item(&self, list: &str, name: &str) -> &Value {
        let items = self.0[list].as_array().expect("the summary has its lists");
        let found = items.iter().find(|item| item["name"] == name);
        found.unwrap_or_else(|| panic!("nothing is called `{name}` in {list}: {:#}", self.0))
    }
}
