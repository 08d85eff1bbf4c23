//! What a pipeline has done so far.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use millstream_pipeline::TopicKind;
use millstream_plugin_host::Metrics;
use millstream_queue::Figures;
use serde::Serialize;

use crate::wiring::Wiring;

/// Refused lines that a report quotes; further ones are only counted.
pub(crate) const RECENT_REFUSALS_MAX: usize = 20;

/// The figures of a pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Time since the start.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
    /// In the order of the pipeline file.
    pub topics: Vec<TopicReport>,
    /// In the order of the pipeline file.
    pub subscriptions: Vec<SubscriptionReport>,
    /// In the order of the pipeline file; HTTP sources are counted by their topic alone.
    pub sources: Vec<SourceReport>,
    /// In the order of the pipeline file.
    pub plugins: Vec<PluginReport>,
}

/// One topic.
#[derive(Clone, Debug, Serialize)]
pub struct TopicReport {
    /// Its name.
    pub name: String,
    /// `event`, `command` or `dead_letter`.
    pub kind: &'static str,
    /// Messages ever accepted.
    pub published: u64,
    /// Messages that some subscription has not settled, plus delayed ones.
    pub depth: u64,
}

/// One subscription: what its topic offered + redriven = handled + filtered + dead_lettered +
/// dropped + purged + queued.
#[derive(Clone, Debug, Serialize)]
pub struct SubscriptionReport {
    /// Its name.
    pub name: String,
    /// The topic it reads.
    pub topic: String,
    /// Messages handled.
    pub handled: u64,
    /// Deliveries that failed.
    pub retried: u64,
    /// Messages moved to the dead-letter topic.
    pub dead_lettered: u64,
    /// Messages dropped, as the pipeline file says: given up, too old, or oldest in a full topic.
    pub dropped: u64,
    /// Messages that were not for it, as its filter says.
    pub filtered: u64,
    /// Messages purged, or passed over by a seek.
    pub purged: u64,
    /// Dead letters that came back.
    pub redriven: u64,
    /// Messages that still wait, are in flight, or are parked for a retry.
    pub queued: u64,
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Messages it published.
    pub published: u64,
    /// Messages among them that the topic had already: not accepted again.
    pub duplicates: u64,
    /// Lines that were refused: too long, or not JSON.
    pub refused: u64,
    /// Empty lines, which are no messages.
    pub skipped_empty: u64,
    /// The first refused lines, with their place and reason.
    pub refusals: Vec<String>,
}

/// One plugin, in all of its subscriptions.
#[derive(Clone, Debug, Serialize)]
pub struct PluginReport {
    /// Its name.
    pub name: String,
    /// Calls of it, failed ones included.
    pub calls: u64,
    /// Messages of these calls: those of a call that failed count again when they are run singly.
    pub messages: u64,
    /// Time that its guests ran.
    #[serde(serialize_with = "seconds")]
    pub cpu_time: Duration,
    /// Calls that failed, by kind, where any did.
    pub failures: BTreeMap<String, u64>,
    /// The most bytes that one instance had.
    pub memory_peak: u64,
}

impl PluginReport {
    pub(crate) fn new(name: &str, metrics: &Metrics) -> Self {
        let failures = metrics.failures().filter(|(_, times)| *times > 0);
        Self {
            name: name.to_owned(),
            calls: metrics.calls,
            messages: metrics.messages,
            cpu_time: metrics.cpu_time,
            failures: failures.map(|(kind, times)| (kind.to_string(), times)).collect(),
            memory_peak: metrics.memory_peak,
        }
    }
}

impl Report {
    pub(crate) fn new(
        elapsed: Duration,
        wiring: &Wiring,
        figures: &Figures,
        sources: Vec<SourceReport>,
        plugins: Vec<PluginReport>,
    ) -> Self {
        let topics = wiring.topics().map(|(id, topic)| {
            let figures = figures.topics.get(id.0 as usize).copied().unwrap_or_default();
            TopicReport {
                name: topic.name.clone(),
                kind: kind(topic.kind),
                published: figures.published,
                depth: figures.depth,
            }
        });
        let subscriptions = wiring.subscriptions().map(|(id, one)| {
            let figures = figures.subscriptions.get(id.0 as usize).copied().unwrap_or_default();
            SubscriptionReport {
                name: one.name.clone(),
                topic: wiring.plan().topics[one.topic].name.clone(),
                handled: figures.handled,
                retried: figures.failed - figures.exhausted.min(figures.failed),
                dead_lettered: figures.dead_lettered(),
                dropped: figures.dropped + figures.expired_dropped,
                filtered: figures.filtered,
                purged: figures.purged,
                redriven: figures.redriven,
                queued: figures.live(),
            }
        });
        let (topics, subscriptions) = (topics.collect(), subscriptions.collect());
        Self { elapsed, topics, subscriptions, sources, plugins }
    }
}

/// What one source counts while it runs.
#[derive(Debug, Default)]
pub(crate) struct SourceCounters {
    published: AtomicU64,
    duplicates: AtomicU64,
    refused: AtomicU64,
    skipped_empty: AtomicU64,
    refusals: Mutex<VecDeque<String>>,
}

impl SourceCounters {
    pub(crate) fn add_published(&self, messages: u64, duplicates: u64) {
        self.published.fetch_add(messages, Ordering::Relaxed);
        self.duplicates.fetch_add(duplicates, Ordering::Relaxed);
    }

    pub(crate) fn add_skipped(&self, lines: u64) {
        self.skipped_empty.fetch_add(lines, Ordering::Relaxed);
    }

    pub(crate) fn add_refused(&self, place_and_reason: String) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut refusals) = self.refusals.lock()
            && refusals.len() < RECENT_REFUSALS_MAX
        {
            refusals.push_back(place_and_reason);
        }
    }

    pub(crate) fn report(&self, name: &str) -> SourceReport {
        let refusals = self.refusals.lock().map(|refusals| refusals.iter().cloned().collect());
        SourceReport {
            name: name.to_owned(),
            published: self.published.load(Ordering::Relaxed),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            skipped_empty: self.skipped_empty.load(Ordering::Relaxed),
            refusals: refusals.unwrap_or_default(),
        }
    }
}

fn kind(kind: TopicKind) -> &'static str {
    match kind {
        TopicKind::Event => "event",
        TopicKind::Command => "command",
        TopicKind::DeadLetter => "dead_letter",
    }
}

fn seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_secs_f64())
}
