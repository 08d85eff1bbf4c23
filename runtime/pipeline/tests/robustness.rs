//! No text makes the check panic, hang or forget its promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use millstream_pipeline::{Checked, Severity, parse, render};
use proptest::prelude::*;

#[test]
fn a_file_of_more_than_a_megabyte_is_refused() {
    let checked = check(&format!("pipeline: p\n# {}\n", "x".repeat(1024 * 1024)));
    assert_eq!(codes(&checked), ["MS0102"]);
}

#[test]
fn more_findings_than_anyone_reads_are_cut_and_it_is_said() {
    let keys: String = (0..5_000).map(|number| format!("key-{number}: 1\n")).collect();
    let checked = check(&keys);
    assert_eq!(checked.findings.len(), 501);
    assert_eq!(codes(&checked).last(), Some(&"MS0118"));
    assert_eq!(checked.plan, None);
}

#[test]
fn variables_cannot_blow_a_file_up() {
    let text = format!("pipeline: p\nplugins:\n  p: {{ source: \"{}\" }}\n", "${A}".repeat(10_000));
    let long = "a".repeat(100_000);
    let draft = parse(&text, "p.yaml", Path::new("/"), &|_| Some(long.clone()));
    assert!(codes(&draft.check(&BTreeMap::new())).contains(&"MS0102"));
}

#[test]
fn nesting_through_aliases_is_bounded_too() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..400 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(codes(&check(&text)), ["MS0102"]);
}

#[test]
fn a_file_on_one_long_line_is_not_repeated_for_each_finding() {
    let keys: Vec<String> = (0..400).map(|number| format!("key-{number}: 1")).collect();
    let text = format!("{{ {} }}", keys.join(", "));
    let checked = check(&text);
    let shown = render(&checked.findings, &text, false);
    assert!(shown.contains('…'));
    assert!(shown.len() < checked.findings.len() * 1_000, "{} bytes", shown.len());
}

#[test]
fn what_a_file_holds_cannot_drive_the_terminal() {
    let text = "pipeline: p\ntopics:\n  \"\\e[2Jclear\": { kind: event }\n";
    let shown = render(&check(text).findings, text, false);
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn colour_is_used_only_when_asked_for() {
    let checked = check("pipeline: 5\n");
    assert!(!render(&checked.findings, "pipeline: 5\n", false).contains('\u{1b}'));
    assert!(render(&checked.findings, "pipeline: 5\n", true).contains('\u{1b}'));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        keeps_its_promises(&text)?;
    }

    #[test]
    fn no_text_of_yaml_characters_panics(text in "[a-z0-9:{}\\[\\],&*!|>'\"%@`#$? \\-\\n\\t\\r~<.é日]{0,120}") {
        keeps_its_promises(&text)?;
    }

    #[test]
    fn no_damaged_file_panics(case in any::<prop::sample::Index>(), cuts in damage()) {
        let cases = cases();
        let mut text = case.get(&cases).clone();
        for (place, length, put_in) in cuts {
            let chars: Vec<char> = text.chars().collect();
            let start = place.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            text = chars[..start].iter().chain(put_in.chars().collect::<Vec<_>>().iter()).chain(&chars[end..]).collect();
        }
        keeps_its_promises(&text)?;
    }
}

/// Some places where a few characters are replaced by others.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, String)>> {
    let token = prop_oneof![
        Just(String::new()),
        "[{}\\[\\]:,&*!\"'#\\n\\t -]{1,3}",
        Just("*a".to_owned()),
        Just("null".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("1e400".to_owned()),
        Just("${X}".to_owned()),
        Just("[[]]".to_owned()),
        Just("{a: {}}".to_owned()),
        Just("\u{1}".to_owned()),
        Just("日本".to_owned()),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, token), 1..5)
}

fn keeps_its_promises(text: &str) -> Result<(), TestCaseError> {
    let checked = check(text);
    let errors =
        checked.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    prop_assert_eq!(checked.plan.is_some(), errors == 0);
    for finding in &checked.findings {
        prop_assert!(finding.line >= 1 && finding.column >= 1);
        prop_assert!((finding.line, finding.column) <= (finding.end_line, finding.end_column));
        // A gap in the checks shows as one of these two.
        prop_assert!(finding.message != "something is missing here", "{:?}", checked.findings);
        prop_assert!(
            !finding.message.starts_with("the file cannot be read"),
            "{:?}",
            checked.findings
        );
    }
    let shown = render(&checked.findings, text, false);
    prop_assert_eq!(shown.is_empty(), checked.findings.is_empty());
    Ok(())
}

fn check(text: &str) -> Checked {
    parse(text, "p.yaml", Path::new("/pipelines"), &|name| (name == "X").then(|| "x".to_owned()))
        .check(&BTreeMap::new())
}

fn codes(checked: &Checked) -> Vec<&'static str> {
    checked.findings.iter().map(|finding| finding.code).collect()
}

fn cases() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut yaml: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    yaml.sort();
    yaml.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}
