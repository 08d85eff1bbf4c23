//! Runs the guests of one folder and holds what the user sees of each to the table.

use std::collections::BTreeMap;

use millstream_tests::{Api, Host, Input, Output, Project, figure, millstream};
use serde_json::Value;

use crate::Guest;
use crate::case::{Case, Seen};
use crate::outside::Outside;
use crate::pipeline::{HEALTHY, Settings, short, write};
use crate::table;

/// Messages that each guest gets, in one request.
const MESSAGES: u64 = 3;

const SETTINGS: Settings = Settings {
    limits: "memory: 64MiB, compile_timeout: 8s, compile_memory: 256MiB, compile_size: 4MiB",
    timeout: "100ms",
    patience: "20s",
    attempts: 2,
    one_topic: false,
};

/// Holds every guest of the folder `name` to what the table says of it.
pub(crate) fn run(name: &str) {
    let outside = Outside::start();
    let guests = Guest::ALL.into_iter().filter(|guest| guest.name().starts_with(name));
    let cases: Vec<(Guest, Case)> =
        guests.map(|guest| (guest, table::case(guest, &outside))).collect();
    let (refused, running): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(_, case)| matches!(case.seen, Seen::Finding(..)));
    let mut wrong = Vec::new();
    // What cannot be read hides what does not start: a check asks the one before the other.
    let mut by_code: BTreeMap<&str, Vec<(Guest, Case)>> = BTreeMap::new();
    for (guest, case) in refused {
        let Seen::Finding(code, _) = case.seen else { continue };
        by_code.entry(code).or_default().push((guest, case));
    }
    by_code.values().for_each(|guests| refuses(guests, &mut wrong));
    if !running.is_empty() {
        runs(&running, &mut wrong);
    }
    assert_eq!(outside.visits(), 0, "a guest reached a host that no grant lists");
    assert!(
        wrong.is_empty(),
        "{} of them are not as they should:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Neither `check` nor `run` takes any of `guests`, and both say the same of each.
fn refuses(guests: &[(Guest, Case)], wrong: &mut Vec<String>) {
    let project = Project::new();
    let file = write(&project, guests, &SETTINGS);
    let checked = millstream(["check", &file.display().to_string(), "--format", "json"]);
    assert_eq!(checked.code, Some(2), "{checked:#?}");
    let findings = checked.json();
    for (guest, case) in guests {
        if let Err(what) = refused(case, short(*guest), &findings) {
            wrong.push(format!("{}: {what}", guest.name()));
        }
    }
    let ran: Output = Host::run(&file, &["--drain"], &[], b"");
    assert!(matches!(ran.code, Some(1 | 2)), "{ran:#?}");
    assert!(!ran.stderr.contains("serving `"), "it had started: {ran:#?}");
}

fn refused(case: &Case, name: &str, findings: &Value) -> Result<(), String> {
    let Seen::Finding(code, says) = case.seen else { return Ok(()) };
    let about = |finding: &&Value| {
        let path = finding["path"].as_str().unwrap_or_default();
        path.split(['.', '/']).any(|part| part == name)
    };
    let all = findings.as_array().ok_or("no list of findings")?;
    let found: Vec<&Value> = all.iter().filter(about).collect();
    let fits = |finding: &&Value| {
        let text = format!("{} {}", finding["message"], finding["help"]);
        finding["code"] == code && says.iter().all(|word| text.contains(word))
    };
    match found.iter().any(fits) {
        true => Ok(()),
        false => Err(format!("no {code} that says {says:?}, but {found:#?}")),
    }
}

/// Runs `guests` in one host, all at once.
fn runs(guests: &[(Guest, Case)], wrong: &mut Vec<String>) {
    let project = Project::new();
    let file = write(&project, guests, &SETTINGS);
    let host = Host::start(&file, Input::None, &[]);
    let api = host.api();
    for (guest, case) in guests {
        publish(&api, short(*guest), &case.payload);
    }
    publish(&api, HEALTHY, "hello");
    let mut to_be_logged = Vec::new();
    for (guest, case) in guests {
        if let Err(what) = seen(&host, case, short(*guest)) {
            wrong.push(format!("{}: {what}", guest.name()));
        }
        if let Seen::Handled(says) = case.seen {
            to_be_logged.extend(says.iter().map(|word| (guest.name(), *word)));
        }
    }
    api.subscription_until(HEALTHY, |figures| figure(figures, "handled") == MESSAGES);
    api.adds_up();
    host.signal("TERM");
    let output = host.finish().success();
    for (guest, word) in to_be_logged {
        if !output.stderr.contains(word) {
            wrong.push(format!("{guest}: the log does not say {word:?}"));
        }
    }
    assert!(!paints(&output.stderr), "a guest paints the terminal by the log: {output:#?}");
}

fn publish(api: &Api, name: &str, payload: &str) {
    let line = serde_json::json!({ "payload": payload }).to_string() + "\n";
    let lines = line.repeat(MESSAGES as usize);
    let form = "application/vnd.millstream.messages+ndjson";
    let (status, answer) = api.publish(&format!("to-{name}"), form, lines);
    assert_eq!(status, 202, "{answer:#}");
}

/// Waits until the guest's messages came to an end, and says what is wrong with it.
fn seen(host: &Host, case: &Case, name: &str) -> Result<(), String> {
    let ended = |figures: &Value| {
        figure(figures, "handled") + figure(figures, "dead_lettered") + figure(figures, "parked")
            == MESSAGES
    };
    let api = host.api();
    let figures = match case.seen {
        Seen::Waits => {
            api.subscription_until(name, |figures| figure(figures, "parked") == MESSAGES)
        }
        _ => {
            api.subscription_until(name, |figures| ended(figures) && figure(figures, "parked") == 0)
        }
    };
    let (handled, retried) = (figure(&figures, "handled"), figure(&figures, "failed"));
    match case.seen {
        Seen::DeadLetter(begins, says) => dead_letters(host, name, begins, says),
        Seen::Handled(_) if handled == MESSAGES && retried == 0 => Ok(()),
        Seen::HandledAfterRetries if handled == MESSAGES && retried > 0 => Ok(()),
        Seen::Waits | Seen::Finding(..) => Ok(()),
        _ => Err(format!(
            "{handled} handled, {retried} retried; {:#}",
            host.api().get(&format!("/v1/subscriptions/{name}/dead-letters")).1
        )),
    }
}

/// All of its messages are dead letters that say why, in the API and in the list for people.
fn dead_letters(host: &Host, name: &str, begins: &str, says: &[&str]) -> Result<(), String> {
    let (_, letters) = host.api().get(&format!("/v1/subscriptions/{name}/dead-letters"));
    let letters = letters["items"].as_array().cloned().unwrap_or_default();
    if letters.len() as u64 != MESSAGES {
        return Err(format!("{} dead letters", letters.len()));
    }
    for letter in &letters {
        let error = letter["dead_letter"]["error"].as_str().unwrap_or_default();
        if !error.starts_with(begins) || !says.iter().all(|word| error.contains(word)) {
            return Err(format!("its error is {error:?}, not {begins:?} and {says:?}"));
        }
    }
    let listed = host.command(&["dlq", "ls", name]).success().stdout;
    match paints(&listed) {
        true => Err(format!("it paints the terminal: {listed:?}")),
        false => Ok(()),
    }
}

/// Whether a text holds what a terminal obeys, beside ends of lines and tabs.
fn paints(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}
