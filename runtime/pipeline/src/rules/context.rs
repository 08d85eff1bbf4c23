//! What a rule may look at.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use crate::declaration::{
    Declaration, Journal, Kind, Named, OnExhausted, Plugin, Source, Subscription, Topic,
};
use crate::facts::{PluginFacts, PluginFault};
use crate::report::Report;
use crate::route::Route;

/// The declaration, indexed, and what the caller found out about its plugins.
pub(crate) struct Context<'a> {
    pub(crate) declaration: &'a Declaration,
    pub(crate) facts: &'a BTreeMap<String, Result<PluginFacts, PluginFault>>,
    base: &'a Path,
    topics: HashMap<&'a str, usize>,
    plugins: HashMap<&'a str, usize>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        declaration: &'a Declaration,
        facts: &'a BTreeMap<String, Result<PluginFacts, PluginFault>>,
        base: &'a Path,
    ) -> Self {
        let topics = index(&declaration.topics);
        let plugins = index(&declaration.plugins);
        Self { declaration, facts, base, topics, plugins }
    }

    pub(crate) fn topic_index(&self, name: &str) -> Option<usize> {
        self.topics.get(name).copied()
    }

    pub(crate) fn plugin_index(&self, name: &str) -> Option<usize> {
        self.plugins.get(name).copied()
    }

    pub(crate) fn topic(&self, name: &str) -> Option<&'a Topic> {
        self.declaration.topics.get(self.topic_index(name)?)
    }

    pub(crate) fn plugin(&self, name: &str) -> Option<&'a Plugin> {
        self.declaration.plugins.get(self.plugin_index(name)?)
    }

    /// `None` also if the topic's kind was not understood.
    pub(crate) fn kind(&self, topic: &str) -> Option<Kind> {
        self.topic(topic)?.kind
    }

    pub(crate) fn journal(&self) -> Option<&'a Journal> {
        self.declaration.broker.as_ref()?.journal.as_ref()
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = (Route, &'a str, &'a Topic)> {
        routed("topics", &self.declaration.topics)
    }

    pub(crate) fn plugins(&self) -> impl Iterator<Item = (Route, &'a str, &'a Plugin)> {
        routed("plugins", &self.declaration.plugins)
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = (Route, &'a str, &'a Source)> {
        routed("sources", &self.declaration.sources)
    }

    pub(crate) fn subscriptions(&self) -> impl Iterator<Item = (Route, &'a str, &'a Subscription)> {
        routed("subscriptions", &self.declaration.subscriptions)
    }

    /// Whether every subscription says clearly which topics it has to do with. If one does not, it
    /// may be the one that reads a topic which seems unread.
    pub(crate) fn topics_are_clear(&self, report: &Report) -> bool {
        let known = |name: &Option<String>| {
            name.as_deref().is_none_or(|name| self.topics.contains_key(name))
        };
        let clear = |(route, _, subscription): (Route, &str, &Subscription)| {
            let broken = report.is_broken(&route.key("topic"))
                || report.is_broken(&route.key("dead_letter"));
            let decided = subscription.dead_letter.is_some()
                || subscription.on_exhausted == Some(OnExhausted::Drop);
            let known = known(&subscription.topic) && known(&subscription.dead_letter);
            !broken && decided && known
        };
        !report.has_broken_entry("subscriptions") && self.subscriptions().all(clear)
    }

    /// The same for plugins.
    pub(crate) fn plugins_are_clear(&self, report: &Report) -> bool {
        let known = |name: &Option<String>| {
            name.as_deref().is_none_or(|name| self.plugins.contains_key(name))
        };
        let clear = |(route, _, subscription): (Route, &str, &Subscription)| {
            !report.is_broken(&route.key("plugin")) && known(&subscription.plugin)
        };
        !report.has_broken_entry("subscriptions") && self.subscriptions().all(clear)
    }

    /// A path of the file, seen from the caller's working folder. `a/../b` and `b` come out the
    /// same; links are not followed, as that would be I/O.
    pub(crate) fn path(&self, typed: &str) -> PathBuf {
        let mut path = PathBuf::new();
        for part in self.base.join(typed).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir
                    if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
                {
                    path.pop();
                }
                part => path.push(part),
            }
        }
        // The empty path names nothing, though the folder it stands for is there.
        if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
    }
}

fn index<T>(things: &Named<T>) -> HashMap<&str, usize> {
    things.iter().enumerate().map(|(index, (name, _))| (name, index)).collect()
}

fn routed<'a, T>(
    section: &'static str,
    things: &'a Named<T>,
) -> impl Iterator<Item = (Route, &'a str, &'a T)> {
    things.iter().map(move |(name, thing)| (Route::of([section, name]), name, thing))
}
