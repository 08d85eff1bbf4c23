//! One running host with all guests, and what is seen of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use millstream_tests::{
    Api, Call, Hook, Host, Input, Project, Summary, figure, millstream_unhurried,
};
use serde_json::{Value, json};

use crate::guest::{built, folder};

/// What a granted server answers.
pub(crate) const RATE: &str = "0.92";
/// A body of many pieces.
pub(crate) const LARGE: usize = 300_000;
/// One byte more than is taken unless a request says otherwise.
pub(crate) const TOO_LARGE: usize = (1 << 20) + 1;

/// What is seen of one guest.
pub(crate) struct Seen {
    pub(crate) guest: &'static str,
    /// The requests that came to the granted server from it.
    pub(crate) calls: Vec<Call>,
    /// What it published: payload and headers.
    pub(crate) outputs: Vec<Value>,
    /// By the name of the message, why it is a dead letter.
    pub(crate) errors: BTreeMap<String, String>,
    /// Requests to the server that is not granted, by whomever.
    pub(crate) strayed: usize,
}

impl Seen {
    /// The output that has this header.
    #[track_caller]
    pub(crate) fn output(&self, name: &str, value: &str) -> &Value {
        let has = |output: &&Value| headers(output).contains(&(name.to_owned(), value.to_owned()));
        let found = self.outputs.iter().find(has);
        found.unwrap_or_else(|| panic!("{}: no {name}: {value} in {:#?}", self.guest, self.outputs))
    }

    #[track_caller]
    pub(crate) fn error(&self, message: &str) -> &str {
        let found = self.errors.get(message);
        found.unwrap_or_else(|| panic!("{}: no {message} in {:#?}", self.guest, self.errors))
    }
}

fn headers(output: &Value) -> Vec<(String, String)> {
    serde_json::from_value(output["headers"].clone()).unwrap_or_default()
}

/// All guests that can be built here, once a test process.
pub(crate) fn seen() -> &'static [Seen] {
    static SEEN: OnceLock<Vec<Seen>> = OnceLock::new();
    SEEN.get_or_init(look)
}

struct Servers {
    rates: Hook,
    large: Hook,
    /// Answers, but no pipeline grants it.
    strange: Hook,
    /// Granted, but nobody is there.
    gone: String,
}

impl Servers {
    fn start() -> Self {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let gone = format!("http://{}", nobody.local_addr().expect("it has an address"));
        Self {
            rates: Hook::saying(RATE, |call| if call.path.contains("missing") { 404 } else { 200 }),
            large: Hook::saying("x".repeat(TOO_LARGE).leak(), |_| 200),
            strange: Hook::answering(|_| 200),
            gone,
        }
    }
}

fn look() -> Vec<Seen> {
    let guests = built();
    let servers = Servers::start();
    let project = Project::kept_on_failure();
    let pipeline = project.write("granted.yaml", pipeline(&guests, &servers));
    // Compiles them, at their own pace.
    let _ = millstream_unhurried(["check".as_ref(), pipeline.as_os_str()]).success();
    let host = Host::start(&pipeline, Input::None, &[]);
    for guest in &guests {
        publish(&host.api(), guest, &servers);
    }
    let errors: Vec<_> = guests.iter().map(|guest| settled(&host.api(), guest)).collect();
    Summary::of(&finished(host)).adds_up();
    let (calls, strayed) = (servers.rates.more_calls(), servers.strange.more_calls().len());
    let seen = guests.into_iter().zip(errors).map(|(guest, errors)| {
        let from = format!("/{guest}/");
        let calls = calls.iter().filter(|call| call.path.starts_with(&from)).cloned().collect();
        let lines = project.lines(&format!("{guest}.ndjson"));
        let outputs = lines.iter().map(|line| serde_json::from_slice(line).expect("it is JSON"));
        Seen { guest, calls, outputs: outputs.collect(), errors, strayed }
    });
    seen.collect()
}

fn finished(host: Host) -> millstream_tests::Output {
    host.signal("TERM");
    host.finish().success()
}

fn pipeline(guests: &[&str], servers: &Servers) -> String {
    let granted = [servers.rates.origin(), servers.large.origin(), &servers.gone];
    let mut topics = "pipeline: granted\ntopics:\n  dead: { kind: dead_letter }\n".to_owned();
    let mut plugins = "plugins:\n".to_owned();
    let mut subscriptions = "subscriptions:\n".to_owned();
    for guest in guests {
        topics +=
            &format!("  to-{guest}: {{ kind: command }}\n  of-{guest}: {{ kind: command }}\n");
        plugins += &format!(
            "  {guest}:
    source: {}
    grants: {{ http: {}, keyvalue: true }}
    limits: {{ timeout: 10s, batch_timeout: 20s, compile_timeout: 10m }}
",
            folder(guest).display(),
            json!(granted),
        );
        subscriptions += &format!(
            "  {guest}: {{ topic: to-{guest}, plugin: {guest}, output: of-{guest}, retry: {{ max_attempts: 1 }}, dead_letter: dead }}
  write-{guest}: {{ topic: of-{guest}, sink: {{ file: {{ path: {guest}.ndjson, form: message }} }}, dead_letter: dead }}
"
        );
    }
    topics + &plugins + &subscriptions
}

/// The messages that fail.
const FAILING: [&str; 7] =
    ["ungranted", "gone", "large answer", "no url", "bad method", "keep", "keep else reject"];
/// The messages that do not.
const HANDLED: u64 = 2;

#[track_caller]
fn publish(api: &Api, guest: &str, servers: &Servers) {
    let (rates, large) = (servers.rates.origin(), servers.large.origin());
    let body = "y".repeat(LARGE);
    let messages = [
        ("call", body.as_str(), format!("{rates}/{guest}/rates?of=USD")),
        ("ask", "missing", format!("{rates}/{guest}/missing")),
        ("ask", FAILING[0], format!("{}/{guest}", servers.strange.origin())),
        ("call", FAILING[1], format!("{}/{guest}?token=secret", servers.gone)),
        ("ask", FAILING[2], large.to_owned()),
        ("ask", FAILING[3], "rates.example.com".to_owned()),
        ("ask", FAILING[4], format!("{rates}/a b")),
        ("keep", FAILING[5], String::new()),
        ("keep else reject", FAILING[6], String::new()),
    ];
    let mut lines = String::new();
    for (command, payload, url) in messages {
        let headers = [("do", command), ("url", &url)];
        lines += &format!("{}\n", json!({ "payload": payload, "headers": headers }));
    }
    let media_type = "application/vnd.millstream.messages+ndjson";
    let (status, answer) = api.publish(&format!("to-{guest}"), media_type, lines);
    assert_eq!(status, 202, "{answer:#}");
}

/// Why which message failed, once all are done with.
#[track_caller]
fn settled(api: &Api, guest: &str) -> BTreeMap<String, String> {
    let letters = api.dead_letters(guest, FAILING.len());
    let sink = format!("write-{guest}");
    let _ = api.subscription_until(&sink, |figures| figure(figures, "handled") == HANDLED);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let why = |letter: &Value| (text(&letter["payload"]), text(&letter["dead_letter"]["error"]));
    letters.iter().map(why).collect()
}
