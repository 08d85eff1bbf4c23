//! `test DIR`: a plugin folder's cases through the real host.

use std::path::Path;

use anyhow::{Context, Error, anyhow};
use millstream_plugin_host::{Host, HostSettings};
use millstream_workshop::{CaseReport, Difference, Runs};
use serde_json::{Value, json};

use crate::compile_cache;
use crate::failure::Failure;
use crate::print::{self, Format, counted};

pub(super) fn execute(folder: &Path, format: Format) -> Result<(), Failure> {
    let reports = run(folder)?;
    match format {
        Format::Human => reports.iter().try_for_each(|report| print::text(&page(report)))?,
        Format::Json => print::json(&reports.iter().map(document).collect::<Vec<_>>())?,
    }
    let cases = counted(reports.len() as u64, "case");
    match reports.iter().filter(|report| !report.passed()).count() {
        0 if format == Format::Human => print::text(&format!("{cases} passed")),
        0 => Ok(()),
        failed => Err(anyhow!("{failed} of {cases} failed").into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(folder: &Path) -> Result<Vec<CaseReport>, Failure> {
    let settings = HostSettings { cache: compile_cache::folder(), ..HostSettings::default() };
    let host = Host::new(settings).context("the host of plugins does not start")?;
    Ok(millstream_workshop::test(folder, &host).await.map_err(Error::new)?)
}

fn page(report: &CaseReport) -> String {
    if report.passed() {
        return format!("ok      {}", report.name);
    }
    let differences = report.differences.iter().map(|one| one.to_string().replace('\n', "\n  "));
    let lines: Vec<String> = differences.map(|text| format!("  {text}")).collect();
    format!("FAILED  {}\n{}", report.name, lines.join("\n"))
}

fn document(report: &CaseReport) -> Value {
    json!({
        "case": report.name,
        "messages": report.messages,
        "passed": report.passed(),
        "differences": report.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

fn difference(one: &Difference) -> Value {
    let runs = match one.runs {
        Runs::Both => "both",
        Runs::Batch => "batch",
        Runs::Single => "single",
    };
    json!({
        "message": one.message, "runs": runs, "place": one.place, "expected": one.expected, "found": one.found
    })
}
