//! `dlq redrive`, `dlq purge`: dead letters go back, or away.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::super::{answer, cell, number};
use crate::arguments::{Choice, DlqRedrive};
use crate::failure::Failure;
use crate::print::{Format, count, counted};
use crate::remote::Remote;

/// Largest payload that is sent: no topic takes more.
const PAYLOAD_BYTES_MAX: u64 = 64 << 20;

/// Does what `dlq redrive` says.
pub(super) fn redrive(args: &DlqRedrive, host: &Remote, format: Format) -> Result<(), Failure> {
    let subscription = &args.subscription;
    let path = ["v1", "subscriptions", subscription, "redrive"];
    if args.status || args.stop {
        let job = if args.stop { host.delete(&path)? } else { host.get(&path, &[])? };
        return answer(&job, format, &progress(subscription, &job));
    }
    let mut asked = chosen(&args.choice, args.dry_run);
    if let Some(rate) = &args.rate {
        asked["rate"] = json!(rate);
    }
    if let Some(file) = &args.edit_payload {
        if args.choice.ids.len() != 1 {
            return Err(Failure::wrong("--edit-payload replaces the payload of exactly one --id"));
        }
        let (name, payload) = payload(&read(file).map_err(Failure::Wrong)?);
        asked[name] = payload;
    }
    let moved = host.tell(&path, &asked)?;
    if moved["state"].is_string() {
        return answer(&moved, format, &started(subscription, &moved));
    }
    let done = format!("put back to `{subscription}`");
    conclude(&moved, &args.choice, args.dry_run, &done, format)
}

/// Does what `dlq purge` says.
pub(super) fn purge(
    subscription: &str,
    choice: &Choice,
    dry_run: bool,
    host: &Remote,
    format: Format,
) -> Result<(), Failure> {
    let path = ["v1", "subscriptions", subscription, "purge"];
    let moved = host.tell(&path, &chosen(choice, dry_run))?;
    conclude(&moved, choice, dry_run, &format!("of `{subscription}` deleted"), format)
}

/// The choice as the host wants it.
fn chosen(choice: &Choice, dry_run: bool) -> Value {
    let mut asked = json!({});
    if dry_run {
        asked["dry_run"] = json!(true);
    }
    match (&choice.condition, choice.all) {
        (Some(condition), _) => asked["where"] = json!(condition),
        (None, true) => asked["all"] = json!(true),
        (None, false) => asked["ids"] = json!(choice.ids),
    }
    asked
}

/// Shows what became of it. Fails where less was done than asked.
fn conclude(
    moved: &Value,
    choice: &Choice,
    dry_run: bool,
    done: &str,
    format: Format,
) -> Result<(), Failure> {
    let matched = number(moved, "matched");
    answer(moved, format, &sentence(matched, number(moved, "moved"), dry_run, done))?;
    let unknown = (choice.ids.len() as u64).saturating_sub(matched);
    if unknown > 0 {
        let ids = counted(choice.ids.len() as u64, "id");
        return Err(anyhow!("no dead letter for {} of {ids}", count(unknown)).into());
    }
    if moved["complete"] == json!(false) {
        return Err(anyhow!(
            "not all of them for now: no more may be parked, or it took too long; do it again, or redrive with --rate"
        )
        .into());
    }
    Ok(())
}

fn sentence(matched: u64, moved: u64, dry_run: bool, done: &str) -> String {
    match (matched, dry_run) {
        (0, _) => "no dead letter matches".to_owned(),
        (_, true) => format!("{} would be {done}", counted(matched, "dead letter")),
        (_, false) => format!("{} of {} {done}", count(moved), counted(matched, "dead letter")),
    }
}

fn started(subscription: &str, job: &Value) -> String {
    format!(
        "{}; `millstream dlq redrive {subscription} --status` says how far it is, `--stop` stops it",
        progress(subscription, job)
    )
}

fn progress(subscription: &str, job: &Value) -> String {
    let (moved, matched) = (count(number(job, "moved")), number(job, "matched"));
    let matched = counted(matched, "dead letter");
    format!("redrive of `{subscription}` {}: {moved} of {matched} put back", cell(job, "state"))
}

/// The payload as a member of the request: its name and value.
fn payload(bytes: &[u8]) -> (&'static str, Value) {
    match std::str::from_utf8(bytes) {
        Ok(text) => ("payload", json!(text)),
        Err(_) => ("payload_base64", json!(BASE64_STANDARD.encode(bytes))),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("could not open {shown}"))?;
    let mut bytes = Vec::new();
    file.take(PAYLOAD_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("could not read {shown}"))?;
    if bytes.len() as u64 > PAYLOAD_BYTES_MAX {
        bail!("{shown} is larger than {} MiB: no topic takes it", PAYLOAD_BYTES_MAX >> 20);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{payload, sentence};

    #[test]
    fn a_payload_that_is_no_text_goes_as_base64() {
        assert_eq!(payload(b"{}\n"), ("payload", json!("{}\n")));
        assert_eq!(payload(&[0xff, 0]), ("payload_base64", json!("/wA=")));
    }

    #[test]
    fn a_dry_run_says_what_would_be_done() {
        let said = |matched, moved, dry_run| sentence(matched, moved, dry_run, "deleted");
        assert_eq!(said(2, 0, true), "2 dead letters would be deleted");
        assert_eq!(said(2, 1, false), "1 of 2 dead letters deleted");
        assert_eq!(said(0, 0, false), "no dead letter matches");
    }
}
