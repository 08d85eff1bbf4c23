//! What came out becomes what is expected: the end of a case that its author has looked at.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::error::{Mistake, WorkshopError};
use crate::observed::{Observed, Published};

/// What a case says after it was blessed.
pub(crate) enum Blessed<'a> {
    /// What became of each message.
    Answers(&'a [Observed]),
    /// Why the configuration was refused.
    Refusal(&'a str),
}

/// `text`, the case in `file`, with what came out in place of what it expected. The rest, comments
/// above included, stays as it was typed.
///
/// # Errors
/// The case is written as one map in braces, so there is no line to put the answers in.
pub(crate) fn bless(file: &Path, text: &str, found: &Blessed<'_>) -> Result<String, WorkshopError> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.iter().any(|line| line.starts_with('{')) {
        let message = "a case in braces cannot be rewritten: write its keys on lines of their own";
        return Err(Mistake::of_file(file, message).into());
    }
    let is_key = |line: &str| line.starts_with(|first: char| first.is_ascii_lowercase());
    let is_expectation =
        |line: &str| ["expect:", "config_refused:"].iter().any(|key| line.starts_with(key));
    let start = lines.iter().position(|line| is_expectation(line)).unwrap_or(lines.len());
    let end = (start + 1..lines.len()).find(|&i| is_key(lines[i])).unwrap_or(lines.len());
    let mut blessed = lines[..start].concat();
    if !blessed.is_empty() && !blessed.ends_with('\n') {
        blessed.push('\n');
    }
    blessed.push_str(&expectation(found));
    blessed.push_str(&lines[end.min(lines.len())..].concat());
    Ok(blessed)
}

fn expectation(found: &Blessed<'_>) -> String {
    match found {
        Blessed::Refusal(reason) => format!("config_refused: {}\n", json!(reason)),
        Blessed::Answers(answers) => {
            let lines: String =
                answers.iter().map(|answer| format!("  - {}\n", line(answer))).collect();
            format!("expect:\n{lines}")
        }
    }
}

/// One answer on one line. JSON is YAML.
fn line(answer: &Observed) -> Value {
    match answer {
        Observed::Ok(published) => {
            json!({ "ok": published.iter().map(output).collect::<Vec<_>>() })
        }
        Observed::Retry { reason, delay_ms: 0 } => json!({ "retry": reason }),
        Observed::Retry { reason, delay_ms } => json!({ "retry": reason, "delay_ms": delay_ms }),
        Observed::Reject(reason) => json!({ "reject": reason }),
        // The backtrace would differ after the next build.
        Observed::Failed(text) => json!({ "trap": text.lines().next().unwrap_or_default() }),
    }
}

/// What is usual is left out.
fn output(published: &Published) -> Value {
    let Published { topic, key, headers, payload, delay_ms } = published;
    let mut form = serde_json::Map::new();
    match (serde_json::from_slice::<Value>(payload), std::str::from_utf8(payload)) {
        (Ok(value), _) if value.is_object() || value.is_array() => {
            form.insert("json".to_owned(), value);
        }
        (_, Ok(text)) => {
            form.insert("payload".to_owned(), json!(text));
        }
        _ => {
            form.insert("payload_base64".to_owned(), json!(STANDARD.encode(payload)));
        }
    }
    form.extend(topic.iter().map(|topic| ("topic".to_owned(), json!(topic))));
    form.extend(key.iter().map(|key| ("key".to_owned(), json!(key))));
    if !headers.is_empty() {
        form.insert("headers".to_owned(), json!(headers));
    }
    if *delay_ms > 0 {
        form.insert("delay_ms".to_owned(), json!(delay_ms));
    }
    Value::Object(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blessed(text: &str, found: &Blessed<'_>) -> String {
        bless(Path::new("case.yaml"), text, found).unwrap()
    }

    #[test]
    fn only_the_expectation_is_rewritten() {
        let text = "# why\nmessages: [payload: a]   # as it came\nexpect:\n  - ok: []\n# more\n  - reject: b\nconfig: { a: 1 }\n";
        let found = [Observed::Reject("no: \"a\"".to_owned())];
        assert_eq!(
            blessed(text, &Blessed::Answers(&found)),
            "# why\nmessages: [payload: a]   # as it came\nexpect:\n  - {\"reject\":\"no: \\\"a\\\"\"}\nconfig: { a: 1 }\n"
        );
    }

    #[test]
    fn a_case_without_an_expectation_gets_one_at_its_end() {
        let found = [Observed::Retry { reason: "later".to_owned(), delay_ms: 5 }];
        let text = blessed("messages: [payload: a]", &Blessed::Answers(&found));
        assert_eq!(
            text,
            "messages: [payload: a]\nexpect:\n  - {\"retry\":\"later\",\"delay_ms\":5}\n"
        );
    }

    #[test]
    fn an_output_shows_what_is_not_usual() {
        let published = |payload: &[u8]| Published {
            topic: None,
            key: Some("k".to_owned()),
            headers: vec![("a".to_owned(), "b".to_owned())],
            payload: payload.to_vec(),
            delay_ms: 0,
        };
        let headers = json!([["a", "b"]]);
        let json = json!({ "json": { "n": 1 }, "key": "k", "headers": headers });
        assert_eq!(output(&published(b"{\"n\": 1}")), json);
        let text = json!({ "payload": "12", "key": "k", "headers": headers });
        assert_eq!(output(&published(b"12")), text);
        let bytes = json!({ "payload_base64": "/w==", "key": "k", "headers": headers });
        assert_eq!(output(&published(b"\xff")), bytes);
    }

    #[test]
    fn a_case_in_braces_is_left_alone() {
        let error = bless(Path::new("case.yaml"), "{ config_refused: a }", &Blessed::Refusal("b"));
        assert!(error.unwrap_err().to_string().contains("in braces"));
    }
}
