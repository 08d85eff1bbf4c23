//! `dlq export`: a dead letter as a case of its plugin.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::super::{answer, cell};
use super::headers;
use crate::failure::Failure;
use crate::print::Format;
use crate::remote::Remote;

/// Writes the case and says where.
pub(super) fn execute(
    subscription: &str,
    id: &str,
    folder: &Path,
    host: &Remote,
    format: Format,
) -> Result<(), Failure> {
    if !folder.join("plugin.toml").is_file() {
        let text = format!("{} is no plugin folder: it has no plugin.toml", folder.display());
        return Err(Failure::wrong(text));
    }
    let letter = host.get(&["v1", "subscriptions", subscription, "dead-letters", id], &[])?;
    let config = config(host, subscription)?;
    let file = folder.join("cases").join(file_name(&letter));
    write_new(&file, &case(&letter, &config))?;
    let (shown, folder) = (file.display().to_string(), folder.display());
    let sentence =
        format!("wrote {shown}; `millstream test {folder}` fails there until the plugin is mended");
    answer(&json!({ "case": shown }), format, &sentence)
}

/// The configuration that the pipeline gives the plugin of the subscription.
fn config(host: &Remote, subscription: &str) -> Result<Value, Failure> {
    let consumer = host.get(&["v1", "subscriptions", subscription], &[])?;
    let plugin = consumer["plugin"].as_str().ok_or_else(|| {
        anyhow!("subscription `{subscription}` has a sink, no plugin: there is nothing to test")
    })?;
    Ok(host.get(&["v1", "plugins", plugin], &[])?["config"].clone())
}

/// Named by why and which: the end of an id differs where messages were published together.
fn file_name(letter: &Value) -> String {
    let story = &letter["dead_letter"];
    let word = |text: String| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
    };
    let id = word(cell(story, "id"));
    let short = &id[id.len().saturating_sub(12)..];
    format!("{}-{short}.yaml", word(cell(story, "reason")))
}

/// The case file. Every value is written as JSON, which is YAML.
fn case(letter: &Value, config: &Value) -> String {
    let story = &letter["dead_letter"];
    let config = if config.is_object() { config.clone() } else { json!({}) };
    let mut lines = vec![format!(
        "# Message {} of `{}`, given up at {}:",
        cell(story, "id"),
        cell(story, "subscription"),
        cell(story, "last_failed_at")
    )];
    lines.extend(cell(story, "error").lines().map(|line| format!("#   {}", plain(line))));
    lines.push("# Passes once the plugin handles it.".to_owned());
    lines.push(format!("config: {}", yaml(&config)));
    lines.push("messages:".to_owned());
    let (name, payload) = payload(letter);
    lines.push(format!("  - {name}: {}", yaml(payload)));
    if letter["key"].is_string() {
        lines.push(format!("    key: {}", yaml(&letter["key"])));
    }
    let headers: Vec<(String, String)> = headers(letter).collect();
    if !headers.is_empty() {
        lines.push(format!("    headers: {}", yaml(&json!(headers))));
    }
    lines.push("expect:\n  - ok: any\n".to_owned());
    lines.join("\n")
}

fn payload(letter: &Value) -> (&'static str, &Value) {
    match &letter["payload"] {
        Value::Null => ("payload_base64", &letter["payload_base64"]),
        text => ("payload", text),
    }
}

/// JSON that is YAML too: what YAML does not take as it is, is escaped.
fn yaml(value: &Value) -> String {
    let escaped = |c: char| match c {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            format!("\\u{:04x}", u32::from(c))
        }
        _ => c.to_string(),
    };
    value.to_string().chars().map(escaped).collect()
}

/// A line of a comment: what could end it early or confuse a terminal is left out.
fn plain(line: &str) -> String {
    line.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')).collect()
}

/// Writes a file that is not there yet.
fn write_new(file: &PathBuf, text: &str) -> Result<(), Failure> {
    let shown = file.display();
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the folder {}", folder.display()))?;
    let mut open = OpenOptions::new();
    let opened = open.write(true).create_new(true).open(file);
    let mut opened = opened.with_context(|| format!("could not make {shown}"))?;
    Ok(opened.write_all(text.as_bytes()).with_context(|| format!("could not write {shown}"))?)
}

#[cfg(test)]
mod tests;
