//! Does what a message's header `do` says: the guest of `tests/conformance` in Rust.
#![forbid(unsafe_code)]

use std::time::Duration;

use millstream_sdk::{Failure, Message, Outputs, handler, log};
use serde::Deserialize;
use serde_json::Value;

handler!(obey, configure = check);

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

fn check(settings: Settings) -> Result<Settings, String> {
    match settings.refuse.is_empty() {
        true => Ok(settings),
        false => Err(settings.refuse),
    }
}

fn obey(settings: &Settings, message: Message<'_>, out: &mut Outputs<'_>) -> Result<(), Failure> {
    let header = |name| message.header(name).unwrap_or_default();
    let number = |name| header(name).parse::<u32>().map_err(|_| Failure::reject("not a number"));
    let millis = |name| number(name).map(|ms| Duration::from_millis(ms.into()));
    match header("do") {
        "nothing" => {}
        "echo" => echo(message, out),
        "forward" => drop(out.forward(message)),
        "describe" => drop(out.push(describe(message))),
        "id" => drop(out.push(message.id())),
        "time" => drop(out.push(message.publish_time_ms().to_string())),
        "emit" => (0..number("n")?).for_each(|i| drop(out.push(i.to_string()))),
        "route" => drop(out.push(message.payload()).to(header("to"))),
        "delay" => drop(out.push(message.payload()).delay(millis("ms")?)),
        "key" => drop(out.push(message.payload()).key(header("key"))),
        "headers" => headers(number("n")?, out),
        "log" => record(header("level"), message.text()?),
        "config" => drop(out.push(setting(settings, header("name")))),
        "emit then reject" => return emit_then(Failure::reject(why(message)), out),
        "emit then retry" => return emit_then(Failure::retry(why(message)), out),
        "reject" => return Err(Failure::reject(why(message))),
        "retry" if message.header("ms").is_some() => {
            return Err(Failure::retry(why(message)).after(millis("ms")?));
        }
        "retry" => return Err(Failure::retry(why(message))),
        "retry before" if message.attempt() < number("n")? => {
            return Err(Failure::retry(why(message)).after(Duration::ZERO));
        }
        "retry before" => drop(out.push(message.attempt().to_string())),
        "trap" => panic!("{}", why(message)),
        other => return Err(Failure::reject(format!("unknown: {other}"))),
    }
    Ok(())
}

/// The header `why`, or the payload where there is none.
fn why(message: Message<'_>) -> String {
    let payload = || String::from_utf8_lossy(message.payload()).into_owned();
    message.header("why").map_or_else(payload, str::to_owned)
}

fn echo(message: Message<'_>, out: &mut Outputs<'_>) {
    let mut output = out.push(message.payload());
    if let Some(key) = message.key() {
        output = output.key(key);
    }
    for (name, value) in message.headers().filter(|(name, _)| *name != "do") {
        output = output.header(name, value);
    }
}

fn describe(message: Message<'_>) -> String {
    let xor = message.payload().iter().fold(0, |xor, byte| xor ^ byte);
    let key = message.key().map(hex).unwrap_or_else(|| "none".to_owned());
    let (headers, topic) = (message.headers().len(), message.topic());
    let (attempt, bytes) = (message.attempt(), message.payload().len());
    format!("key={key} headers={headers} topic={topic} attempt={attempt} bytes={bytes} xor={xor:02x}")
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn headers(n: u32, out: &mut Outputs<'_>) {
    let output = out.push("");
    let _ = (0..n).fold(output, |output, i| output.header(format!("h-{i}"), i.to_string()));
}

fn emit_then(failure: Failure, out: &mut Outputs<'_>) -> Result<(), Failure> {
    out.push("dropped").key("dropped").header("dropped", "yes");
    Err(failure)
}

fn record(level: &str, text: &str) {
    match level {
        "trace" => log::trace!("{text}", color = "blue"),
        "debug" => log::debug!("{text}", color = "blue"),
        "info" => log::info!("{text}", color = "blue"),
        "warn" => log::warn!("{text}", color = "blue"),
        _ => log::error!("{text}", color = "blue"),
    }
}

fn setting(settings: &Settings, name: &str) -> String {
    match name {
        "text" => settings.text.clone(),
        "number" => settings.number.to_string(),
        "truth" => settings.truth.to_string(),
        "list" => serde_json::to_string(&settings.list).expect("values are JSON"),
        _ => serde_json::to_string(&settings.object).expect("values are JSON"),
    }
}
