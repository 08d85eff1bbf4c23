//! Each `cases/NAME.yaml` is checked and what a person would read is compared with `NAME.expected`.
//! A new case is a new file; `BLESS=1 cargo test -p millstream-pipeline --test cases` writes what
//! is found, to be read before it is committed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

mod directives;

use std::fs;
use std::path::{Path, PathBuf};

use millstream_pipeline::{Severity, render};

#[test]
fn every_case_reads_as_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = outcome(&case);
        let expected = case.with_extension("expected");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

/// The plan is there if and only if nothing is an error, and every place lies within the file.
#[test]
fn every_case_keeps_the_promises_about_findings() {
    for case in cases() {
        let text = fs::read_to_string(&case).unwrap();
        let checked = directives::check(&text, "case.yaml");
        let errors =
            checked.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        assert_eq!(checked.plan.is_some(), errors == 0, "{}", case.display());
        let lines = text.lines().count().max(1) + 1;
        for finding in &checked.findings {
            assert!((1..=lines).contains(&finding.line), "{finding:?}");
            assert!(
                (finding.line, finding.column) <= (finding.end_line, finding.end_column),
                "{finding:?}"
            );
            assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
        }
    }
}

/// The file that the project's promise is about: ten mistakes of ten kinds, ten findings, one run.
#[test]
fn ten_different_mistakes_are_ten_findings_in_one_run() {
    let text = fs::read_to_string(folder().join("ten-mistakes.yaml")).unwrap();
    let findings = directives::check(&text, "ten-mistakes.yaml").findings;
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!((findings.len(), codes.len()), (10, 10), "{findings:#?}");
    // Each mistake is marked in the file by a comment that names its code, on its own line.
    for finding in &findings {
        let line = text.lines().nth(finding.line - 1).unwrap();
        assert!(
            line.contains(finding.code),
            "{} is not at line {}: {line}",
            finding.code,
            finding.line
        );
    }
}

fn outcome(case: &Path) -> String {
    let text = fs::read_to_string(case).unwrap();
    let file = case.file_name().unwrap().to_string_lossy();
    let checked = directives::check(&text, &file);
    if checked.findings.is_empty() {
        "ok\n".to_owned()
    } else {
        render(&checked.findings, &text, false)
    }
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    cases.sort();
    assert!(cases.len() >= 25);
    cases
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}
