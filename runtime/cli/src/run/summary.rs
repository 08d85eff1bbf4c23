//! What a run tells at its end.

use std::time::Duration;

use millstream_pipeline::{Consumer, Plan, SinkConnector, SubscriptionPlan};
use millstream_runner::{Report, SourceReport, SubscriptionReport};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::logs;
use crate::print::{self, Format, count, counted, table};

/// Says what the pipeline did: on stdout, unless a sink of the pipeline writes there.
pub(super) fn show(plan: &Plan, report: &Report, format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Human => human(&plan.name, report),
        Format::Json => print::pretty(&document(&plan.name, report)?)?,
    };
    let writes_to_stdout =
        |one: &SubscriptionPlan| one.consumer == Consumer::Sink(SinkConnector::Stdout);
    if plan.subscriptions.iter().any(writes_to_stdout) {
        logs::say(&text);
        return Ok(());
    }
    print::text(&text)
}

fn human(name: &str, report: &Report) -> String {
    let mut parts = vec![format!("pipeline `{name}` ran for {}", elapsed(report.elapsed))];
    if !report.sources.is_empty() {
        parts.push(sources(report));
    }
    parts.push(topics(report));
    parts.push(subscriptions(report));
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

fn topics(report: &Report) -> String {
    let rows: Vec<[String; 5]> = report
        .topics
        .iter()
        .map(|one| {
            let rate = rate(one.published, report);
            [one.name.clone(), one.kind.to_owned(), count(one.published), count(one.depth), rate]
        })
        .collect();
    table(&["TOPIC", "KIND", "PUBLISHED", "DEPTH", "RATE"], &[], &rows)
}

fn subscriptions(report: &Report) -> String {
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
        report.subscriptions.iter().map(|one| subscription(one, report)).collect();
    table(&names, &["FILTERED", "PURGED", "REDRIVEN"], &rows)
}

fn subscription(one: &SubscriptionReport, report: &Report) -> [String; 11] {
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
        rate(one.handled, report),
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
fn document(name: &str, report: &Report) -> Result<Value, Failure> {
    let mut document = serde_json::to_value(report).map_err(anyhow::Error::new)?;
    document["pipeline"] = json!(name);
    for (topic, shown) in report.topics.iter().zip(items(&mut document, "topics")) {
        shown["rate"] = json!(per_second(topic.published, report));
    }
    for (one, shown) in report.subscriptions.iter().zip(items(&mut document, "subscriptions")) {
        shown["rate"] = json!(per_second(one.handled, report));
    }
    Ok(document)
}

fn items<'a>(document: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    document[list].as_array_mut().into_iter().flatten()
}

fn elapsed(elapsed: Duration) -> String {
    match elapsed.as_millis() {
        ms @ 0..1_000 => format!("{ms} ms"),
        _ => format!("{:.1} s", elapsed.as_secs_f64()),
    }
}

fn rate(number: u64, report: &Report) -> String {
    format!("{}/s", count(per_second(number, report)))
}

fn per_second(number: u64, report: &Report) -> u64 {
    (number as f64 / report.elapsed.as_secs_f64().max(1e-9)) as u64
}
