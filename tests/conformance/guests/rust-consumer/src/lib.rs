//! Does what a message's header `do` says, one message a call and without an SDK: what plain
//! bindings give.

use std::cell::OnceCell;
use std::sync::Once;

use serde::Deserialize;
use serde_json::Value;

wit_bindgen::generate!({ path: "../../../../sdk/wit", world: "configurable-consumer" });

use exports::millstream::plugin::lifecycle::Guest as Lifecycle;
use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};
use millstream::plugin::logging::{Field, Level, log};
use millstream::plugin::types::{Header, Retry};

struct Obedient;

export!(Obedient);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    refuse: String,
    text: String,
    number: f64,
    truth: bool,
    list: Vec<Value>,
    object: serde_json::Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        let (refuse, text) = (String::new(), "unset".to_owned());
        let (list, object) = (Vec::new(), serde_json::Map::new());
        Self { refuse, text, number: 0.0, truth: false, list, object }
    }
}

thread_local! {
    static SETTINGS: OnceCell<Settings> = const { OnceCell::new() };
}

impl Lifecycle for Obedient {
    fn configure(config: String) -> Result<(), String> {
        let settings: Settings = serde_json::from_str(&config).map_err(|error| error.to_string())?;
        if !settings.refuse.is_empty() {
            return Err(settings.refuse);
        }
        SETTINGS.with(|kept| kept.set(settings)).map_err(|_| "configured twice".to_owned())
    }
}

impl Guest for Obedient {
    fn handle(message: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        report_panics();
        let command = header(&message, "do").unwrap_or_default().to_owned();
        match command.as_str() {
            "nothing" => Ok(Vec::new()),
            "echo" => Ok(echo(message, |name| name != "do")),
            "forward" => Ok(echo(message, |_| true)),
            "describe" => Ok(text(describe(&message))),
            "id" => Ok(text(message.id)),
            "time" => Ok(text(message.publish_time_ms.to_string())),
            "emit" => Ok((0..number(&message, "n")).map(|i| output(i.to_string())).collect()),
            "route" => Ok(route(message)),
            "delay" => Ok(delay(message)),
            "key" => Ok(key(message)),
            "headers" => Ok(headers(number(&message, "n"))),
            "log" => Ok(record(&message)),
            "config" => Ok(text(setting(header(&message, "name").unwrap_or_default()))),
            "retry before" if message.attempt >= number(&message, "n") => {
                Ok(text(message.attempt.to_string()))
            }
            // At once.
            "retry before" => retry(&message, Some(1)),
            "retry" => retry(&message, header(&message, "ms").map(|_| number(&message, "ms").max(1))),
            // A failure has no room for outputs.
            "emit then retry" => retry(&message, None),
            "reject" | "emit then reject" => Err(Failure::Reject(why(&message))),
            "trap" => panic!("{}", why(&message)),
            other => Err(Failure::Reject(format!("unknown: {other}"))),
        }
    }
}

/// Without an SDK a panic says nothing by itself.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string(), &[])));
    });
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
}

fn number(message: &Message, name: &str) -> u32 {
    header(message, name).and_then(|text| text.parse().ok()).expect("the scenario has a number")
}

/// The header `why`, or the payload where there is none.
fn why(message: &Message) -> String {
    let payload = || String::from_utf8_lossy(&message.payload).into_owned();
    header(message, "why").map_or_else(payload, str::to_owned)
}

fn retry<T>(message: &Message, delay_ms: Option<u32>) -> Result<T, Failure> {
    Err(Failure::Retry(Retry { reason: why(message), delay_ms }))
}

fn output(payload: impl Into<Vec<u8>>) -> OutgoingMessage {
    let payload = payload.into();
    OutgoingMessage { topic: None, key: None, headers: Vec::new(), payload, delay_ms: None }
}

fn text(payload: String) -> Vec<OutgoingMessage> {
    vec![output(payload)]
}

fn echo(message: Message, kept: impl Fn(&str) -> bool) -> Vec<OutgoingMessage> {
    let headers = message.headers.into_iter().filter(|header| kept(&header.name)).collect();
    vec![OutgoingMessage { key: message.key, headers, ..output(message.payload) }]
}

fn route(message: Message) -> Vec<OutgoingMessage> {
    let topic = header(&message, "to").map(str::to_owned);
    vec![OutgoingMessage { topic, ..output(message.payload) }]
}

fn delay(message: Message) -> Vec<OutgoingMessage> {
    let delay_ms = Some(number(&message, "ms"));
    vec![OutgoingMessage { delay_ms, ..output(message.payload) }]
}

fn key(message: Message) -> Vec<OutgoingMessage> {
    let key = header(&message, "key").map(str::to_owned);
    vec![OutgoingMessage { key, ..output(message.payload) }]
}

fn headers(n: u32) -> Vec<OutgoingMessage> {
    let header = |i: u32| Header { name: format!("h-{i}"), value: i.to_string() };
    vec![OutgoingMessage { headers: (0..n).map(header).collect(), ..output("") }]
}

fn describe(message: &Message) -> String {
    let Message { topic, attempt, payload, headers, .. } = message;
    let hex = |text: &String| text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let key = message.key.as_ref().map_or_else(|| "none".to_owned(), hex);
    let (bytes, xor) = (payload.len(), payload.iter().fold(0, |xor, byte| xor ^ byte));
    let headers = headers.len();
    format!("key={key} headers={headers} topic={topic} attempt={attempt} bytes={bytes} xor={xor:02x}")
}

fn record(message: &Message) -> Vec<OutgoingMessage> {
    let level = match header(message, "level") {
        Some("trace") => Level::Trace,
        Some("debug") => Level::Debug,
        Some("info") => Level::Info,
        Some("warn") => Level::Warn,
        _ => Level::Error,
    };
    let color = Field { name: "color".to_owned(), value: "blue".to_owned() };
    log(level, &String::from_utf8_lossy(&message.payload), &[color]);
    Vec::new()
}

fn setting(name: &str) -> String {
    SETTINGS.with(|settings| {
        let settings = settings.get().expect("it is configured first");
        match name {
            "text" => settings.text.clone(),
            "number" => settings.number.to_string(),
            "truth" => settings.truth.to_string(),
            "list" => serde_json::to_string(&settings.list).expect("values are JSON"),
            _ => serde_json::to_string(&settings.object).expect("values are JSON"),
        }
    })
}
