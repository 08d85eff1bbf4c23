//! `tap`: the messages of a topic of the running host, as they pass.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, anyhow};
use serde_json::Value;

use super::cell;
use crate::arguments::{Tap, TapFrom};
use crate::failure::Failure;
use crate::logs;
use crate::print::{self, Format, count, counted};
use crate::remote::Remote;

/// Longest line of the stream: the largest message, every byte of it escaped.
const LINE_BYTES_MAX: u64 = 512 << 20;

pub(super) fn execute(args: &Tap, host: &Remote, format: Format) -> Result<(), Failure> {
    let from = match args.from {
        TapFrom::Now => "now",
        TapFrom::Earliest => "earliest",
    };
    let count = args.count.map(|count| count.to_string());
    let query = [("from", Some(from.to_owned())), ("count", count), ("key", args.key.clone())];
    let query: Vec<(&str, String)> =
        query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let stream = host.stream(&["v1", "topics", &args.topic, "tap"], &query)?;
    match show(&mut BufReader::new(stream), format)? {
        End::OfReader => Ok(()),
        End::OfStream { shown } if shown >= args.count.unwrap_or(0) => Ok(()),
        End::OfStream { shown } => {
            let shown = counted(shown, "message");
            Err(anyhow!("the host ended the tap after {shown}").into())
        }
    }
}

/// Why a tap ends.
enum End {
    /// The host has no more.
    OfStream { shown: u64 },
    /// Nobody reads what is shown.
    OfReader,
}

/// Shows event after event.
fn show(stream: &mut dyn BufRead, format: Format) -> Result<End, Failure> {
    let mut shown = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = Read::take(&mut *stream, LINE_BYTES_MAX).read_until(b'\n', &mut line);
        if read.context("the tap broke off")? == 0 {
            return Ok(End::OfStream { shown });
        }
        let text = String::from_utf8_lossy(&line);
        match text.trim_end_matches(['\r', '\n']).split_once(':') {
            Some(("", comment)) => tell(comment.trim()),
            Some(("data", message)) => {
                if !show_one(message.trim_start(), format)? {
                    return Ok(End::OfReader);
                }
                shown += 1;
            }
            _ => {}
        }
    }
}

/// Whether anybody may read more.
fn show_one(message: &str, format: Format) -> Result<bool, Failure> {
    if format == Format::Json {
        return print::still_read(message);
    }
    let message: Value =
        serde_json::from_str(message).context("the host sent what is no message")?;
    print::still_read(&line(&message))
}

/// A message for people, in one line.
fn line(message: &Value) -> String {
    let key = message["key"].as_str().map(|key| format!("  key={}", plain(key)));
    let payload = match message["payload"].as_str() {
        Some(text) => plain(text),
        None => format!("(base64) {}", cell(message, "payload_base64")),
    };
    let (at, id) = (cell(message, "published_at"), cell(message, "id"));
    format!("{at}  {id}{}  {payload}", key.unwrap_or_default())
}

/// What a message holds is anybody's: it may neither end the line nor steer the terminal.
fn plain(text: &str) -> String {
    let shown =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

fn tell(comment: &str) {
    if let Some(messages) = comment.strip_prefix("missed ").and_then(|n| n.parse().ok()) {
        logs::say(&format!("missed {} messages: read faster, or tap less", count(messages)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn a_message_is_one_line_and_steers_no_terminal() {
        let message = json!({
            "id": "i", "key": "a\tb", "payload": "x\ny\u{1b}[2J", "published_at": "t"
        });
        assert_eq!(line(&message), r"t  i  key=a\tb  x\ny\u{1b}[2J");
        let bytes =
            json!({ "id": "i", "key": null, "payload_base64": "/w==", "published_at": "t" });
        assert_eq!(line(&bytes), "t  i  (base64) /w==");
    }
}
