//! What no case can show: all guests in one running host, one subscription each.

use std::collections::BTreeMap;

use millstream_tests::{Api, Host, Input, Project, Summary, figure};
use serde_json::{Value, json};

use crate::Results;
use crate::guest::Guest;
use crate::seen::Seen;

pub(crate) const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

/// Name and claim of each scenario.
pub(crate) const CLAIMS: [(&str, &str); 9] = [
    ("host-log", "A record of each level reaches the log, with the message's id and its field."),
    ("host-id", "The guest learns the id that the host knows its message by."),
    ("host-time", "The guest learns when its message was published."),
    ("host-attempts", "Attempts are counted over real retries."),
    ("host-order", "Messages of one key leave in their order, though the first is retried."),
    ("host-exhausted", "A message that is retried in vain becomes a dead letter with its reason."),
    ("host-reject", "A rejected message becomes a dead letter with its reason."),
    ("host-trap", "The dead letter of a trap holds the language's own message, file and line."),
    ("host-route", "An output to a topic that is no route of the subscription fails its message."),
];

/// What each guest failed at.
pub(crate) fn run<'a>(guests: &[&'a Guest]) -> BTreeMap<&'a str, Results> {
    let project = Project::kept_on_failure();
    let pipeline = project.write("conformance.yaml", pipeline(guests));
    let log = [("MILLSTREAM_LOG", "warn,plugin=trace")];
    let host = Host::start_with_env(&pipeline, Input::None, &[], &log);
    let ids = publish(&host.api());
    let letters: Vec<Vec<Value>> = guests.iter().map(|guest| settled(&host.api(), guest)).collect();
    host.signal("TERM");
    let output = host.finish().success();
    Summary::of(&output).adds_up();
    let pairs = guests.iter().zip(letters);
    pairs
        .map(|(guest, letters)| {
            let texts = project.lines(&format!("{}.txt", guest.name));
            let texts = texts.into_iter().map(|line| String::from_utf8_lossy(&line).into_owned());
            let (log, texts) = (output.stderr.as_str(), texts.collect());
            let seen = Seen { guest, ids: &ids, log, texts, letters };
            (guest.name, seen.results())
        })
        .collect()
}

fn pipeline(guests: &[&Guest]) -> String {
    let mut text = "pipeline: conformance
topics:
  given: { kind: event }
  elsewhere: { kind: command }
  dead: { kind: dead_letter }
"
    .to_owned();
    let each = |text: &mut String, part: &dyn Fn(&str) -> String| {
        guests.iter().for_each(|guest| text.push_str(&part(guest.name)));
    };
    each(&mut text, &|name| format!("  from-{name}: {{ kind: command }}\n"));
    text.push_str("plugins:\n");
    for guest in guests {
        let folder = guest.folder();
        text.push_str(&format!(
            "  {}: {{ source: {}, limits: {{ timeout: 10s, batch_timeout: 20s, compile_timeout: 10m }} }}\n",
            guest.name,
            folder.display()
        ));
    }
    text.push_str("subscriptions:\n");
    each(&mut text, &|name| {
        format!(
            "  {name}:
    topic: given
    plugin: {name}
    output: from-{name}
    ordering: key
    retry: {{ max_attempts: 3, backoff: {{ initial: 10ms, factor: 1, max: 10ms, jitter: 0 }} }}
    dead_letter: dead
  write-{name}: {{ topic: from-{name}, sink: {{ file: {{ path: {name}.txt }} }}, dead_letter: dead }}
"
        )
    });
    text
}

/// The texts that each guest publishes beside an id and a time.
pub(crate) const TEXTS: [&str; 5] = ["3", "2", "second", "third", "fourth"];
/// The payloads of the messages that become dead letters.
const DEAD: [&str; 4] = ["exhausted", "rejected", "trapped", "astray"];

/// The ids of what is published: a log record of each level, then the question for the own id.
#[track_caller]
fn publish(api: &Api) -> Vec<String> {
    let mut lines = String::new();
    let mut add = |key: Option<&str>, payload: &str, headers: &[(&str, &str)]| {
        let line = json!({ "key": key, "payload": payload, "headers": headers });
        lines.push_str(&format!("{line}\n"));
    };
    for level in LEVELS {
        let name = level.to_ascii_lowercase();
        add(None, &format!("a record at {name}"), &[("do", "log"), ("level", &name)]);
    }
    add(None, "", &[("do", "id")]);
    add(None, "", &[("do", "time")]);
    add(None, "", &[("do", "retry before"), ("n", "3"), ("why", "not yet")]);
    add(Some("k"), "", &[("do", "retry before"), ("n", "2"), ("why", "not yet")]);
    for payload in ["second", "third", "fourth"] {
        add(Some("k"), payload, &[("do", "echo")]);
    }
    add(None, "exhausted", &[("do", "retry"), ("why", "never 馬"), ("ms", "1")]);
    add(None, "rejected", &[("do", "reject"), ("why", "void 馬")]);
    add(None, "trapped", &[("do", "trap"), ("why", "the sky fell 馬")]);
    add(None, "astray", &[("do", "route"), ("to", "elsewhere")]);
    let media_type = "application/vnd.millstream.messages+ndjson";
    let (status, answer) = api.publish("given", media_type, lines);
    assert_eq!(status, 202, "{answer:#}");
    let ids = answer["ids"].as_array().expect("the answer has ids");
    ids.iter().map(|id| id.as_str().expect("an id is text").to_owned()).collect()
}

/// The dead letters of `guest`, once all that it publishes is written.
#[track_caller]
fn settled(api: &Api, guest: &Guest) -> Vec<Value> {
    let written = TEXTS.len() as u64 + 2;
    let sink = format!("write-{}", guest.name);
    let _ = api.subscription_until(&sink, |figures| figure(figures, "handled") == written);
    api.dead_letters(guest.name, DEAD.len())
}
