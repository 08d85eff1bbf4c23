//! `publish TOPIC`: messages to the running host.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::arguments::Publish;
use crate::failure::Failure;
use crate::print::{self, Format, counted};
use crate::remote::Remote;

/// Largest body of one request. A longer ndjson input goes as several, each accepted as a whole.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Most messages of one request.
const REQUEST_LINES_MAX: usize = 5_000;

/// Largest file that is sent as one message, and longest line: no topic would take more.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;

pub(super) fn execute(args: &Publish, host: &Remote, format: Format) -> Result<(), Failure> {
    let headers = headers(args).map_err(Failure::Wrong)?;
    let target = Target { host, topic: &args.topic, headers, dedup_id: args.dedup_id.as_deref() };
    let published = match &args.body {
        body if body.data.is_some() => {
            target.one(body.data.clone().unwrap_or_default().into_bytes())?
        }
        body => match (&body.file, &body.ndjson) {
            (Some(file), _) => target.one(read_file(file)?)?,
            (_, Some(lines)) => target.lines(open(lines)?)?,
            _ => return Err(Failure::wrong("one of --data, --file, --ndjson is needed")),
        },
    };
    published.show(&args.topic, format)
}

/// Where messages go, and what all of them carry.
struct Target<'a> {
    host: &'a Remote,
    topic: &'a str,
    headers: HeaderMap,
    dedup_id: Option<&'a str>,
}

impl Target<'_> {
    fn one(&self, body: Vec<u8>) -> Result<Published, Failure> {
        let mut published = Published::default();
        published.add(&self.send(body, "application/octet-stream", 1)?);
        Ok(published)
    }

    /// Sends request by request, so that input of any length needs little memory.
    fn lines(&self, mut input: Box<dyn BufRead>) -> Result<Published, Failure> {
        let (mut published, mut line) = (Published::default(), 1);
        loop {
            let (body, lines) = next_request(&mut *input).context("could not read the messages")?;
            if body.is_empty() {
                return Ok(published);
            }
            let sent = self.send(body, "application/x-ndjson", line);
            published.add(&sent.map_err(|failure| published.but(failure, line, lines))?);
            line += lines;
        }
    }

    /// One request, whose first message is that of line `line`.
    fn send(&self, body: Vec<u8>, content_type: &str, line: usize) -> Result<Value, Failure> {
        let request = self.host.post(&["v1", "topics", self.topic, "messages"])?;
        let mut headers = self.headers.clone();
        if let Some(id) = self.dedup_id {
            let id = header_value("--dedup-id", &dedup_id(id, line)).map_err(Failure::Wrong)?;
            headers.insert("millstream-dedup-id", id);
        }
        self.host.send(request.headers(headers).header(CONTENT_TYPE, content_type).body(body))
    }
}

/// What was accepted so far.
#[derive(Default)]
struct Published {
    ids: Vec<Value>,
    duplicates: u64,
    durability: Value,
}

impl Published {
    fn add(&mut self, answer: &Value) {
        self.ids.extend(answer["ids"].as_array().into_iter().flatten().cloned());
        self.duplicates += answer["duplicates"].as_u64().unwrap_or_default();
        self.durability = answer["durability"].clone();
    }

    fn show(&self, topic: &str, format: Format) -> Result<(), Failure> {
        if format == Format::Json {
            return print::json(
                &json!({ "ids": self.ids, "duplicates": self.duplicates, "durability": self.durability }),
            );
        }
        let new = (self.ids.len() as u64).saturating_sub(self.duplicates);
        let messages = counted(new, "message");
        let held = self
            .durability
            .as_str()
            .map(|level| format!(" (held in: {level})"))
            .unwrap_or_default();
        let repeats = match self.duplicates {
            0 => String::new(),
            repeats => format!("; {} already there", print::count(repeats)),
        };
        print::text(&format!("published {messages} to `{topic}`{held}{repeats}"))?;
        if let [Value::String(id)] = self.ids.as_slice() {
            print::text(id)?;
        }
        Ok(())
    }

    /// Says of a failure how much was accepted before: the host counts the lines of one request.
    fn but(&self, failure: Failure, line: usize, lines: usize) -> Failure {
        if line == 1 {
            return failure;
        }
        let before = counted(self.ids.len() as u64, "message");
        let text = format!(
            "{before} accepted, then lines {line} to {} refused as a whole",
            line + lines - 1
        );
        match failure {
            Failure::Failed(error) => Failure::Failed(error.context(text)),
            Failure::Unreachable(error) => Failure::Unreachable(error.context(text)),
            other => other,
        }
    }
}

/// As many whole lines as one request takes; none at the end. Also says how many.
fn next_request(input: &mut dyn BufRead) -> anyhow::Result<(Vec<u8>, usize)> {
    let (mut body, mut lines) = (Vec::new(), 0);
    while body.len() < REQUEST_BYTES_MAX && lines < REQUEST_LINES_MAX {
        let before = body.len();
        let read = Read::take(&mut *input, MESSAGE_BYTES_MAX).read_until(b'\n', &mut body)?;
        if read == 0 {
            break;
        }
        if (body.len() - before) as u64 == MESSAGE_BYTES_MAX && !body.ends_with(b"\n") {
            bail!("a line is longer than {} MiB", MESSAGE_BYTES_MAX >> 20);
        }
        lines += 1;
    }
    Ok((body, lines))
}

fn headers(args: &Publish) -> anyhow::Result<HeaderMap> {
    let named = [
        ("millstream-key", &args.key),
        ("millstream-key-from", &args.key_from),
        ("millstream-dedup-from", &args.dedup_from),
        ("millstream-delay", &args.delay),
        ("millstream-expires-in", &args.expires_in),
    ];
    let own = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?.clone())));
    let more = args
        .headers
        .iter()
        .map(|(name, value)| (format!("millstream-header-{name}"), value.clone()));
    let mut headers = HeaderMap::new();
    for (name, value) in own.chain(more) {
        let wrong = || anyhow!("{name}: this name cannot be sent in an HTTP header");
        let name_sent = HeaderName::try_from(&name).map_err(|_| wrong())?;
        headers.append(name_sent, header_value(&name, &value)?);
    }
    Ok(headers)
}

fn header_value(name: &str, value: &str) -> anyhow::Result<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| anyhow!("{name}: {value:?}: this value cannot be sent in an HTTP header"))
}

/// The dedup id of a request. The host numbers the messages of each request from 0: the later ones
/// of a long input need ids of their own.
fn dedup_id(id: &str, line: usize) -> String {
    if line == 1 { id.to_owned() } else { format!("{id}+{line}") }
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    open_file(path)?
        .take(MESSAGE_BYTES_MAX + 1)
        .read_to_end(&mut body)
        .with_context(|| format!("could not read {}", path.display()))?;
    if body.len() as u64 > MESSAGE_BYTES_MAX {
        bail!(
            "{} is larger than {} MiB: no topic takes it as one message",
            path.display(),
            MESSAGE_BYTES_MAX >> 20
        );
    }
    Ok(body)
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(open_file(path)?)))
}

fn open_file(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("could not open {}", path.display()))
}
