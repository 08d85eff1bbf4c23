//! `dlq …`: the dead letters of a subscription of the running host.

mod export;
mod moving;

use serde_json::Value;

use super::{cell, list};
use crate::arguments::{DlqCommand, Global};
use crate::failure::Failure;
use crate::logs;
use crate::print::{self, Format};
use crate::remote::Remote;

/// Characters of an error that a table shows; `dlq show` has all of it.
const ERROR_CHARS_MAX: usize = 72;

pub(super) fn execute(command: &DlqCommand, global: &Global) -> Result<(), Failure> {
    let (host, format) = (&Remote::new(global)?, global.format);
    match command {
        DlqCommand::Ls { subscription, limit, after, condition } => {
            let page = [
                ("limit", Some(&limit.to_string())),
                ("after", after.as_ref()),
                ("where", condition.as_ref()),
            ];
            let given = page.into_iter().filter_map(|(name, value)| Some((name, value?.clone())));
            ls(host, subscription, &given.collect::<Vec<_>>(), format)
        }
        DlqCommand::Show { subscription, id } => show(host, subscription, id, format),
        DlqCommand::Redrive(args) => moving::redrive(args, host, format),
        DlqCommand::Purge { subscription, choice, dry_run } => {
            moving::purge(subscription, choice, *dry_run, host, format)
        }
        DlqCommand::Export { subscription, id, dir } => {
            export::execute(subscription, id, dir, host, format)
        }
    }
}

fn ls(
    host: &Remote,
    subscription: &str,
    page: &[(&str, String)],
    format: Format,
) -> Result<(), Failure> {
    let letters = host.get(&["v1", "subscriptions", subscription, "dead-letters"], page)?;
    list(
        &letters,
        format,
        ["ID", "KEY", "REASON", "ATTEMPTS", "LAST FAILED", "ERROR"],
        &[],
        |letter| {
            let story = &letter["dead_letter"];
            [
                // The message's own id, which `dlq show` takes, not that of its dead letter.
                cell(story, "id"),
                cell(letter, "key"),
                cell(story, "reason"),
                cell(story, "attempts"),
                cell(story, "last_failed_at"),
                first_line(&cell(story, "error")),
            ]
        },
    )?;
    if let (Format::Human, Some(next)) = (format, letters["next"].as_str()) {
        logs::say(&format!("there are more: go on with --after {next}"));
    }
    Ok(())
}

fn show(host: &Remote, subscription: &str, id: &str, format: Format) -> Result<(), Failure> {
    let letter = host.get(&["v1", "subscriptions", subscription, "dead-letters", id], &[])?;
    if format == Format::Json {
        return print::json(&letter);
    }
    print::text(&page(&letter))
}

fn page(letter: &Value) -> String {
    let story = &letter["dead_letter"];
    let mut lines = vec![line("id", &cell(story, "id")), line("key", &cell(letter, "key"))];
    let told = ["id", "error"];
    let rest =
        story.as_object().into_iter().flatten().filter(|(name, _)| !told.contains(&name.as_str()));
    lines.extend(rest.map(|(name, _)| line(&name.replace('_', " "), &cell(story, name))));
    let headers = headers(letter).map(|(name, value)| format!("{name}={value}"));
    lines.extend(headers.map(|header| line("header", &header)));
    lines.push(format!("\nerror\n{}", cell(story, "error")));
    lines.push(match letter["payload"].as_str() {
        Some(payload) => format!("\npayload\n{payload}"),
        None => format!("\npayload (not UTF-8, as base64)\n{}", cell(letter, "payload_base64")),
    });
    lines.join("\n")
}

/// The headers that the message had before its story was added.
fn headers(letter: &Value) -> impl Iterator<Item = (String, String)> {
    let text = |header: &Value, i: usize| header[i].as_str().unwrap_or_default().to_owned();
    let pairs = letter["headers"].as_array().into_iter().flatten();
    let pairs = pairs.map(move |header| (text(header, 0), text(header, 1)));
    pairs.filter(|(name, _)| !name.starts_with("millstream-dead-letter-"))
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<16}  {value}")
}

fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    match line.char_indices().nth(ERROR_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
