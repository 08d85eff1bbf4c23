//! What a run tells at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use millstream_pipeline::{Consumer, Plan, SinkConnector, SubscriptionPlan};
use millstream_runner::{PluginReport, Report, SourceReport, SubscriptionReport};
use serde_json::{Value, json};

use super::journal::{self, Began};
use crate::failure::Failure;
use crate::logs;
use crate::print::{self, Format, count, counted, table};

/// Says what the pipeline did: on stdout, unless a sink of the pipeline writes there.
pub(super) fn show(
    plan: &Plan,
    report: &Report,
    began: Option<&Began>,
    format: Format,
) -> Result<(), Failure> {
    let text = match format {
        Format::Human => human(&plan.name, report, &Rates::new(report, began)),
        Format::Json => print::pretty(&document(&plan.name, report, began)?)?,
    };
    let writes_to_stdout =
        |one: &SubscriptionPlan| one.consumer == Consumer::Sink(SinkConnector::Stdout);
    if plan.subscriptions.iter().any(writes_to_stdout) {
        logs::say(&text);
        return Ok(());
    }
    print::text(&text)
}

fn human(name: &str, report: &Report, rates: &Rates) -> String {
    let mut parts = vec![format!("pipeline `{name}` ran for {}", elapsed(report.elapsed))];
    if !report.sources.is_empty() {
        parts.push(sources(report));
    }
    parts.push(topics(report, &rates.topics));
    parts.push(subscriptions(report, &rates.subscriptions));
    parts.extend(failures(&report.plugins));
    let refusals = report.sources.iter().filter(|source| source.refused > 0).map(refusals);
    parts.extend(refusals);
    parts.join("\n\n")
}

fn sources(report: &Report) -> String {
    let rows: Vec<[String; 5]> = report
        .sources
        .iter()
        .map(|one| {
            let counts = [one.published, one.duplicates, one.refused, one.skipped_empty];
            let [published, duplicates, refused, skipped_empty] = counts.map(count);
            [one.name.clone(), published, duplicates, refused, skipped_empty]
        })
        .collect();
    let names = ["SOURCE", "PUBLISHED", "DUPLICATES", "REFUSED", "EMPTY LINES"];
    table(&names, &["DUPLICATES"], &rows)
}

fn topics(report: &Report, rates: &[u64]) -> String {
    let rows: Vec<[String; 5]> = report
        .topics
        .iter()
        .zip(rates)
        .map(|(one, rate)| {
            let (published, depth) = (count(one.published), count(one.depth));
            [one.name.clone(), one.kind.to_owned(), published, depth, shown_rate(*rate)]
        })
        .collect();
    table(&["TOPIC", "KIND", "PUBLISHED", "DEPTH", "RATE"], &[], &rows)
}

fn subscriptions(report: &Report, rates: &[u64]) -> String {
    let names = [
        "SUBSCRIPTION",
        "TOPIC",
        "HANDLED",
        "RETRIED",
        "DEAD-LETTERED",
        "DROPPED",
        "FILTERED",
        "PURGED",
        "REDRIVEN",
        "QUEUED",
        "RATE",
    ];
    let rows: Vec<[String; 11]> =
        report.subscriptions.iter().zip(rates).map(|(one, rate)| row(one, *rate)).collect();
    table(&names, &["FILTERED", "PURGED", "REDRIVEN"], &rows)
}

/// What failed in the plugins, if anything did.
fn failures(plugins: &[PluginReport]) -> Option<String> {
    let failed = plugins.iter().filter(|plugin| !plugin.failures.is_empty());
    let rows: Vec<[String; 4]> = failed
        .map(|one| {
            let kinds =
                one.failures.iter().map(|(kind, times)| format!("{kind} {}", count(*times)));
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            [one.name.clone(), count(one.calls), elapsed(one.cpu_time), kinds]
        })
        .collect();
    (!rows.is_empty()).then(|| table(&["PLUGIN", "CALLS", "CPU", "FAILED CALLS"], &[], &rows))
}

fn row(one: &SubscriptionReport, rate: u64) -> [String; 11] {
    [
        one.name.clone(),
        one.topic.clone(),
        count(one.handled),
        count(one.retried),
        count(one.dead_lettered),
        count(one.dropped),
        count(one.filtered),
        count(one.purged),
        count(one.redriven),
        count(one.queued),
        shown_rate(rate),
    ]
}

fn refusals(source: &SourceReport) -> String {
    let shown = source.refusals.len() as u64;
    let mut lines = vec![format!("refused by `{}`:", source.name)];
    lines.extend(source.refusals.iter().map(|refusal| format!("  {refusal}")));
    if source.refused > shown {
        lines.push(format!("  and {} more", counted(source.refused - shown, "line")));
    }
    lines.join("\n")
}

/// The report as one document, with the rates a reader would otherwise have to work out.
fn document(name: &str, report: &Report, began: Option<&Began>) -> Result<Value, Failure> {
    let rates = Rates::new(report, began);
    let mut document = serde_json::to_value(report).map_err(anyhow::Error::new)?;
    document["pipeline"] = json!(name);
    if let Some(began) = began {
        document["recovered"] = journal::document(&began.recovered);
    }
    for (rate, shown) in rates.topics.iter().zip(items(&mut document, "topics")) {
        shown["rate"] = json!(rate);
    }
    for (rate, shown) in rates.subscriptions.iter().zip(items(&mut document, "subscriptions")) {
        shown["rate"] = json!(rate);
    }
    Ok(document)
}

fn items<'a>(document: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    document[list].as_array_mut().into_iter().flatten()
}

pub(super) fn elapsed(elapsed: Duration) -> String {
    match elapsed.as_millis() {
        ms @ 0..1_000 => format!("{ms} ms"),
        _ => format!("{:.1} s", elapsed.as_secs_f64()),
    }
}

/// What a run did in a second, in the order of the report. A journal's figures go on from one run to
/// the next: what earlier ones did is not this one's.
struct Rates {
    topics: Vec<u64>,
    subscriptions: Vec<u64>,
}

impl Rates {
    fn new(report: &Report, began: Option<&Began>) -> Self {
        let before = began.map(|began| &began.report);
        Self {
            topics: since(published, report, before),
            subscriptions: since(handled, report, before),
        }
    }
}

fn published(report: &Report) -> Vec<(&str, u64)> {
    report.topics.iter().map(|one| (one.name.as_str(), one.published)).collect()
}

fn handled(report: &Report) -> Vec<(&str, u64)> {
    report.subscriptions.iter().map(|one| (one.name.as_str(), one.handled)).collect()
}

fn since(of: fn(&Report) -> Vec<(&str, u64)>, now: &Report, before: Option<&Report>) -> Vec<u64> {
    let before: BTreeMap<&str, u64> = before.map(of).unwrap_or_default().into_iter().collect();
    let before = |name: &str| before.get(name).copied().unwrap_or(0);
    let done = of(now).into_iter().map(|(name, number)| number.saturating_sub(before(name)));
    done.map(|done| per_second(done, now)).collect()
}

fn shown_rate(rate: u64) -> String {
    format!("{}/s", count(rate))
}

fn per_second(number: u64, report: &Report) -> u64 {
    (number as f64 / report.elapsed.as_secs_f64().max(1e-9)) as u64
}
