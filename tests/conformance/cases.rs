//! The scenarios that are cases.

use std::path::PathBuf;

use millstream_tests::{millstream_unhurried, repository};
use serde_json::Value;

use crate::Results;
use crate::guest::Guest;

fn folder() -> PathBuf {
    repository().join("tests/conformance")
}

/// Name and claim of each, in the order of their names. The claim is the file's first line.
pub(crate) fn scenarios() -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder().join("scenarios")).expect("there are scenarios");
    let mut scenarios: Vec<(String, String)> = files
        .map(|file| {
            let path = file.expect("they can be listed").path();
            let text = std::fs::read_to_string(&path).expect("a scenario is text");
            let claim = text.lines().next().and_then(|line| line.strip_prefix("# "));
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            (name, claim.expect("it begins with what it claims").to_owned())
        })
        .collect();
    scenarios.sort();
    scenarios
}

/// The payload of 1 MiB that scenarios name: every byte, again and again.
pub(crate) fn write_payload() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    std::fs::create_dir_all(folder().join("build")).expect("a folder can be made");
    std::fs::write(folder().join("build/mebibyte.bin"), bytes).expect("a file can be written");
}

/// Runs all of them through `guest`.
#[track_caller]
pub(crate) fn run(guest: &Guest) -> Results {
    let folder = guest.folder();
    let args = ["test".as_ref(), folder.as_os_str(), "--format".as_ref(), "json".as_ref()];
    let output = millstream_unhurried(args);
    assert!(matches!(output.code, Some(0 | 1)), "{}: {output:#?}", guest.name);
    let results: Results =
        output.json().as_array().expect("cases are a list").iter().map(result).collect();
    let names: Vec<String> = scenarios().into_iter().map(|(name, _)| name).collect();
    assert_eq!(results.keys().cloned().collect::<Vec<_>>(), names, "{}", guest.name);
    results
}

fn result(case: &Value) -> (String, String) {
    let name = case["case"].as_str().expect("a case has a name").to_owned();
    let passed = case["passed"] == true;
    (name, if passed { String::new() } else { case["differences"].to_string() })
}
