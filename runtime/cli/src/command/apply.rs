//! `apply FILE`: the running pipeline becomes that of the file.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use millstream_pipeline::{Finding, Severity, codes};
use millstream_runner::Applied;
use reqwest::StatusCode;
use serde_json::Value;

use crate::arguments::Apply;
use crate::failure::Failure;
use crate::pipeline_file::{self, read_text};
use crate::print::{self, Format};
use crate::remote::{Remote, refusal};

/// Plugins may have to be compiled before the host answers.
const APPLY_MAX: Duration = Duration::from_secs(600);

/// Hands the file to the host and shows what has changed, or why nothing has.
pub(super) fn execute(args: &Apply, host: &Remote, format: Format) -> Result<(), Failure> {
    let text = read_text(&args.file).map_err(Failure::Wrong)?;
    let query = query(args)?;
    let request = host.put(&["v1", "pipeline"], &query)?.timeout(APPLY_MAX).body(text.clone());
    let (status, answer) = host.ask(request)?;
    match status {
        status if status.is_success() => show(&answer, format),
        StatusCode::BAD_REQUEST => Err(Failure::Wrong(refusal(status, &answer))),
        status => Err(refused(status, &answer, &text, format)),
    }
}

fn query(args: &Apply) -> Result<Vec<(&'static str, String)>, Failure> {
    let Apply { file, dry_run, changes } = args;
    let mut query = vec![("base", base(file)?), ("name", file.display().to_string())];
    if *dry_run {
        query.push(("dry_run", "true".to_owned()));
    }
    let drops = changes.drops.iter().map(|one| ("drop", format!("{}:{}", one.kind, one.name)));
    query.extend(drops);
    let renames = changes.renames.iter();
    query.extend(renames.map(|one| ("rename", format!("{}:{}={}", one.kind, one.from, one.to))));
    Ok(query)
}

/// The folder of the file, from the root on: the host may have been started elsewhere.
fn base(file: &Path) -> Result<String, Failure> {
    let whole = file.canonicalize().with_context(|| format!("could not find {}", file.display()));
    let whole = whole.map_err(Failure::Wrong)?;
    let folder = whole.parent().and_then(Path::to_str);
    folder.map(str::to_owned).ok_or_else(|| Failure::wrong("the file's folder is not UTF-8"))
}

fn show(answer: &Value, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return print::json(answer);
    }
    let applied: Applied =
        serde_json::from_value(answer.clone()).context("the host's answer is no plan")?;
    print::text(&applied.to_string())
}

/// Shows the findings as `check` does.
fn refused(status: StatusCode, answer: &Value, text: &str, format: Format) -> Failure {
    let findings = answer["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let findings: Option<Vec<Finding>> = findings.iter().map(finding).collect();
    let findings = findings.filter(|findings| !findings.is_empty());
    let Some(findings) = findings else { return Failure::Failed(refusal(status, answer)) };
    let unusable = answer["type"].as_str().is_some_and(|kind| kind.ends_with("unusable"));
    match pipeline_file::show(&findings, text, format) {
        Err(unshown) => unshown,
        Ok(()) if unusable => Failure::Unusable,
        Ok(()) => Failure::Findings,
    }
}

/// None of a host whose codes are others.
fn finding(value: &Value) -> Option<Finding> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let number = |name: &str| usize::try_from(value[name].as_u64()?).ok();
    Some(Finding {
        code: codes().find(|code| Some(*code) == value["code"].as_str())?,
        severity: match value["severity"].as_str()? {
            "error" => Severity::Error,
            _ => Severity::Warning,
        },
        message: text("message")?,
        file: text("file")?,
        line: number("line")?,
        column: number("column")?,
        end_line: number("end_line")?,
        end_column: number("end_column")?,
        path: text("path")?,
        help: text("help")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_comes_back_as_it_went() {
        let went = Finding {
            code: "MS0201",
            severity: Severity::Error,
            message: "no such topic".to_owned(),
            file: "shop.yaml".to_owned(),
            line: 3,
            column: 5,
            end_line: 3,
            end_column: 9,
            path: "subscriptions.s.topic".to_owned(),
            help: "declare it".to_owned(),
        };
        let sent = serde_json::to_value(&went).unwrap();
        assert_eq!(finding(&sent), Some(went));
        assert_eq!(finding(&serde_json::json!({ "code": "MS9999" })), None);
    }
}
