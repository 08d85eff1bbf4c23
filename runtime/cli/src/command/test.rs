//! `test DIR`: a plugin folder's cases through the real host.

use std::path::Path;

use anyhow::{Error, anyhow};
use millstream_workshop::{CaseReport, Difference, Runs};
use serde_json::{Value, json};

use crate::arguments::Test;
use crate::failure::Failure;
use crate::logs;
use crate::plugin_host;
use crate::print::{self, Format, counted};

pub(super) fn execute(args: &Test, format: Format) -> Result<(), Failure> {
    let reports = run(&args.dir)?;
    match format {
        Format::Human => reports.iter().try_for_each(|report| print::text(&page(report)))?,
        Format::Json => print::json(&reports.iter().map(document).collect::<Vec<_>>())?,
    }
    let failed: Vec<&CaseReport> = reports.iter().filter(|report| !report.passed()).collect();
    let cases = counted(reports.len() as u64, "case");
    match failed.len() {
        0 if format == Format::Human => print::text(&format!("{cases} passed")),
        0 => Ok(()),
        number if args.bless => {
            let blessed = |report: &&CaseReport| millstream_workshop::bless(&args.dir, report);
            failed.iter().try_for_each(blessed).map_err(Error::new)?;
            logs::say(&format!("wrote what came out into {}", counted(number as u64, "case")));
            Ok(())
        }
        number => Err(anyhow!("{number} of {cases} failed").into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(folder: &Path) -> Result<Vec<CaseReport>, Failure> {
    let host = plugin_host::start()?;
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
