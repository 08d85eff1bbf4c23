//! Every finding code has a page, and what a page calls wrong and right is just that.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

mod directives;

use millstream_pipeline::{codes, explain};

/// Its example would need five hundred mistakes.
const WITHOUT_EXAMPLE: &str = "MS0118";

#[test]
fn every_code_has_a_page_that_begins_with_it() {
    for code in codes() {
        let page = explain(code).unwrap();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        assert!(page.lines().nth(2).is_some_and(|line| !line.is_empty()), "{code} says nothing");
    }
}

#[test]
fn a_code_is_found_however_it_is_written_and_others_are_not() {
    assert_eq!(explain(" ms0201\n"), explain("MS0201"));
    assert_eq!(explain("MS0200"), None);
    assert_eq!(explain(""), None);
}

#[test]
fn codes_are_in_order_and_given_once() {
    let codes: Vec<&str> = codes().collect();
    assert!(codes.is_sorted_by(|before, after| before < after), "{codes:?}");
}

#[test]
fn the_wrong_example_of_a_page_has_its_finding_and_only_that() {
    for code in codes().filter(|code| *code != WITHOUT_EXAMPLE) {
        assert_eq!(codes_in(&example(code, "Wrong:")), [code]);
    }
}

#[test]
fn the_right_example_of_a_page_has_no_finding_at_all() {
    for code in codes().filter(|code| *code != WITHOUT_EXAMPLE) {
        assert_eq!(codes_in(&example(code, "Right:")), Vec::<&str>::new(), "{code}");
    }
}

fn codes_in(text: &str) -> Vec<&'static str> {
    let findings = directives::check(text, "page.yaml").findings;
    findings.iter().map(|finding| finding.code).collect()
}

fn example(code: &str, heading: &str) -> String {
    let page = explain(code).unwrap();
    let behind = page.split_once(heading).unwrap_or_else(|| panic!("{code} has no {heading}")).1;
    let block = behind.split_once("```yaml\n").unwrap().1;
    block.split_once("```").unwrap().0.to_owned()
}
