//! A swap for people.

use serde_json::Value;

use super::super::{cell, number};
use crate::print::{count, counted};

/// One stage in a line: `delays  12:00:00.123  probation, until 12:00:30.123`.
pub(super) fn stage(status: &Value, stage: &Value) -> String {
    let name = cell(stage, "state");
    let more = match name.as_str() {
        "received" => format!(", in the place of {}", cell(status, "from")),
        "verified" => format!(", {}", cell(status, "to")),
        "canary" => format!(" of {} % of the keys", cell(&status["options"], "canary")),
        "promoted" => format!(": {} serves", cell(status, "to")),
        "refused" | "rolled-back" => format!(": {}", why(status)),
        _ => String::new(),
    };
    let lines = [Some(format!("{}  {name}{more}", cell(stage, "at")))];
    let compared = (name == "shadowing").then(|| shadow(&status["shadow"])).flatten();
    lines.into_iter().chain([compared]).flatten().collect::<Vec<_>>().join("\n")
}

/// The whole status.
pub(super) fn page(status: &Value) -> String {
    let line = |name: &str, value: String| Some(format!("{name:<9} {value}"));
    let reached = status["stages"].as_array().and_then(|stages| stages.last());
    let since = reached.map(|reached| cell(reached, "at")).unwrap_or_default();
    let until = status["until"].as_str().map(|until| format!(", until {until}"));
    let state = format!("{} since {since}{}", cell(status, "state"), until.unwrap_or_default());
    let told = |name: &str| status[name].is_object().then(|| sample(&status[name]));
    let lines = [
        line("plugin", cell(status, "plugin")),
        line("state", state),
        status["reason"].as_str().and_then(|_| line("reason", why(status))),
        line("from", cell(status, "from")),
        line("to", cell(status, "to")),
        status["source"].as_str().and_then(|source| line("source", source.to_owned())),
        told("old").and_then(|old| line("old", old)),
        told("new").and_then(|new| line("new", new)),
        shadow(&status["shadow"]).and_then(|shadow| line("shadow", shadow)),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// Why a swap that has ended did not bring the new version; none where it did.
pub(super) fn ending(status: &Value) -> Option<String> {
    let state = cell(status, "state");
    (state != "promoted")
        .then(|| format!("{state}: {}; {} serves", why(status), cell(status, "from")))
}

fn why(status: &Value) -> String {
    let reason = status["reason"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
    format!("{}: {reason}", cell(status, "failed_at"))
}

fn sample(sample: &Value) -> String {
    let (messages, failed) = (number(sample, "messages"), number(sample, "failed"));
    format!(
        "{}, {} failed, {} each",
        counted(messages, "message"),
        count(failed),
        micros(sample, "us_per_message")
    )
}

fn micros(of: &Value, name: &str) -> String {
    format!("{:.1} µs", of[name].as_f64().unwrap_or_default())
}

/// What came of the comparison, the differences on lines of their own.
fn shadow(shadow: &Value) -> Option<String> {
    if !shadow.is_object() {
        return None;
    }
    if let Some(why) = shadow["not_comparable"].as_str() {
        return Some(format!("not comparable: {why}"));
    }
    let mut lines = vec![format!(
        "{} compared: {} agreed, {} differed; {} before, {} now",
        counted(number(shadow, "compared"), "message"),
        count(number(shadow, "agreed")),
        count(number(shadow, "differed")),
        micros(shadow, "old_us_per_message"),
        micros(shadow, "new_us_per_message"),
    )];
    for one in shadow["differences"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  {} {} in `{}`",
            cell(one, "id"),
            cell(one, "key"),
            cell(one, "subscription")
        ));
        lines.push(format!("    before {}", one["old"]));
        lines.push(format!("    now    {}", one["new"]));
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ending, page, stage};

    #[test]
    fn a_refused_swap_says_why_and_who_serves() {
        let status = json!({
            "plugin": "p", "state": "refused", "from": "sha256:a", "to": null,
            "reason": "it traps\nbacktrace", "failed_at": "configure",
            "stages": [{ "state": "received", "at": "t1" }, { "state": "refused", "at": "t2" }],
        });
        assert_eq!(stage(&status, &status["stages"][1]), "t2  refused: configure: it traps");
        let ending = ending(&status).unwrap();
        assert_eq!(ending, "refused: configure: it traps; sha256:a serves");
        assert!(page(&status).contains("state     refused since t2\n"), "{}", page(&status));
    }
}
