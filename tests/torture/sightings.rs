//! What is seen from outside: files, the hook's calls, listings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use millstream_tests::Api;
use serde_json::{Value, json};

/// Dead letters on a page.
const PAGE: usize = 1_000;

/// Numbers of the letters about one invoice, and of the notes that set them off, lie side by side.
pub(crate) const PER_INVOICE: u64 = 4;

/// One delivery, or one message of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// In which life of the host it was seen; 0 in listings.
    pub(crate) life: u64,
    pub(crate) id: String,
    pub(crate) key: String,
    /// What its payload says it is.
    pub(crate) number: u64,
}

impl Sight {
    fn of(life: u64, message: &Value) -> Self {
        let text = |name| message[name].as_str().unwrap_or_default().to_owned();
        Self { life, id: text("id"), key: text("key"), number: number(message) }
    }
}

/// A file that a sink appends messages to, in one life after another.
pub(crate) struct Trail {
    path: PathBuf,
    /// Bytes that were looked at.
    read: u64,
    /// Lives that have ended since, and how long the file was then.
    ends: Vec<(u64, u64)>,
}

impl Trail {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, read: 0, ends: Vec::new() }
    }

    /// The host of `life` is dead.
    pub(crate) fn ended(&mut self, life: u64) {
        let len = self.path.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        self.ends.push((life, len));
    }

    /// What was added since the last time; the host of the last life may still be there, at rest.
    /// A line may be torn where a host died, and there only.
    pub(crate) fn take(&mut self, last_life: u64) -> Vec<Sight> {
        let content = std::fs::read(&self.path).unwrap_or_default();
        let ends = std::mem::take(&mut self.ends);
        let (mut sights, mut at) = (Vec::new(), self.read);
        for line in content[self.read as usize..].split_inclusive(|&byte| byte == b'\n') {
            let place = ends.partition_point(|&(_, len)| len <= at);
            let (life, end) = ends.get(place).copied().unwrap_or((last_life, u64::MAX));
            at += line.len() as u64;
            match serde_json::from_slice(line) {
                Ok(message) => sights.push(Sight::of(life, &message)),
                Err(error) => {
                    let line = String::from_utf8_lossy(line);
                    let path = self.path.display();
                    assert!(
                        end <= at,
                        "{path} up to {at}: {error}, and no host died there: {line}"
                    );
                }
            }
        }
        self.read = content.len() as u64;
        sights
    }
}

/// Every message that the topic keeps, in order.
pub(crate) fn listing(api: &Api, topic: &str) -> Vec<Sight> {
    let count = &api.get(&format!("/v1/topics/{topic}")).1["depth"];
    if *count == 0 {
        return Vec::new();
    }
    let path = format!("/v1/topics/{topic}/tap?from=earliest&count={count}");
    let (status, events) = api.get(&path);
    let events = events.as_str().unwrap_or_else(|| panic!("{status}: {events}"));
    let data = events.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| Sight::of(0, &serde_json::from_str(data).expect("a message"))).collect()
}

/// The reasons of a subscription's dead letters, by the numbers of their messages.
pub(crate) fn dead_letters(api: &Api, subscription: &str) -> BTreeMap<u64, Vec<String>> {
    let mut letters = BTreeMap::<u64, Vec<String>>::new();
    let mut after = "0".to_owned();
    loop {
        let path =
            format!("/v1/subscriptions/{subscription}/dead-letters?limit={PAGE}&after={after}");
        let (status, page) = api.get(&path);
        for letter in page["items"].as_array().unwrap_or_else(|| panic!("{status}: {page}")) {
            let reason = letter["dead_letter"]["reason"].as_str().unwrap_or_default();
            letters.entry(number(letter)).or_default().push(reason.to_owned());
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return letters,
        }
    }
}

/// Deletes them.
pub(crate) fn purge_dead_letters(api: &Api, subscription: &str) {
    let path = format!("/v1/subscriptions/{subscription}/purge");
    loop {
        let (status, answer) = api.tell(&path, &json!({ "all": true }));
        assert_eq!(status, 200, "{answer:#}");
        if answer["complete"] != false {
            return;
        }
    }
}

/// What a payload says it is: an entry, a line, an invoice, or a letter or note about one.
fn number(message: &Value) -> u64 {
    let text = message["payload"].as_str().unwrap_or_default();
    let payload: Value = serde_json::from_str(text).unwrap_or_default();
    let plain = payload["entry"].as_u64().or(payload["line"].as_u64());
    let invoice = || {
        let invoice: u64 = payload["invoice"].as_str()?.parse().ok()?;
        Some(invoice * PER_INVOICE + payload["reminder"].as_u64().unwrap_or(0))
    };
    plain.or_else(invoice).unwrap_or_else(|| panic!("whose message is this? {message:#}"))
}
